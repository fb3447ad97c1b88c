// SPDX-License-Identifier: MIT
// The microbenchmark suite. Every row verifies its output before it is timed. The limit of its
// kernel is measured just before it.
//
//   bench_kernels --rows quick
//   bench_kernels --benchmark_filter='w158a8/gemm.*icelake' --json rows.json --csv rows.csv
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>

#include <CLI/CLI.hpp>

#include "report.hpp"
#include "rows.hpp"

namespace {

/// A file that is opened before the rows are measured, since that takes long; "-": stdout.
class Sink {
public:
    explicit Sink(const std::string& path) : path_(path) {
        if (!path.empty() && path != "-") file_.open(path, std::ios::binary);
    }
    /// Whether all went well so far; says so if not.
    bool good() const {
        const bool ok = path_ == "-" ? static_cast<bool>(std::cout) : static_cast<bool>(file_);
        if (!ok) std::fprintf(stderr, "bench_kernels: %s could not be written\n", path_.c_str());
        return ok;
    }
    bool write(const std::string& text) {
        if (path_.empty()) return true;
        (path_ == "-" ? std::cout : file_) << text << std::flush;
        return good();
    }

private:
    std::string path_;
    std::ofstream file_;
};

} // namespace

int main(int argc, char** argv) {
    std::string json, csv;
    std::size_t runs = 1;
    bench::Report::Options options;
    const std::map<std::string, bench::Part> parts{
        {"quick", bench::Part::quick}, {"main", bench::Part::main}, {"all", bench::Part::all}};
    CLI::App app{"Microbenchmarks of the bitnet kernels. Flags of Google Benchmark pass through."};
    app.allow_extras();
    app.add_option("--rows", options.part,
                   "quick: a glance; main: the tables of docs/performance.md; all")
        ->transform(CLI::CheckedTransformer(parts))
        ->default_str("all");
    app.add_option("--clusters", options.clusters,
                   "Only these, as haswell,best, best being the best that runs here")
        ->delimiter(',');
    app.add_option("--runs", runs, "Runs of all rows, one after the other; a figure is a median")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    app.add_option("--json", json,
                   "Write the rows as JSON to this file; -: to stdout, and no table");
    app.add_option("--csv", csv, "Write the rows as CSV to this file");
    CLI11_PARSE(app, argc, argv);

    std::vector<std::string> passed = app.remaining_for_passthrough(true);
    std::vector<char*> arguments{argv[0]};
    for (std::string& argument : passed) arguments.push_back(argument.data());
    int count = static_cast<int>(arguments.size());
    benchmark::Initialize(&count, arguments.data());
    if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;

    Sink json_file(json), csv_file(csv);
    if (!json_file.good() || !csv_file.good()) return 1;

    options.quiet = json == "-";
    bench::Report report(options);
    bench::add_limit_rows(report);
    bench::add_gemm_rows(report);
    bench::add_head_rows(report);
    bench::add_layer_rows(report);
    bench::add_float_rows(report);
    bench::add_attention_rows(report);
    bench::add_pool_row(report);
    std::size_t ran = 0;
    for (std::size_t run = 0; run < runs; ++run) ran += benchmark::RunSpecifiedBenchmarks(&report);
    benchmark::Shutdown();
    if (ran == 0) {
        std::fprintf(stderr, "bench_kernels: no row has such a name\n");
        return 2;
    }

    if (runs > 1) report.print_summary();
    const bool json_written = json_file.write(report.json());
    const bool written = csv_file.write(report.csv()) && json_written;
    if (!report.all_verified()) std::fprintf(stderr, "bench_kernels: a row's output is wrong\n");
    return written && report.all_verified() ? 0 : 1;
}
