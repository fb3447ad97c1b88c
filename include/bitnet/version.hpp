// SPDX-License-Identifier: MIT
// The version of the library; CMake reads it from here.
#pragma once

#define BITNET_VERSION_MAJOR 0
#define BITNET_VERSION_MINOR 1
#define BITNET_VERSION_PATCH 0
#define BITNET_VERSION_STRING "0.1.0"
