// SPDX-License-Identifier: MIT
// Compiled, never run: the headers after everything that other people's headers define as macros.
// Each name here is a macro of Windows, X11, C, BSD, macOS, Objective-C, Qt, Arduino, glib or
// newlib; here it breaks what it is put into. Left out are macros that give a name another one
// (`#define error Rf_error`): they leave headers whole.
#include <bit>
#include <cmath>
#include <concepts>
#include <cstring>
#include <exception>
#include <limits>
#include <new>
#include <span>
#include <string_view>
#include <utility>

#include <xsimd/xsimd.hpp>

// windows.h, rpcndr.h, wingdi.h, winuser.h, winerror.h
#define min(a, b) @
#define max(a, b) @
#define small @
#define hyper @
#define near @
#define far @
#define pascal @
#define cdecl @
#define interface @
#define uuid @
#define IN @
#define OUT @
#define OPTIONAL @
#define CONST @
#define VOID @
#define THIS @
#define PURE @
#define DELETE @
#define ERROR @
#define NO_ERROR @
#define STRICT @
#define ABSOLUTE @
#define RELATIVE @
#define TRANSPARENT @
#define OPAQUE @
#define ALTERNATE @
#define DIFFERENCE @
#define IGNORE @
#define INFINITE @
#define CALLBACK @
#define WINAPI @
#define TEXT(s) @
#define GetObject @
#define GetMessage @
#define SearchPath @
#define Yield @

// X.h, Xlib.h, XI.h, Xutil.h
#define Bool @
#define Status @
#define True @
#define False @
#define None @
#define Success @
#define Always @
#define Never @
#define Absolute @
#define Relative @
#define Unsorted @
#define YSorted @
#define Complex @
#define Convex @
#define Nonconvex @
#define Above @
#define Below @
#define Opposite @
#define Button1 @
#define Expose @
#define KeyPress @
#define FocusIn @
#define CapRound @
#define LineSolid @
#define LSBFirst @
#define CurrentTime @
#define InputOnly @

// complex.h, math.h, sys/sysmacros.h, sys/param.h, endian.h, sys/dir.h, term.h; names of systems
#define I @
#define complex @
#define imaginary @
#define isnan(x) @
#define isinf(x) @
#define isfinite(x) @
#define signbit(x) @
#define fpclassify(x) @
#define major(x) @
#define minor(x) @
#define makedev(x, y) @
#define MIN(a, b) @
#define MAX(a, b) @
#define roundup(a, b) @
#define howmany(a, b) @
#define powerof2(x) @
#define PI @
#define direct @
#define lines @
#define columns @
#define tab @
#define bell @
#define index(s, c) @
#define unix @
#define linux @
#define i386 @
#define sun @
#define vax @
#define mips @
#define ppc @

// AssertMacros.h, Objective-C, glib, Qt
#define check(x) @
#define verify(x) @
#define require(x, label) @
#define nil @
#define Nil @
#define YES @
#define NO @
#define Yes @
#define No @
#define BOOL @
#define TRUE @
#define FALSE @
#define ABS(a) @
#define CLAMP(x, a, b) @
#define signals @
#define slots @
#define emit @
#define foreach(a, b) @
#define forever @

// Arduino.h, kernel and logging headers, newlib's ctype.h
#define F(s) @
#define abs(x) @
#define round(x) @
#define sq(x) @
#define bit(b) @
#define word(h, l) @
#define constrain(x, a, b) @
#define radians(x) @
#define degrees(x) @
#define bitRead(x, n) @
#define B0 @
#define B1 @
#define DEFAULT @
#define likely(x) @
#define unlikely(x) @
#define array_size(a) @
#define swap(a, b) @
#define cast(t, x) @
#define CHECK(x) @
#define LOG(x) @
#define TEST(a, b) @
#define DEBUG @
#define OK @
#define ERR @
#define FAIL @
#define EMPTY @
#define BLOCK @
#define BLOCK_SIZE @
#define PAGE_SIZE @
#define _U @
#define _L @
#define _N @
#define _S @
#define _P @
#define _C @
#define _X @
#define _B @

#include ALL_HEADERS
