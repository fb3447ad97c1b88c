// SPDX-License-Identifier: MIT
// The limits themselves as rows: what every cluster's instructions and this machine's memory give.
#include <functional>

#include <bitnet/dispatch.hpp>

#include <unistd.h>

#include "measure.hpp"
#include "rows.hpp"

namespace bench {
namespace {

void add(Report& report, const Limits& limits, const std::string& what, const std::string& unit,
         std::size_t threads, std::function<double(const Limits&, std::size_t threads)> measure) {
    Row row;
    row.name = "limit/" + what;
    row.cluster = limits.name;
    row.threads = threads;
    row.part = threads == 1 ? Part::quick : Part::main;
    row.verified = true; // there is no output
    report.add(row, [=, &limits](Row& measured) {
        const double value = measure(limits, threads);
        (unit == "GB/s" ? measured.bytes : measured.operations) = 1e9;
        measured.seconds = {1 / value};
        measured.limits = {{what, unit, value}};
    });
}

std::span<const std::byte> touched_memory() {
    static const std::vector<std::byte> memory(cold_bytes(), std::byte{1});
    return memory;
}

} // namespace

std::size_t cold_bytes() {
    std::size_t cache = 0;
#if defined(_SC_LEVEL3_CACHE_SIZE)
    cache = static_cast<std::size_t>(std::max(0L, sysconf(_SC_LEVEL3_CACHE_SIZE)));
#endif
    return std::clamp<std::size_t>(4 * cache, std::size_t{1} << 29, std::size_t{1} << 31);
}

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
                return measured_read(l, touched_memory().first(std::size_t{1} << 19), t);
            });
            add(report, *limits, "read/cold", "GB/s", threads, [](const Limits& l, std::size_t t) {
                return measured_read(l, touched_memory(), t);
            });
        }
    }
}

} // namespace bench
