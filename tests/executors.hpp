// SPDX-License-Identifier: MIT
// Executors for the tests: real threads, and one that runs tasks in an unusual order.
#pragma once

#include <bitnet/parallel.hpp>

#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace support {

/// A thread for each worker, started anew for every call; tasks go to whoever is free.
struct Threads {
    std::size_t count;
    std::size_t workers() const noexcept { return count; }
    template <class F>
    void parallel_for(std::size_t n, F&& f) const noexcept {
#if defined(__EMSCRIPTEN__) && !defined(__EMSCRIPTEN_PTHREADS__) // where no thread starts
        for (std::size_t task = 0; task < n; ++task) f(task);
        return;
#endif
        std::atomic<std::size_t> next{0};
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < count; ++i) {
            threads.emplace_back([&] {
                for (std::size_t task; (task = next.fetch_add(1)) < n;) f(task);
            });
        }
        for (auto& t : threads) t.join();
    }
};

/// One thread that claims many workers and takes the last task first.
struct Backwards {
    std::size_t count;
    std::size_t workers() const noexcept { return count; }
    template <class F>
    void parallel_for(std::size_t n, F&& f) const noexcept {
        for (std::size_t task = n; task-- > 0;) f(task);
    }
};

/// One thread that claims many workers and counts what it is given.
struct Counting {
    std::size_t count;
    mutable std::size_t calls = 0; // of parallel_for
    mutable std::size_t tasks = 0; // in all of them
    std::size_t workers() const noexcept { return count; }
    template <class F>
    void parallel_for(std::size_t n, F&& f) const noexcept {
        ++calls;
        tasks += n;
        for (std::size_t task = 0; task < n; ++task) f(task);
    }
};

static_assert(bitnet::Executor<Threads> && bitnet::Executor<Backwards>);
static_assert(bitnet::Executor<Counting>);
static_assert(bitnet::Executor<bitnet::Serial>);

} // namespace support
