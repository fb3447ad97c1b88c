// SPDX-License-Identifier: MIT
// What a plugin tells of the bitnet that it contains.
#pragma once

struct PluginReport {
    const char* version;  ///< of the headers
    const void* table;    ///< that isa::dynamic calls
    const void* function; ///< one of the functions in it
    bool right;           ///< whether its layer computes, and its table agrees with the scalar one
};

/// The one function that a plugin exports.
using PluginEntry = void(PluginReport&);
#define PLUGIN_ENTRY "bitnet_test_plugin"
