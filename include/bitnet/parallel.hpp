// SPDX-License-Identifier: MIT
// The executor concept. The library owns no threads: callers hand in something that runs tasks.
#pragma once

#include <concepts>
#include <cstddef>

#include <bitnet/config.hpp>

namespace BITNET_NAMESPACE {

/// e.workers() >= 1; e.parallel_for(n, f) calls f(task, worker) once for each task in [0, n), and
/// returns when all calls have. Calls of one worker never overlap; worker < e.workers().
/// Work is only ever split over rows or tokens, so every executor gives the same bits.
template <class E>
concept Executor = requires(const E& e, std::size_t n) {
    { e.workers() }
    noexcept->std::convertible_to<std::size_t>;
    e.parallel_for(n, [](std::size_t, std::size_t) noexcept {});
};

#define BITNET_NO_EXECUTOR                                                                         \
    "an executor has workers() and parallel_for(n, f(task, worker)): see bitnet/parallel.hpp"

/// Runs everything on the calling thread.
struct Serial {
    BITNET_INLINE constexpr std::size_t workers() const noexcept { return 1; }
    template <class F>
    BITNET_INLINE constexpr void parallel_for(std::size_t n, F&& f) const noexcept {
        for (std::size_t task = 0; task < n; ++task) f(task, std::size_t{0});
    }
};
BITNET_HIDDEN inline constexpr Serial serial{};

namespace detail {

/// What an executor runs for for_ranges(). A named type: that of a lambda in a hidden function is
/// hidden, and g++ would warn of an executor whose own lambda captures it. With Isa, so that what
/// an executor makes of it is not shared by units of different flags.
template <class Isa>
struct RangeTasks {
    void (*run)(const void* f, std::size_t first, std::size_t last) noexcept;
    const void* f;
    std::size_t n, tasks;

    BITNET_INLINE void operator()(std::size_t task, std::size_t) const noexcept {
        run(f, n * task / tasks, n * (task + 1) / tasks);
    }
};

/// f(first, last) for ranges of about one length that cover [0, n), at most `most` of them.
template <class Isa, class E, class F>
BITNET_INLINE void for_ranges(const E& executor, std::size_t n, std::size_t most,
                              const F& f) noexcept {
    static_assert(Executor<E>, BITNET_NO_EXECUTOR);
    const auto run = [](const void* g, std::size_t first, std::size_t last) noexcept {
        (*static_cast<const F*>(g))(first, last);
    };
    const std::size_t tasks = n < most ? n : most;
    executor.parallel_for(tasks, RangeTasks<Isa>{run, &f, n, tasks});
}

/// 4 ranges a worker, so that a slow core does not hold up the rest; 1 where there is one worker.
template <class E>
BITNET_INLINE std::size_t most_ranges(const E& executor) noexcept {
    return executor.workers() == 1 ? 1 : 4 * executor.workers();
}

/// f(begin, end) for ranges of rows: whole stripes of 64 rows, which are 4 row blocks, long enough
/// a stream that its start does not count; the last stripe may be shorter.
template <class Isa, class E, class F>
BITNET_INLINE void for_row_ranges(const E& executor, std::size_t rows, const F& f) noexcept {
    static_assert(Executor<E>, BITNET_NO_EXECUTOR);
    constexpr std::size_t stripe = 64;
    for_ranges<Isa>(executor, (rows + stripe - 1) / stripe, most_ranges(executor),
                    [&](std::size_t first, std::size_t last) noexcept {
                        const std::size_t end = last * stripe;
                        f(first * stripe, end < rows ? end : rows);
                    });
}

} // namespace detail

} // namespace BITNET_NAMESPACE
