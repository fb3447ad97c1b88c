// SPDX-License-Identifier: MIT
// Every kernel on every cluster that this CPU runs, one thread, beside the limit that binds it.
// A row verifies its output before it is timed, and fails when it is wrong.
//
//   build/bench/bench_gemm --benchmark_filter='icelake|limit'
//
// GOP/s counts 2 operations a product. percent_of_limit divides by the limit measured just before
// the row, so that both saw the machine in the same state.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include <bitnet/dispatch.hpp>

#include "limits.hpp"
#include "problem.hpp"

namespace {

using Clock = std::chrono::steady_clock;

/// The fastest of several short runs, in operations a second.
double measured_limit(void (*loop)(std::size_t) noexcept, double ops_per_round) {
    constexpr std::size_t rounds = 200'000; // about a millisecond
    double best = 0;
    for (int run = 0; run < 20; ++run) {
        const auto start = Clock::now();
        loop(rounds);
        const std::chrono::duration<double> seconds = Clock::now() - start;
        best = std::max(best, static_cast<double>(rounds) * ops_per_round / seconds.count());
    }
    return best;
}

template <class Weights, class Activations>
void run_gemm(benchmark::State& state, const bitnet::dispatch::Table& table, std::size_t rows,
              std::size_t cols, std::size_t tokens) {
    using Codes = bitnet::codes_of<Activations>;
    bench::Problem<Weights, Activations> problem(rows, cols, tokens);
    const auto& kernel = table.pair<Weights, Codes>();
    std::vector<float> scale(bitnet::round_up(rows, 16));
    for (std::size_t r = 0; r < rows; ++r) scale[r] = problem.layer().scale(r);
    const bitnet::ScaleView scales{scale.data(), 16, 0, 0};
    const auto run = [&] {
        kernel.gemm(problem.layer().weights(), problem.x(), scales, nullptr, problem.y(), 0, rows);
    };
    run();
    if (!problem.verified()) {
        state.SkipWithError("output differs from the plain loop");
        return;
    }

    double limit = 0;
    if (const bench::Limits* limits = bench::limits_of(table.name)) {
        constexpr bool dots = std::is_same_v<Codes, bitnet::Int8>;
        limit = dots ? measured_limit(limits->dot, limits->dot_ops)
                     : measured_limit(limits->popcount, limits->popcount_ops);
    }
    std::vector<double> seconds;
    for (auto _ : state) {
        const auto start = Clock::now();
        run();
        benchmark::ClobberMemory();
        seconds.push_back(std::chrono::duration<double>(Clock::now() - start).count());
        state.SetIterationTime(seconds.back());
    }
    const auto middle = seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2);
    std::nth_element(seconds.begin(), middle, seconds.end());
    const double rate = problem.ops() / *middle;
    state.counters["gops"] = rate * 1e-9;
    state.counters["gbps"] =
        static_cast<double>(problem.layer().weights().bytes()) / *middle * 1e-9;
    if (limit > 0) {
        state.counters["limit_gops"] = limit * 1e-9;
        state.counters["percent_of_limit"] = 100.0 * rate / limit;
    }
    state.counters["verified"] = 1;
}

template <class Weights, class Activations>
void add_rows(const std::string& kernel, const bitnet::dispatch::Table& table) {
    struct Shape {
        std::size_t rows, cols, tokens;
    };
    // 6912 x 2560 and 2560 x 2560 are projections of BitNet b1.58 2B4T; the latter fits a 2 MiB L2
    // cache.
    for (const Shape s : {Shape{6912, 2560, 512}, Shape{2560, 2560, 1}, Shape{6912, 2560, 1}}) {
        const std::string name = kernel + (s.tokens == 1 ? "/gemv/" : "/gemm/") +
                                 std::to_string(s.rows) + "x" + std::to_string(s.cols) + "/N" +
                                 std::to_string(s.tokens) + "/" + table.name;
        benchmark::RegisterBenchmark(name.c_str(), &run_gemm<Weights, Activations>, table, s.rows,
                                     s.cols, s.tokens)
            ->UseManualTime()
            ->Unit(benchmark::kMicrosecond);
    }
}

void add_limits(const bench::Limits& limits) {
    const auto add = [&](const char* what, void (*loop)(std::size_t) noexcept, double ops) {
        const std::string name = std::string("limit/") + what + "/" + limits.name;
        benchmark::RegisterBenchmark(name.c_str(),
                                     [=](benchmark::State& state) {
                                         double best = 0;
                                         for (auto _ : state)
                                             best = std::max(best, measured_limit(loop, ops));
                                         state.counters["gops"] = best * 1e-9;
                                     })
            ->Iterations(3)
            ->Unit(benchmark::kMillisecond);
    };
    add("dot", limits.dot, limits.dot_ops);
    add("popcount", limits.popcount, limits.popcount_ops);
}

} // namespace

int main(int argc, char** argv) {
    using namespace bitnet;
    for (const char* cluster : dispatch::built()) {
        const dispatch::Table* table = dispatch::find(cluster);
        const bench::Limits* limits = bench::limits_of(cluster);
        if (!table || !limits) continue; // the scalar cluster is a definition, not a contender
        add_limits(*limits);
        add_rows<Ternary, Int8>("w158a8", *table);
        add_rows<Binary, Int8>("w1a8", *table);
        add_rows<Ternary, Sign>("w158a1", *table);
        add_rows<Binary, Sign>("w1a1", *table);
        add_rows<Ternary, Ternary>("w158a158", *table);
        add_rows<Binary, Ternary>("w1a158", *table);
    }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
