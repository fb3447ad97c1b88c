// SPDX-License-Identifier: MIT
// The calls of Windows, without the macros min and max and without what no one here calls.
#pragma once

#define WIN32_LEAN_AND_MEAN
#if !defined(NOMINMAX) // which libstdc++ defines
#define NOMINMAX
#endif
#include <windows.h>
