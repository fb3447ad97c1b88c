// SPDX-License-Identifier: MIT
// Collects the rows of a run: a table on the terminal as they come, JSON and CSV at the end.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "row.hpp"

namespace bench {

class Report : public benchmark::BenchmarkReporter {
public:
    /// quick: rows are timed for a tenth of a second, else half a second; quiet: no table
    Report(bool quick, bool quiet) : quick_(quick), quiet_(quiet) {}

    bool quick() const { return quick_; }
    double seconds_a_row() const { return quick_ ? 0.1 : 0.5; }

    /// Registers a row with Google Benchmark, which chooses by name/N/cluster/threads what to run.
    /// measure() fills in the figures; it times by itself, for the median.
    void add(const Row& row, std::function<void(Row&)> measure);

    bool ReportContext(const Context&) override;
    void ReportRuns(const std::vector<Run>&) override;

    bool all_verified() const;
    std::string json() const; // {"cpu", "compiler", "version", "rows": [...]}
    std::string csv() const;  // the fields of a row in the order of row.hpp, one header line

private:
    bool quick_, quiet_;
    std::size_t shown_ = 0;
    std::vector<Row> rows_;
};

} // namespace bench
