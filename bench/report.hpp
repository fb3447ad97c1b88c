// SPDX-License-Identifier: MIT
// Collects the rows of one run or several: a table on the terminal, JSON and CSV at the end.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "row.hpp"
#include "summary.hpp"

namespace bench {

class Report : public benchmark::BenchmarkReporter {
public:
    struct Options {
        Part part = Part::all;
        std::vector<std::string> clusters; // see contenders()
        bool quiet = false;                // no table
    };
    explicit Report(Options options) : options_(std::move(options)) {}

    bool wants(Part part) const { return part <= options_.part; }
    const std::vector<std::string>& clusters() const { return options_.clusters; }
    double seconds_a_row() const { return options_.part == Part::quick ? 0.1 : 0.25; }

    /// Registers a row, if its part is wanted, with Google Benchmark, which chooses by
    /// name/N/cluster/threads, and /2m for large pages, what to run. measure() fills in the
    /// figures; it times by itself.
    void add(const Row& row, std::function<void(Row&)> measure);

    bool ReportContext(const Context&) override;
    void ReportRuns(const std::vector<Run>&) override;
    /// The medians of all runs, as a table.
    void print_summary() const;

    bool all_verified() const;
    std::string json() const; // {"version", "cpu", "compiler", "rows": [...]}
    std::string csv() const;  // the columns of summary.hpp, one header line

private:
    std::vector<Summary> summaries() const;

    Options options_;
    std::vector<std::vector<Row>> rows_; // the runs of each row
    const Row* measured_ = nullptr;      // to be shown
    bool begun_ = false;
};

} // namespace bench
