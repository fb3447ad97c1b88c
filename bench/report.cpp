// SPDX-License-Identifier: MIT
// The three forms of the report.
#include "report.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include <bitnet/version.hpp>

#include "core_clock.hpp"

namespace bench {
namespace {

using Json = nlohmann::ordered_json;

/// The CPU's own name, where the system tells it.
std::string cpu_name() {
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line);) {
        if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
    }
    return "unknown";
}

std::string compiler_name() {
#if defined(__clang__)
    return "clang " __clang_version__;
#elif defined(__GNUC__)
    return "gcc " __VERSION__;
#else
    return "unknown";
#endif
}

Json to_json(const Summary& s) {
    return {{"name", s.name},
            {"cluster", s.cluster},
            {"rows", s.rows},
            {"cols", s.cols},
            {"tokens", s.tokens},
            {"threads", s.threads},
            {"bits_per_weight", s.bits_per_weight},
            {"gops", s.gops},
            {"gbps", s.gbps},
            {"limit", s.limit},
            {"limit_value", s.limit_value},
            {"limit_unit", s.limit_unit},
            {"percent_of_limit", s.percent_of_limit},
            {"verified", s.verified},
            {"microseconds", s.microseconds},
            {"microseconds_q1", s.microseconds_q1},
            {"microseconds_q3", s.microseconds_q3},
            {"spread_percent", s.spread_percent},
            {"products_per_cycle", s.products_per_cycle},
            {"gigahertz", s.gigahertz},
            {"runs", s.runs},
            {"pages", s.pages}};
}

void print_head() {
    std::printf("%s, %s\n\n%-34s %-11s %4s %3s %-5s %8s %7s %8s %6s %8s %5s  %s\n",
                cpu_name().c_str(), compiler_name().c_str(), "row", "cluster", "N", "thr", "pages",
                "GOP/s", "GB/s", "us", "+- %", "per cyc", "%", "of the limit measured beside it");
}

void print_line(const Summary& s) {
    std::printf("%-34s %-11s %4zu %3zu %-5s %8.1f %7.2f %8.2f %6.1f %8.1f %5.1f  %s %.4g %s%s\n",
                s.name.c_str(), s.cluster.c_str(), s.tokens, s.threads, s.pages.c_str(), s.gops,
                s.gbps, s.microseconds, s.spread_percent / 2, s.products_per_cycle,
                s.percent_of_limit, s.limit.c_str(), s.limit_value, s.limit_unit.c_str(),
                s.verified ? "" : "  WRONG OUTPUT");
    std::fflush(stdout);
}

} // namespace

void Report::add(const Row& row, std::function<void(Row&)> measure) {
    if (!wants(row.part)) return;
    const std::string name = row.name + "/N" + std::to_string(row.tokens) + "/" + row.cluster +
                             "/" + std::to_string(row.threads) + "t" +
                             (row.pages == "2m" ? "/2m" : "");
    const std::size_t index = rows_.size();
    rows_.emplace_back();
    benchmark::RegisterBenchmark(name.c_str(), [=, this](benchmark::State& state) {
        Row measured = row;
        for (auto _ : state) {
            measure(measured);
            measured.gigahertz = core_gigahertz();
        }
        rows_[index].push_back(measured);
        measured_ = &rows_[index].back();
    })->Iterations(1);
}

bool Report::ReportContext(const Context&) {
    if (!options_.quiet && !begun_) print_head();
    begun_ = true;
    return true;
}

void Report::ReportRuns(const std::vector<Run>&) {
    if (!options_.quiet) print_line(summary_of({*measured_}));
}

void Report::print_summary() const {
    if (options_.quiet) return;
    std::printf("\nMedians of the runs:\n\n");
    print_head();
    for (const Summary& s : summaries()) print_line(s);
}

std::vector<Summary> Report::summaries() const {
    std::vector<Summary> all;
    for (const std::vector<Row>& runs : rows_) {
        if (!runs.empty()) all.push_back(summary_of(runs));
    }
    return all;
}

bool Report::all_verified() const {
    const auto verified = [](const Row& r) { return r.verified; };
    return std::all_of(rows_.begin(), rows_.end(), [&](const std::vector<Row>& runs) {
        return std::all_of(runs.begin(), runs.end(), verified);
    });
}

std::string Report::json() const {
    Json rows = Json::array();
    for (const Summary& s : summaries()) rows.push_back(to_json(s));
    return Json{{"version", BITNET_VERSION_STRING},
                {"cpu", cpu_name()},
                {"compiler", compiler_name()},
                {"rows", rows}}
               .dump(1) +
           "\n";
}

std::string Report::csv() const {
    std::ostringstream out;
    const auto line = [&out](const Json& fields, bool names) {
        bool first = true;
        for (const auto& [name, value] : fields.items()) {
            out << (first ? "" : ",")
                << (names               ? name
                    : value.is_string() ? value.get<std::string>()
                                        : value.dump());
            first = false;
        }
        out << '\n';
    };
    line(to_json({}), true);
    for (const Summary& s : summaries()) line(to_json(s), false);
    return out.str();
}

} // namespace bench
