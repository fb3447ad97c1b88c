// SPDX-License-Identifier: MIT
// A pool of std::threads that satisfies bitnet::Executor. Idle workers spin for a moment, since the
// next step of a forward pass comes within microseconds, and then sleep.
#pragma once

#include "error.hpp"
#include "event_count.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#if defined(__x86_64__) || defined(__i386__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace bitnet::example {

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

    /// Calls body(task) once for each task < n; returns when all have returned. A body may take
    /// (task, worker) instead: worker < workers(), and calls of one worker do not overlap.
    /// pre: one caller at a time, and the body does not call back into the pool.
    template <class Body>
    void parallel_for(std::size_t n, Body&& body) const noexcept {
        if (threads_.empty() || n <= 1) {
            for (std::size_t task = 0; task < n; ++task) call(body, task, 0);
            return;
        }
        using Plain = std::remove_reference_t<Body>;
        call_ = [](void* context, std::size_t first, std::size_t last, std::size_t worker) {
            for (std::size_t task = first; task < last; ++task) {
                call(*static_cast<Plain*>(context), task, worker);
            }
        };
        context_ = const_cast<void*>(static_cast<const void*>(&body));
        run(n);
    }

private:
    // Shorter than a scheduler's tick, longer than the serial stretch between two parallel steps.
    static constexpr std::chrono::microseconds patience{50};

    template <class Body>
    static void call(Body& body, std::size_t task, std::size_t worker) {
        if constexpr (std::is_invocable_v<Body&, std::size_t>) {
            body(task);
        } else {
            body(task, worker);
        }
    }

    void run(std::size_t n) const noexcept {
        size_ = n;
        left_.store(n); // whoever takes tasks sees what is written above
        wake_sleepers();
        taken_by_others_ += n - take_tasks(0);
        const auto done = [&] {
            return done_by_others_.load(std::memory_order_acquire) == taken_by_others_;
        };
        if (!spin_until(done)) {
            while (!done()) std::this_thread::yield();
        }
    }

    void stop() noexcept {
        stop_.store(true);
        wake_sleepers();
        for (std::thread& thread : threads_) thread.join();
    }

    void work(std::size_t worker) const noexcept {
        while (!stop_.load(std::memory_order_relaxed)) {
            if (!spin_until([&] { return something_to_do(std::memory_order_acquire); })) {
                sleep();
            } else if (const std::size_t taken = take_tasks(worker)) {
                done_by_others_.fetch_add(taken, std::memory_order_release);
            }
        }
    }

    bool something_to_do(std::memory_order order) const noexcept {
        return left_.load(order) != 0 || stop_.load(order);
    }

    // One side writes what there is to do and then reads asleep_, the other writes asleep_ and then
    // reads what there is to do. In the one order of sequentially consistent operations one of them
    // sees the other. signal_ is read before asleep_ is written, so that whoever takes this asleep_
    // back changes signal_ after it was read, and the wait ends.
    void wake_sleepers() const noexcept {
        if (asleep_.load() != 0 && asleep_.exchange(0) != 0) {
            signal_.signal();
        }
    }
    void sleep() const noexcept {
        const std::uint32_t seen = signal_.count();
        asleep_.store(1);
        if (!something_to_do(std::memory_order_seq_cst)) signal_.wait(seen);
    }

    /// Runs tasks until none is left; returns how many.
    std::size_t take_tasks(std::size_t worker) const noexcept {
        std::size_t taken = 0;
        std::size_t left = left_.load(std::memory_order_acquire);
        while (left != 0) {
            // Half of a fair share: few steps where tasks are short, and in the end single tasks.
            const std::size_t share = (left - 1) / (2 * workers()) + 1;
            if (left_.compare_exchange_weak(left, left - share, std::memory_order_acq_rel,
                                            std::memory_order_acquire)) {
                const std::size_t first = size_ - left;
                call_(context_, first, first + share, worker);
                taken += share;
                left = left_.load(std::memory_order_acquire);
            }
        }
        return taken;
    }

    /// False when that took longer than anyone has the patience to spin.
    template <class Ready>
    static bool spin_until(const Ready& ready) noexcept {
        std::chrono::steady_clock::time_point start; // read late: most waits are short
        for (std::uint32_t turn = 1; !ready(); ++turn) {
            if (turn == 64) {
                start = std::chrono::steady_clock::now();
            } else if (turn % 64 == 0 && std::chrono::steady_clock::now() - start > patience) {
                return false;
            }
#if defined(__x86_64__) || defined(__i386__) || defined(_M_X64)
            _mm_pause();
#endif
        }
        return true;
    }

    std::vector<std::thread> threads_;
    std::atomic<bool> stop_{false};
    // The job under way. All mutable, since an executor is passed by const reference. What
    // different threads write has lines of its own: a line that moves costs a tenth of a
    // microsecond or more.
    //
    // left_ counts the tasks that nobody has taken, and to take some is to lower it. So a worker
    // that comes late finds none, or takes some of a later job, and touches nothing of the one that
    // it was woken for: nobody has to wait for it. The members below it are read only by those who
    // took tasks, and the caller waits for them.
    alignas(64) mutable std::atomic<std::size_t> left_{0};
    alignas(64) mutable std::size_t size_ = 0;
    mutable void (*call_)(void*, std::size_t, std::size_t, std::size_t) = nullptr;
    mutable void* context_ = nullptr;
    mutable std::size_t taken_by_others_ = 0; // in all jobs so far, as done_by_others_
    alignas(64) mutable std::atomic<std::size_t> done_by_others_{0};
    // 1: perhaps somebody is. A word: RISC-V does not exchange bytes.
    alignas(64) mutable std::atomic<std::uint32_t> asleep_{0};
    mutable EventCount signal_;
};

} // namespace bitnet::example
