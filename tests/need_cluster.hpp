// SPDX-License-Identifier: MIT
// For tests that ctest runs once per cluster (BITNET_ISA).
#pragma once

#include <bitnet/dispatch.hpp>

#include <catch2/catch_test_macros.hpp>

// A test of a cluster that this CPU lacks must not silently run another one.
inline void need_cluster() {
    if (const auto wanted = bitnet::dispatch::unusable_request(); !wanted.empty()) {
        SKIP("this CPU cannot run " << wanted);
    }
}
