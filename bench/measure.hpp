// SPDX-License-Identifier: MIT
// The limits measured beside a row, and the threads that run both.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include <benchmark/benchmark.h>

#include "../examples/transformer/thread_pool.hpp"
#include "limits.hpp"
#include "samples.hpp"

namespace bench {

using bitnet::example::ThreadPool;

/// A pool of one or two workers that lives as long as the program.
inline const ThreadPool& pool(std::size_t threads) {
    static const ThreadPool one(1), two(2);
    return threads == 1 ? one : two;
}

/// The most that several short runs reached, in units of `amount` a second.
template <class Body>
double best_rate(std::size_t runs, double amount, Body&& body) {
    double best = 0;
    for (std::size_t run = 0; run < runs; ++run) {
        const auto start = Clock::now();
        body();
        best = std::max(best, amount / seconds_since(start));
    }
    return best;
}

/// GOP/s of a loop of limits.hpp on all threads at once.
inline double measured_ops(const Loop& loop, std::size_t threads) {
    constexpr std::size_t rounds = 100'000; // below a millisecond
    const double ops = 1e-9 * static_cast<double>(rounds * threads) * loop.ops;
    return best_rate(20, ops, [&] {
        pool(threads).parallel_for(threads, [&](std::size_t) { loop.run(rounds); });
    });
}

/// GB/s of reads of these bytes, split over the threads: the better of the two ways to read.
inline double measured_read(const Limits& limits, std::span<const std::byte> bytes,
                            std::size_t threads) {
    const std::size_t part = bytes.size() / threads / 4096 * 4096;
    if (part == 0) return 0;
    const std::size_t passes = std::max<std::size_t>(1, (std::size_t{1} << 24) / bytes.size());
    const double gigabytes = 1e-9 * static_cast<double>(part * threads * passes);
    double best = 0;
    for (const auto read : {limits.read, limits.read_ahead}) {
        const auto everywhere = [&] {
            pool(threads).parallel_for(threads, [&](std::size_t task) {
                for (std::size_t p = 0; p < passes; ++p) {
                    benchmark::DoNotOptimize(read(bytes.data() + task * part, part));
                }
            });
        };
        const std::size_t runs = bytes.size() < (std::size_t{1} << 26) ? 10 : 2;
        best = std::max(best, best_rate(runs, gigabytes, everywhere));
    }
    return best;
}

} // namespace bench
