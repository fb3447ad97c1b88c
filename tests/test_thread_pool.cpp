// SPDX-License-Identifier: MIT
// The pool of threads: every task once, and what happens where memory runs out while it starts.
#include "allocations.hpp"
#include "error.hpp"
#include "event_count.hpp"
#include "thread_pool.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace bitnet::example;

TEST_CASE("the pool runs every task once, whatever the number of threads") {
    for (const std::size_t threads : {1u, 2u, 5u}) {
        const ThreadPool pool(threads);
        CHECK(pool.workers() == threads);
        for (std::size_t n = 0; n < 200; ++n) {
            std::vector<std::atomic<int>> calls(n);
            std::vector<std::atomic<int>> busy(threads);
            std::atomic<bool> overlap = false;
            pool.parallel_for(n, [&](std::size_t task, std::size_t worker) noexcept {
                if (worker >= threads || busy[worker].fetch_add(1) != 0) {
                    overlap = true;
                }
                calls[task].fetch_add(1);
                busy[worker].fetch_sub(1);
            });
            CHECK_FALSE(overlap);
            pool.parallel_for(n, [&](std::size_t task) noexcept { calls[task].fetch_add(1); });
            for (const std::atomic<int>& count : calls) {
                REQUIRE(count == 2); // with the number of the worker, and without
            }
        }
    }
}

TEST_CASE("a worker that slept comes back") {
    using namespace std::chrono;
    const ThreadPool pool(2);
    for (int round = 0; round < 400; ++round) {
        std::this_thread::sleep_for(microseconds(round)); // about when it falls asleep, and later
        std::atomic<int> here = 0;
        std::atomic<bool> alone = false;
        pool.parallel_for(2, [&](std::size_t) noexcept { // one for each, if both come
            const auto start = steady_clock::now();
            for (++here; here < 2 && !alone;) {
                alone = steady_clock::now() - start > seconds(20);
                std::this_thread::yield();
            }
        });
        REQUIRE_FALSE(alone);
    }
}

TEST_CASE("no event is lost between a look and a sleep") {
    EventCount to, back;
    std::thread other([&] {
        for (std::uint32_t seen = 0; seen < 100000; ++seen) {
            to.wait(seen);
            back.signal();
        }
    });
    for (std::uint32_t seen = 0; seen < 100000; ++seen) {
        to.signal();
        back.wait(seen);
    }
    other.join();
    CHECK(to.count() == 100000);
    CHECK(back.count() == 100000);
}

#if defined(__unix__) // elsewhere std::clock() may be the time on the wall
TEST_CASE("workers without work use no CPU") {
    using namespace std::chrono;
    const ThreadPool pool(3);
    const std::clock_t per_second = CLOCKS_PER_SEC;
    std::clock_t least = per_second; // that 20 ms cost; the least of a few, as machines are busy
    for (int round = 0; round < 10; ++round) {
        pool.parallel_for(64, [](std::size_t) noexcept {});
        const std::clock_t start = std::clock();
        std::this_thread::sleep_for(milliseconds(20));
        least = std::min(least, std::clock() - start);
    }
    CHECK(least < per_second / 4000); // two workers spin for 50 us each, not for 20 ms
}
#endif

TEST_CASE("a pool that cannot start all its threads stops those that it has") {
    constexpr std::size_t threads = 6;
    int failures = 0;
    for (int allocations = 0;; ++allocations) {
        std::optional<std::string> message;
        support::fail_after(allocations);
        try {
            const ThreadPool pool(threads);
            support::fail_after(-1);
            CHECK(pool.workers() == threads);
        } catch (const UserError& error) {
            message = error.what();
        }
        if (!message) {
            break;
        }
        CHECK(message->starts_with("cannot start 6 threads: "));
        ++failures;
    }
    CHECK(failures >= 5); // a thread's own state at least
}
