// SPDX-License-Identifier: MIT
// The limits measured beside a row, and the threads that run both.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

#include <benchmark/benchmark.h>

#include "../examples/transformer/thread_pool.hpp"
#include "arena.hpp"
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

/// GB/s of `passes` reads of these bytes, split over the threads.
inline double read_rate(Limits::Read read, std::span<const std::byte> bytes, std::size_t passes,
                        std::size_t threads, std::size_t runs) {
    const std::size_t part = bytes.size() / threads / 4096 * 4096;
    if (part == 0) return 0;
    return best_rate(runs, 1e-9 * static_cast<double>(part * threads * passes), [&] {
        pool(threads).parallel_for(threads, [&](std::size_t task) {
            for (std::size_t p = 0; p < passes; ++p) {
                benchmark::DoNotOptimize(read(bytes.data() + task * part, part));
            }
        });
    });
}

/// GB/s of reads of these bytes, which a cache may hold: the best of the ways to read.
inline double measured_hot_read(const Limits& limits, std::span<const std::byte> bytes,
                                std::size_t threads) {
    const std::size_t passes = std::max<std::size_t>(1, (std::size_t{1} << 24) / bytes.size());
    double best = 0;
    for (const auto read : limits.reads) {
        best = std::max(best, read_rate(read, bytes, passes, threads, 10));
    }
    return best;
}

/// GB/s of reads of memory in pages of these sizes: the best of the ways to read and of the sizes.
/// Each run reads the next quarter of the arena: it comes again when the others were read.
inline double measured_cold_read(const Limits& limits, std::size_t threads,
                                 const std::vector<Pages>& sizes = page_sizes()) {
    double best = 0;
    for (const Pages pages : sizes) {
        const std::span<const std::byte> all = Arena::of(pages).cold();
        const std::size_t quarter = all.size() / 4;
        for (const auto read : limits.reads) {
            for (std::size_t i = 0; i < 4; ++i) {
                const auto bytes = all.subspan(i * quarter, quarter);
                best = std::max(best, read_rate(read, bytes, 1, threads, 1));
            }
        }
    }
    return best;
}

/// GB/s of memcpy of as many floats, read and written, as the threads share: `passes` times each.
inline double measured_copy(const float* from, float* to, std::size_t values, std::size_t passes,
                            std::size_t threads) {
    const std::size_t part = std::max<std::size_t>(1, values / threads);
    const std::size_t parts = values / part;
    return best_rate(20, 8e-9 * static_cast<double>(passes * part * parts), [&] {
        pool(threads).parallel_for(parts, [&](std::size_t task) {
            for (std::size_t i = 0; i < passes; ++i) {
                std::memcpy(to + task * part, from + task * part, part * sizeof(float));
                benchmark::ClobberMemory();
            }
        });
    });
}

} // namespace bench
