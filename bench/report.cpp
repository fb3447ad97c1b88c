// SPDX-License-Identifier: MIT
// The three forms of the report.
#include "report.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include <bitnet/version.hpp>

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

Json to_json(const Row& r) {
    return {{"name", r.name},
            {"cluster", r.cluster},
            {"rows", r.rows},
            {"cols", r.cols},
            {"tokens", r.tokens},
            {"threads", r.threads},
            {"bits_per_weight", r.bits_per_weight},
            {"gops", r.gops},
            {"gbps", r.gbps},
            {"limit", r.limit},
            {"limit_value", r.limit_value},
            {"limit_unit", r.limit_unit},
            {"percent_of_limit", r.percent_of_limit},
            {"verified", r.verified},
            {"microseconds", r.microseconds}}; // last: pictures.gp counts the columns
}

} // namespace

void Report::add(const Row& row, std::function<void(Row&)> measure) {
    const std::string name = row.name + "/N" + std::to_string(row.tokens) + "/" + row.cluster +
                             "/" + std::to_string(row.threads) + "t";
    benchmark::RegisterBenchmark(name.c_str(), [this, row, measure](benchmark::State& state) {
        Row measured = row;
        for (auto _ : state) measure(measured);
        rows_.push_back(measured);
    })->Iterations(1);
}

bool Report::ReportContext(const Context&) {
    if (!quiet_) {
        std::printf("%s, %s\n\n%-34s %-11s %4s %3s %8s %7s %8s %5s  %s\n", cpu_name().c_str(),
                    compiler_name().c_str(), "row", "cluster", "N", "thr", "GOP/s", "GB/s", "us",
                    "%", "of the limit measured beside it");
    }
    return true;
}

void Report::ReportRuns(const std::vector<Run>&) {
    for (; shown_ < rows_.size(); ++shown_) {
        const Row& r = rows_[shown_];
        if (quiet_) continue;
        std::printf("%-34s %-11s %4zu %3zu %8.1f %7.2f %8.2f %5.1f  %s %.4g %s%s\n", r.name.c_str(),
                    r.cluster.c_str(), r.tokens, r.threads, r.gops, r.gbps, r.microseconds,
                    r.percent_of_limit, r.limit.c_str(), r.limit_value, r.limit_unit.c_str(),
                    r.verified ? "" : "  WRONG OUTPUT");
        std::fflush(stdout);
    }
}

bool Report::all_verified() const {
    return std::all_of(rows_.begin(), rows_.end(), [](const Row& r) { return r.verified; });
}

std::string Report::json() const {
    Json rows = Json::array();
    for (const Row& row : rows_) rows.push_back(to_json(row));
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
    for (const Row& row : rows_) line(to_json(row), false);
    return out.str();
}

} // namespace bench
