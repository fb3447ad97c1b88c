// SPDX-License-Identifier: MIT
// What a report makes of runs whose times are known.
#include <catch2/catch_test_macros.hpp>

#include "parts.hpp"
#include "samples.hpp"
#include "summary.hpp"

namespace {

/// 1000 products on two threads, at 2 GHz, beside two limits.
bench::Row run(std::vector<double> seconds, double gops, double gbps) {
    bench::Row row;
    row.name = "w1a8/gemv/hot/10x100";
    row.threads = 2;
    row.operations = 2000;
    row.bytes = 125;
    row.seconds = std::move(seconds);
    row.limits = {{"dot", "GOP/s", gops}, {"read/hot", "GB/s", gbps}};
    row.gigahertz = 2;
    row.verified = true;
    return row;
}

} // namespace

TEST_CASE("quantiles lie between the values in proportion") {
    const std::vector<double> sorted{1, 2, 4, 8};
    CHECK(bench::quantile(sorted, 0) == 1);
    CHECK(bench::quantile(sorted, 0.5) == 3);
    CHECK(bench::quantile(sorted, 0.75) == 5);
    CHECK(bench::quantile(sorted, 1) == 8);
    CHECK(bench::quantile({7}, 0.25) == 7);
}

TEST_CASE("one run") {
    const bench::Summary s = bench::summary_of({run({1e-6, 1e-6, 2e-6, 3e-6, 4e-6}, 4, 0.1)});
    CHECK(s.microseconds == 2);
    CHECK(s.microseconds_q1 == 1);
    CHECK(s.microseconds_q3 == 3);
    CHECK(s.spread_percent == 100);
    CHECK(s.gops == 1);
    CHECK(s.gbps == 0.0625);
    CHECK(s.products_per_cycle == 0.125); // 1000 in 4000 cycles of two cores each
    CHECK(s.limit == "read/hot");         // 62.5 % of it, 25 % of dot
    CHECK(s.limit_value == 0.1);
    CHECK(s.percent_of_limit == 62.5);
    CHECK(s.verified);
    CHECK(s.runs == 1);
}

TEST_CASE("several runs") {
    // The machine ran at half speed once: the time tells, the share of the limit does not.
    const bench::Row fast = run({1e-6}, 4, 1), slow = run({2e-6}, 2, 1);
    const bench::Summary s = bench::summary_of({fast, slow, slow});
    CHECK(s.microseconds == 2);
    CHECK(s.limit == "dot");
    CHECK(s.limit_value == 2);
    CHECK(s.percent_of_limit == 50);
    CHECK(s.runs == 3);

    bench::Row wrong = fast;
    wrong.verified = false;
    CHECK_FALSE(bench::summary_of({fast, wrong, fast}).verified);
}

TEST_CASE("a limit of time, and a clock that is not known") {
    bench::Row row = run({4e-6}, 1, 1);
    row.limits = {{"ping-pong", "us", 1}};
    row.gigahertz = 0;
    const bench::Summary s = bench::summary_of({row});
    CHECK(s.percent_of_limit == 25);
    CHECK(s.products_per_cycle == 0);
}

TEST_CASE("many samples become their percentiles") {
    const std::vector<double> seconds = bench::sample_seconds(0.2, [] {});
    CHECK(seconds.size() >= 5);
    CHECK(seconds.size() <= 101);
    CHECK(std::is_sorted(seconds.begin(), seconds.end()));
}

TEST_CASE("the least time of parts is the sum of each part's own") {
    // Reads bind the first, operations the second, copies alone the third.
    const std::vector<bench::WorkPart> parts{{8e9, 100e9, 0}, {2e9, 400e9, 0}, {0, 0, 3e9}};
    CHECK(bench::least_seconds(parts, {8, 200, 6}) == 1 + 2 + 0.5);
    CHECK(bench::least_seconds({}, {8, 200, 6}) == 0);
}

TEST_CASE("a summary names the pages") {
    bench::Row row = run({1e-6}, 4, 1);
    CHECK(bench::summary_of({row}).pages.empty());
    row.pages = "2m";
    CHECK(bench::summary_of({row}).pages == "2m");
}
