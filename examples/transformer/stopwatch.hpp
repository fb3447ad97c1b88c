// SPDX-License-Identifier: MIT
// Time, for --stats and for the benchmarks.
#pragma once

#include <chrono>

namespace bitnet::example {

/// Seconds since it was made.
class Stopwatch {
public:
    double seconds() const noexcept {
        return std::chrono::duration<double>(Clock::now() - start_).count();
    }

private:
    using Clock = std::chrono::steady_clock;
    Clock::time_point start_ = Clock::now();
};

} // namespace bitnet::example
