// SPDX-License-Identifier: MIT
// The pool of threads that the program uses: what it costs to hand out 64 tasks of next to nothing
// and wait for them, call after call, as a forward pass does.
#include <array>
#include <atomic>
#include <thread>

#include "measure.hpp"
#include "rows.hpp"

namespace bench {
namespace {

/// The median microseconds in which a cache line goes from one thread to another and back.
double ping_pong(double seconds) {
    alignas(64) std::atomic<std::uint32_t> turn = 0; // odd: the other thread's
    alignas(64) std::atomic<bool> stop = false;
    std::thread other([&] {
        while (!stop.load(std::memory_order_relaxed)) {
            const std::uint32_t seen = turn.load(std::memory_order_acquire);
            if (seen % 2 == 1) turn.store(seen + 1, std::memory_order_release);
        }
    });
    const std::vector<double> round_trips = sample_seconds(seconds, [&] {
        const std::uint32_t mine = turn.load(std::memory_order_relaxed);
        turn.store(mine + 1, std::memory_order_release);
        while (turn.load(std::memory_order_acquire) != mine + 2) {
        }
    });
    stop = true;
    other.join();
    return quantile(round_trips, 0.5) * 1e6;
}

void run(Row& row, double seconds) {
    struct alignas(64) Count {
        std::size_t calls = 0;
    };
    std::array<Count, 64> tasks;
    std::size_t jobs = 0;
    const auto fork_join = [&] {
        ++jobs;
        pool(row.threads).parallel_for(tasks.size(), [&](std::size_t task) noexcept {
            ++tasks[task].calls;
        });
    };
    row.seconds = sample_seconds(seconds, fork_join);
    row.verified = true;
    for (const Count& task : tasks) row.verified &= task.calls == jobs;
    row.limits = {{"ping-pong", "us", ping_pong(seconds)}};
}

} // namespace

void add_pool_row(Report& report) {
    Row row;
    row.name = "pool/fork_join/hot/64";
    row.cluster = "any"; // no kernel runs
    row.threads = 2;
    row.part = Part::main;
    report.add(row, [seconds = report.seconds_a_row()](Row& measured) { run(measured, seconds); });
}

} // namespace bench
