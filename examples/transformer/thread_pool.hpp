// SPDX-License-Identifier: MIT
// A pool of std::threads that satisfies bitnet::Executor. Idle workers spin for a moment, since the
// next step of a forward pass comes within microseconds, and then sleep.
#pragma once

#include "error.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

namespace bitnet::example {

/// Cores that this process may use, hyper-threads of one core counted once. At least 1.
std::size_t physical_cores();

/// CPUs that the quotas of the cgroup `group`, "/a/b", and of those above it up to `root`, a
/// folder, leave: at least 1, or 0 where there is no quota.
std::size_t quota_cores(const std::filesystem::path& root, const std::string& group);

class ThreadPool {
public:
    /// `workers` counts the calling thread: ThreadPool(1) starts no thread. UserError when the
    /// system does not grant that many.
    explicit ThreadPool(std::size_t workers) {
        try {
            for (std::size_t worker = 1; worker < workers; ++worker) {
                threads_.emplace_back([this, worker] { work(worker); });
            }
        } catch (const std::exception& error) {
            stop(); // those that run: no destructor will
            throw UserError("cannot start " + std::to_string(workers) +
                            " threads: " + error.what());
        }
    }

    ~ThreadPool() { stop(); }

    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    std::size_t workers() const noexcept { return threads_.size() + 1; }

    /// Calls body(task, worker) once for each task < n; returns when all have returned.
    /// pre: one caller at a time, and the body does not call back into the pool.
    template <class Body>
    void parallel_for(std::size_t n, Body&& body) const noexcept {
        if (threads_.empty() || n <= 1 || n >= closed) {
            for (std::size_t task = 0; task < n; ++task) {
                body(task, std::size_t{0});
            }
            return;
        }
        using Plain = std::remove_reference_t<Body>;
        call_ = [](void* context, std::size_t task, std::size_t worker) {
            (*static_cast<Plain*>(context))(task, worker);
        };
        context_ = const_cast<void*>(static_cast<const void*>(&body));
        run(n);
    }

private:
    // A ticket is (job << 32 | next task). Workers take tasks by advancing it, so a worker that
    // wakes up late finds a ticket of another job, or none left, and touches nothing of this job:
    // nobody has to wait for it. `closed` in the low half means that the job is being set up.
    static constexpr std::uint64_t closed = 0xffffffffu;
    // Shorter than a scheduler's tick, longer than the serial stretch between two parallel steps.
    static constexpr std::chrono::microseconds patience{50};

    void run(std::size_t n) const noexcept {
        const std::uint64_t job = (ticket_.load(std::memory_order_relaxed) >> 32) + 1;
        size_.store(n, std::memory_order_release); // seen only after the old job was closed
        done_.store(0, std::memory_order_relaxed);
        ticket_.store(job << 32, std::memory_order_release);
        wake_up();
        take_tasks(0);
        wait_until([&] { return done_.load(std::memory_order_acquire) == n; },
                   [] { std::this_thread::yield(); });
        ticket_.store(job << 32 | closed, std::memory_order_relaxed);
    }

    void stop() noexcept {
        stop_.store(true, std::memory_order_relaxed);
        wake_up();
        for (std::thread& thread : threads_) {
            thread.join();
        }
    }

    void wake_up() const noexcept {
        signal_.fetch_add(1, std::memory_order_release);
        signal_.notify_all();
    }

    void work(std::size_t worker) const noexcept {
        std::uint32_t seen = 0;
        while (!stop_.load(std::memory_order_relaxed)) {
            wait_until([&] { return signal_.load(std::memory_order_acquire) != seen; },
                       [&] { signal_.wait(seen, std::memory_order_acquire); });
            seen = signal_.load(std::memory_order_acquire);
            take_tasks(worker);
        }
    }

    void take_tasks(std::size_t worker) const noexcept {
        std::uint64_t ticket = ticket_.load(std::memory_order_acquire);
        while ((ticket & closed) < size_.load(std::memory_order_acquire)) {
            if (ticket_.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acq_rel,
                                              std::memory_order_acquire)) {
                call_(context_, static_cast<std::size_t>(ticket & closed), worker);
                done_.fetch_add(1, std::memory_order_release);
                ticket = ticket_.load(std::memory_order_acquire);
            }
        }
    }

    template <class Ready, class Sleep>
    static void wait_until(const Ready& ready, const Sleep& sleep) noexcept {
        const auto start = std::chrono::steady_clock::now();
        for (std::uint32_t turn = 1; !ready(); ++turn) {
            if (turn % 64 == 0 && std::chrono::steady_clock::now() - start > patience) {
                while (!ready()) {
                    sleep();
                }
                return;
            }
#if defined(__x86_64__) || defined(__i386__)
            _mm_pause();
#endif
        }
    }

    std::vector<std::thread> threads_;
    // The job under way, on lines of their own: the ticket is written by everybody. All mutable,
    // since an executor is passed by const reference.
    alignas(64) mutable std::atomic<std::uint64_t> ticket_{closed};
    alignas(64) mutable std::atomic<std::size_t> done_{0};
    alignas(64) mutable std::atomic<std::size_t> size_{0};
    mutable void (*call_)(void*, std::size_t, std::size_t) = nullptr;
    mutable void* context_ = nullptr;
    alignas(64) mutable std::atomic<std::uint32_t> signal_{0};
    mutable std::atomic<bool> stop_{false};
};

} // namespace bitnet::example
