// SPDX-License-Identifier: MIT
// The limits themselves as rows: what every cluster's instructions and this machine's memory give.
#include <functional>

#include <bitnet/dispatch.hpp>

#include "measure.hpp"
#include "rows.hpp"

namespace bench {
namespace {

void add(Report& report, const Limits& limits, const std::string& what, const std::string& unit,
         std::size_t threads, std::function<double(const Limits&, std::size_t threads)> measure,
         const std::string& pages = "") {
    Row row;
    row.name = "limit/" + what;
    row.cluster = limits.name;
    row.threads = threads;
    row.pages = pages;
    row.part = threads == 1 ? Part::quick : Part::main;
    row.verified = true; // there is no output
    report.add(row, [=, &limits](Row& measured) {
        const double value = measure(limits, threads);
        (unit == "GB/s" ? measured.bytes : measured.operations) = 1e9;
        measured.seconds = {1 / value};
        measured.limits = {{what, unit, value}};
    });
}

} // namespace

void add_limit_rows(Report& report) {
    for (const Contender& contender : contenders(report.clusters())) {
        const Limits* limits = contender.limits;
        for (const std::size_t threads : {1u, 2u}) {
            for (const Loop Limits::*loop :
                 {&Limits::dot, &Limits::popcount, &Limits::popcount_masked,
                  &Limits::popcount_ternary, &Limits::multiply_add}) {
                add(report, *limits, (limits->*loop).name, "GOP/s", threads,
                    [loop](const Limits& l, std::size_t t) { return measured_ops(l.*loop, t); });
            }
            add(report, *limits, "read/hot", "GB/s", threads, [](const Limits& l, std::size_t t) {
                static const std::vector<std::byte> memory(std::size_t{1} << 19, std::byte{1});
                return measured_hot_read(l, memory, t);
            });
            for (const Pages pages : page_sizes()) {
                add(
                    report, *limits, "read/cold", "GB/s", threads,
                    [pages](const Limits& l, std::size_t t) {
                        return measured_cold_read(l, t, {pages});
                    },
                    name_of(pages));
            }
        }
    }
}

} // namespace bench
