// SPDX-License-Identifier: MIT
// The clock of the core, so that figures of different machines compare per cycle.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "samples.hpp"

namespace bench {

/// 16 adds that each wait for the one before, a cycle each. Both operands are registers: cores
/// since Golden Cove do an add of a small constant without waiting. False: this compiler or CPU has
/// no such code here.
#if defined(__GNUC__) && defined(__x86_64__)
inline bool sixteen_adds(std::uint64_t& sum, std::uint64_t step) {
    asm volatile(".rept 16\n\tadd %1, %0\n\t.endr" : "+r"(sum) : "r"(step) : "cc");
    return true;
}
#elif defined(__GNUC__) && defined(__aarch64__)
inline bool sixteen_adds(std::uint64_t& sum, std::uint64_t step) {
    asm volatile(".rept 16\n\tadd %0, %0, %1\n\t.endr" : "+r"(sum) : "r"(step));
    return true;
}
#else
inline bool sixteen_adds(std::uint64_t&, std::uint64_t) {
    return false;
}
#endif

/// GHz of the core that calls, the most of 20 loops of 10 µs; 0 where it is not known. Short, since
/// a core that slows down for wide registers speeds up again within a millisecond.
inline double core_gigahertz() {
    constexpr std::size_t rounds = 2000;
    std::uint64_t sum = 0;
    double best = 0;
    for (int loop = 0; loop < 20; ++loop) {
        const auto start = Clock::now();
        for (std::size_t i = 0; i < rounds; ++i) {
            if (!sixteen_adds(sum, i | 1)) return 0;
        }
        best = std::max(best, 16e-9 * rounds / seconds_since(start));
    }
    return best;
}

} // namespace bench
