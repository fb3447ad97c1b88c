// SPDX-License-Identifier: MIT
// Samples of the time that a call takes.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

#include <benchmark/benchmark.h>

namespace bench {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

/// The value below which this share of the sorted values lies, between two of them in proportion;
/// 0.5 is the median.
inline double quantile(const std::vector<double>& sorted, double share) {
    const double at = share * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(at);
    const std::size_t above = std::min(below + 1, sorted.size() - 1);
    return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

/// Sorted times of a call, in seconds, from at least this many seconds and five samples. A sample
/// is as many calls as take 20 µs, beside which reading the clock counts nothing. Of more than 101
/// samples it gives the percentiles, so that long runs weigh no more than short ones.
template <class Body>
std::vector<double> sample_seconds(double at_least, Body&& body) {
    const auto sample = [&](std::size_t calls) {
        const auto start = Clock::now();
        for (std::size_t i = 0; i < calls; ++i) {
            body();
            benchmark::ClobberMemory();
        }
        return seconds_since(start);
    };
    std::size_t calls = 1;
    while (sample(calls) < 20e-6) calls *= 2;
    std::vector<double> seconds;
    const auto begin = Clock::now();
    while (seconds.size() < 5 || seconds_since(begin) < at_least) {
        seconds.push_back(sample(calls) / static_cast<double>(calls));
    }
    std::sort(seconds.begin(), seconds.end());
    if (seconds.size() <= 101) return seconds;
    std::vector<double> percentiles;
    for (int p = 0; p <= 100; ++p) percentiles.push_back(quantile(seconds, p / 100.0));
    return percentiles;
}

} // namespace bench
