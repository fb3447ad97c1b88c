// SPDX-License-Identifier: MIT
// Threads for a while: what a program does once, at its start. thread_pool.hpp is for what comes
// again every few microseconds.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <thread>
#include <vector>

namespace bitnet::example {

/// f(0), f(1), ... f(n - 1), each once, on the calling thread and up to threads - 1 others; on
/// fewer where the system grants fewer. f throws nothing.
template <class F>
void on_threads(std::size_t n, std::size_t threads, const F& f) {
    std::atomic<std::size_t> next{0};
    const auto work = [&]() noexcept {
        for (std::size_t i = next++; i < n; i = next++) f(i);
    };
    std::vector<std::thread> others;
    others.reserve(std::min(n, threads));
    try {
        while (others.size() + 1 < std::min(n, threads)) others.emplace_back(work);
    } catch (const std::exception&) { // the threads that there are do it
    }
    work();
    for (std::thread& thread : others) thread.join();
}

} // namespace bitnet::example
