// SPDX-License-Identifier: MIT
// The version of the library. CMake and Conan read the three numbers from here.
#pragma once

#define BITNET_VERSION_MAJOR 0
#define BITNET_VERSION_MINOR 1
#define BITNET_VERSION_PATCH 0

// "0.1.0": both macros, so that the numbers are expanded before they become text.
#define BITNET_VERSION_TEXT(major, minor, patch) #major "." #minor "." #patch
#define BITNET_EXPAND_TEXT(major, minor, patch) BITNET_VERSION_TEXT(major, minor, patch)
#define BITNET_VERSION_STRING                                                                      \
    BITNET_EXPAND_TEXT(BITNET_VERSION_MAJOR, BITNET_VERSION_MINOR, BITNET_VERSION_PATCH)

// Every name of the library is in an inline namespace of its version, v0_1_0, so that two shared
// objects of one process that contain different versions share no symbol. Users write bitnet::.
#define BITNET_JOIN_VERSION(major, minor, patch) v##major##_##minor##_##patch
#define BITNET_EXPAND_VERSION(major, minor, patch) BITNET_JOIN_VERSION(major, minor, patch)
#define BITNET_NAMESPACE                                                                           \
    bitnet::inline BITNET_EXPAND_VERSION(BITNET_VERSION_MAJOR, BITNET_VERSION_MINOR,               \
                                         BITNET_VERSION_PATCH)
