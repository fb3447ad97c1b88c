// SPDX-License-Identifier: MIT
// The executor concept. The library owns no threads: callers hand in something that runs tasks.
#pragma once

#include <concepts>
#include <cstddef>
#include <span>

#include <bitnet/config.hpp>
#include <bitnet/isa.hpp>

namespace BITNET_NAMESPACE {

/// e.workers() >= 1, how many tasks may run at a time; e.parallel_for(n, f) calls f(task) once for
/// each task in [0, n), on any threads and in any order, and returns when all calls have. f never
/// throws, nor may parallel_for: all that calls it is noexcept.
/// The library calls it with n > 1 only: what is a single task runs on the caller's thread.
/// An executor that takes other functions too must ask first whether f(task) can be called.
/// Work is only ever split over rows or tokens, so every executor gives the same bits.
template <class E>
concept Executor = requires(const E& e, std::size_t n) {
    { e.workers() }
    noexcept->std::convertible_to<std::size_t>;
    e.parallel_for(n, [](std::size_t) noexcept {});
};

#define BITNET_NO_EXECUTOR                                                                         \
    "an executor has workers() and parallel_for(n, f), which calls f(task): see "                  \
    "bitnet/parallel.hpp"

/// Runs everything on the calling thread.
struct Serial {
    BITNET_INLINE constexpr std::size_t workers() const noexcept { return 1; }
    template <class F>
    BITNET_INLINE constexpr void parallel_for(std::size_t n, F&& f) const noexcept {
        for (std::size_t task = 0; task < n; ++task) f(task);
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

    BITNET_INLINE void operator()(std::size_t task) const noexcept {
        run(f, n * task / tasks, n * (task + 1) / tasks);
    }
    /// The answer to an executor that calls f(task, worker).
    template <class Worker>
    BITNET_INLINE void operator()(std::size_t, Worker) const noexcept {
        static_assert(sizeof(Worker) == 0, BITNET_NO_EXECUTOR);
    }
};

/// f(first, last) for ranges of about one length that cover [0, n), at most `most` of them. A
/// single range does not trouble the executor.
template <class Isa, class E, class F>
BITNET_INLINE void for_ranges(const E& executor, std::size_t n, std::size_t most,
                              const F& f) noexcept {
    static_assert(Executor<E>, BITNET_NO_EXECUTOR);
    const auto run = [](const void* g, std::size_t first, std::size_t last) noexcept {
        (*static_cast<const F*>(g))(first, last);
    };
    const std::size_t tasks = n < most ? n : most;
    if (tasks > 1) {
        executor.parallel_for(tasks, RangeTasks<Isa>{run, &f, n, tasks});
    } else if (tasks == 1) {
        run(&f, 0, n);
    }
}

/// 4 ranges a worker, so that a slow core does not hold up the rest; 1 where there is one worker.
template <class E>
BITNET_INLINE std::size_t most_ranges(const E& executor) noexcept {
    return executor.workers() == 1 ? 1 : 4 * executor.workers();
}

/// Rows are split in whole stripes of 64, which are 4 row blocks, long enough a stream that its
/// start does not count; the last stripe of a matrix may be shorter.
BITNET_HIDDEN inline constexpr std::size_t stripe_rows = 64;

BITNET_INLINE constexpr std::size_t stripes(std::size_t rows) noexcept {
    return rows / stripe_rows + (rows % stripe_rows != 0);
}

} // namespace detail

/// Calls f(part, begin, end) for ranges that cover the rows [0, rows[part]) of every part, each row
/// once: the rows of several matrices, as of layers that share an input, in one parallel_for.
/// rows (parts); no parts, and parts without rows, are allowed
/// f: noexcept, called from several threads at once; begin < end, and begin is a multiple of 64
/// cost: at most 4 tasks a worker, of about as many rows each; the executor is not called with one
///       worker, or where all is one part of at most 64 rows; no allocation
template <class Isa = isa::native, class E, class F>
BITNET_INLINE void for_row_ranges(const E& executor, std::span<const std::size_t> rows,
                                  const F& f) noexcept {
    static_assert(Executor<E>, BITNET_NO_EXECUTOR);
    using detail::stripe_rows;
    std::size_t all = 0; // stripes of all parts, one part behind the other
    for (std::size_t part = 0; part < rows.size(); ++part) all += detail::stripes(rows[part]);
    detail::for_ranges<Isa>(executor, all, detail::most_ranges(executor),
                            [&](std::size_t first, std::size_t last) noexcept {
                                std::size_t before = 0; // stripes of the parts before this one
                                for (std::size_t part = 0; part < rows.size(); ++part) {
                                    const std::size_t count = detail::stripes(rows[part]);
                                    const std::size_t begin = first > before ? first - before : 0;
                                    const std::size_t end = last > before ? last - before : 0;
                                    if (begin < end && begin < count) {
                                        f(part, begin * stripe_rows,
                                          end < count ? end * stripe_rows : rows[part]);
                                    }
                                    before += count;
                                }
                            });
}
/// The same with the rows in braces: for_row_ranges(executor, {q.rows(), k.rows()}, f)
template <class Isa = isa::native, class E, std::size_t Parts, class F>
BITNET_INLINE void for_row_ranges(const E& executor, const std::size_t (&rows)[Parts],
                                  const F& f) noexcept {
    for_row_ranges<Isa>(executor, std::span<const std::size_t>(rows), f);
}

} // namespace BITNET_NAMESPACE
