// SPDX-License-Identifier: MIT
// Compiler and xsimd floors, and the few macros the library uses.
#pragma once

#include <cassert>

#include <xsimd/config/xsimd_config.hpp>

#include <bitnet/version.hpp>

#if defined(_MSVC_LANG) ? _MSVC_LANG < 202002L : __cplusplus < 202002L
#error "bitnet needs C++20: compile with -std=c++20 (or /std:c++20)"
#endif

// The x87 unit keeps more digits than a float or a double has, and so gives other results.
#if defined(__FLT_EVAL_METHOD__) && (__FLT_EVAL_METHOD__ == 1 || __FLT_EVAL_METHOD__ == 2)
#error "bitnet: floats must be rounded to their type: on 32-bit x86 use -msse2 -mfpmath=sse"
#endif

#if XSIMD_VERSION_MAJOR < 13 || (XSIMD_VERSION_MAJOR == 13 && XSIMD_VERSION_MINOR < 2)
#error "bitnet needs xsimd 13.2 or newer"
#endif

// Of older ones g++ calls small functions in the inner loops, and their symbols name no cluster.
#if (defined(__aarch64__) || defined(_M_ARM64)) && XSIMD_VERSION_MAJOR < 14
#error "bitnet needs xsimd 14 or newer on 64-bit ARM"
#endif

// Compilers with GNU's attributes, builtins and asm. clang-cl is one, and does not define __GNUC__.
#if defined(__GNUC__) || defined(__clang__)
#define BITNET_GNU 1
#elif defined(_MSC_VER)
#include <intrin.h>
#endif

// A shared object keeps its own copy of what these headers define and exports none of it: two
// plugins never call each other's, and each can be unloaded (g++ would make an exported inline
// variable one for the process and pin the object that has it). On functions and variables, not on
// types: a hidden type would hide a user's functions of it, and g++ warns of a user's class with
// it.
#if defined(__ELF__) || defined(__MACH__)
#define BITNET_HIDDEN __attribute__((visibility("hidden")))
#else
#define BITNET_HIDDEN
#endif

// Small functions are always inlined, so that no copy compiled with one translation unit's
// instructions can be linked into another (see docs/design.md, "One binary, many flags").
#if defined(BITNET_GNU)
#define BITNET_INLINE BITNET_HIDDEN inline __attribute__((always_inline))
#else
#define BITNET_INLINE __forceinline
#endif

// The same for a lambda: [&](std::size_t i) BITNET_INLINE_LAMBDA { ... }
#if defined(BITNET_GNU)
#define BITNET_INLINE_LAMBDA __attribute__((always_inline))
#else
#define BITNET_INLINE_LAMBDA [[msvc::forceinline]]
#endif

// A kernel is a function of its own, so that the compiler gives it all registers.
#if defined(BITNET_GNU)
#define BITNET_NOINLINE BITNET_HIDDEN __attribute__((noinline))
#else
#define BITNET_NOINLINE __declspec(noinline)
#endif

// Before a loop over registers: unrolls it whole, so that the array it indexes stays in registers.
// cl.exe has no such pragma.
#if defined(__clang__)
#define BITNET_UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define BITNET_UNROLL _Pragma("GCC unroll 16")
#else
#define BITNET_UNROLL
#endif

// Asks for the line at an address, an integer, since it may lie outside of any object: into all
// caches, or into L2 and what is beyond.
#if defined(BITNET_GNU)
#define BITNET_PREFETCH(address) __builtin_prefetch(reinterpret_cast<const void*>(address), 0, 3)
#define BITNET_PREFETCH_L2(address) __builtin_prefetch(reinterpret_cast<const void*>(address), 0, 2)
#elif defined(_M_ARM64)
#define BITNET_PREFETCH(address) __prefetch(reinterpret_cast<const void*>(address))
#define BITNET_PREFETCH_L2(address) __prefetch2(reinterpret_cast<const void*>(address), 2)
#else
#define BITNET_PREFETCH(address) _mm_prefetch(reinterpret_cast<const char*>(address), _MM_HINT_T0)
#define BITNET_PREFETCH_L2(address)                                                                \
    _mm_prefetch(reinterpret_cast<const char*>(address), _MM_HINT_T1)
#endif

// How operations on floats are kept apart, for round.hpp: by asm where compilers have it. cl.exe
// has none. By default, which is /fp:precise, it keeps to the order and the roundings of the
// source, from Visual Studio 2022 on. With other flags, or an older one, floats go through memory.
// Tests define this for compilers with asm.
#if !defined(BITNET_GNU) && !defined(BITNET_FLOATS_WITHOUT_ASM) &&                                 \
    (!(defined(_M_FP_PRECISE) || defined(_M_FP_STRICT)) || defined(_M_FP_CONTRACT) ||              \
     _MSC_VER < 1930)
#define BITNET_FLOATS_WITHOUT_ASM 1
#endif

// AVX-512 in registers of 512 bits, which -mno-evex512 takes away.
#if defined(__AVX512F__) && (defined(__EVEX512__) || !defined(__EVEX256__))
#define BITNET_512_BIT_REGISTERS 1
#endif

// WebAssembly's relaxed SIMD as it was adopted: clang before 16 has the flag and other
// instructions.
#if defined(__wasm_relaxed_simd__) && defined(__has_builtin)
#if __has_builtin(__builtin_wasm_relaxed_dot_i8x16_i7x16_add_s_i32x4)
#define BITNET_WASM_RELAXED_SIMD 1
#endif
#endif

// A broken precondition: checked in debug builds, undefined in release builds.
#ifndef BITNET_ASSERT
#define BITNET_ASSERT(condition) assert(condition)
#endif
