// SPDX-License-Identifier: MIT
// How work is split: which ranges of rows tasks get, and how often an executor is called.
#include <bitnet/bitlinear.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "executors.hpp"
#include "support.hpp"

using namespace bitnet;

namespace {

constexpr std::size_t stripe = 64; // rows that no two tasks share

const std::vector<std::vector<std::size_t>> lists_of_rows{
    {},     {0},       {1},           {63},           {64},           {65},
    {2560}, {1, 1, 1}, {0, 70, 0, 1}, {640, 64, 128}, {2560, 640, 1}, {129, 1, 1000, 0}};

/// How often each row of each part came, all parts one behind the other.
template <class E>
std::vector<int> visits(const E& executor, const std::vector<std::size_t>& rows) {
    std::vector<std::size_t> start{0};
    for (const std::size_t n : rows) start.push_back(start.back() + n);
    std::vector<std::atomic<int>> count(start.back());
    std::atomic<bool> sound = true;
    for_row_ranges(executor, rows,
                   [&](std::size_t part, std::size_t begin, std::size_t end) noexcept {
                       if (part >= rows.size() || begin >= end || end > rows[part] ||
                           begin % stripe != 0 || (end % stripe != 0 && end != rows[part])) {
                           sound = false;
                           return;
                       }
                       for (std::size_t r = begin; r < end; ++r) ++count[start[part] + r];
                   });
    CHECK(sound);
    return {count.begin(), count.end()};
}

/// One thread that claims many workers and says which task is under way.
struct Watched {
    std::size_t count;
    mutable std::size_t tasks = 0, task = 0;
    std::size_t workers() const noexcept { return count; }
    template <class F>
    void parallel_for(std::size_t n, F&& f) const noexcept {
        tasks = n;
        for (task = 0; task < n; ++task) f(task);
    }
};

} // namespace

TEST_CASE("every row of every part comes once", "[parallel]") {
    for (const auto& rows : lists_of_rows) {
        CAPTURE(rows);
        std::size_t all = 0;
        for (const std::size_t n : rows) all += n;
        const std::vector<int> once(all, 1);
        CHECK(visits(serial, rows) == once);
        for (std::size_t workers : {1u, 2u, 3u, 7u, 40u}) {
            CAPTURE(workers);
            CHECK(visits(support::Backwards{workers}, rows) == once);
        }
        CHECK(visits(support::Threads{3}, rows) == once);
    }
}

TEST_CASE("rows in braces are the same parts", "[parallel]") {
    std::vector<std::array<std::size_t, 3>> seen;
    for_row_ranges(serial, {std::size_t{70}, std::size_t{1}},
                   [&](std::size_t part, std::size_t begin, std::size_t end) noexcept {
                       seen.push_back({part, begin, end});
                   });
    CHECK(seen == std::vector<std::array<std::size_t, 3>>{{0, 0, 70}, {1, 0, 1}});
}

TEST_CASE("tasks have about as many rows each, whatever the parts", "[parallel]") {
    for (std::size_t workers : {2u, 3u, 7u}) {
        const Watched executor{workers};
        std::vector<std::size_t> stripes_of_task(4 * workers);
        for_row_ranges(executor, std::array<std::size_t, 5>{2500, 1, 640, 1, 600},
                       [&](std::size_t, std::size_t begin, std::size_t end) noexcept {
                           const std::size_t stripes = (end - begin + stripe - 1) / stripe;
                           stripes_of_task[executor.task] += stripes;
                       });
        CHECK(executor.tasks == 4 * workers);
        const auto [least, most] =
            std::minmax_element(stripes_of_task.begin(), stripes_of_task.end());
        CHECK(*most - *least <= 1);
    }
}

TEST_CASE("a single range does not call the executor", "[parallel]") {
    const auto calls = [](std::size_t workers, const std::vector<std::size_t>& rows) {
        const support::Counting executor{workers};
        for_row_ranges(executor, rows, [](std::size_t, std::size_t, std::size_t) noexcept {});
        return std::pair(executor.calls, executor.tasks);
    };
    using Calls = std::pair<std::size_t, std::size_t>; // and tasks
    CHECK(calls(2, {}) == Calls(0, 0));
    CHECK(calls(2, {0, 0}) == Calls(0, 0));
    CHECK(calls(2, {64}) == Calls(0, 0));
    CHECK(calls(2, {0, 64}) == Calls(0, 0));
    CHECK(calls(1, {2560, 640, 640}) == Calls(0, 0));
    CHECK(calls(2, {65}) == Calls(1, 2));
    CHECK(calls(2, {1, 1}) == Calls(1, 2));
    CHECK(calls(2, {2560, 640, 640}) == Calls(1, 8));
    CHECK(calls(3, {2560, 640, 640}) == Calls(1, 12));
}

TEST_CASE("how often a layer calls the executor", "[parallel]") {
    using Layer = BitLinear<Ternary, Int8>;
    constexpr std::size_t cols = 40;
    support::Random random(50);
    const auto layer_of = [&](std::size_t rows) {
        return Layer::from_float(random.reals(rows * cols), rows, cols).value();
    };
    const Layer large = layer_of(130), small = layer_of(64);
    const support::Counting executor{2};
    const auto calls_of = [&](const Layer& layer, std::size_t tokens) {
        const auto x = random.reals(tokens * cols);
        std::vector<float> y(tokens * layer.rows());
        std::vector<std::byte> scratch(layer.scratch_bytes(tokens));
        executor.calls = 0;
        layer.forward(x, y, tokens, scratch, executor);
        return executor.calls;
    };
    CHECK(calls_of(large, 1) == 1); // the product
    CHECK(calls_of(large, 2) == 2); // and the quantizer
    CHECK(calls_of(large, 5) == 2);
    CHECK(calls_of(small, 1) == 0);
    CHECK(calls_of(small, 5) == 1); // the quantizer

    std::vector<std::byte> scratch(large.scratch_bytes(1));
    const auto q = large.quantize(random.reals(cols), 1, scratch, executor);
    std::vector<float> y(130 + 64 + 130);
    executor.calls = 0;
    forward(q, executor, Output{large, Matrix<float>(y.data(), 1, 130)},
            Output{small, Matrix<float>(y.data() + 130, 1, 64)},
            Output{large, Matrix<float>(y.data() + 194, 1, 130)});
    CHECK(executor.calls == 1);
    std::vector<std::int32_t> n(130);
    large.dots(q, n, executor);
    CHECK(executor.calls == 2);
}
