// SPDX-License-Identifier: MIT
#include "summary.hpp"

#include <algorithm>
#include <cmath>

#include "samples.hpp"

namespace bench {
namespace {

/// To six significant digits: no measurement has more.
double rounded(double v) {
    if (v == 0 || !std::isfinite(v)) return v;
    const double unit = std::pow(10.0, std::floor(std::log10(std::abs(v))) - 5);
    // Multiplication by a power of ten below 1 is not exact, division by its inverse is nearer.
    return unit < 1 ? std::round(v / unit) / std::round(1 / unit) : std::round(v / unit) * unit;
}

/// The median of f(run) over the runs.
template <class F>
double median_over(const std::vector<Row>& runs, F&& f) {
    std::vector<double> values;
    for (const Row& run : runs) values.push_back(f(run));
    std::sort(values.begin(), values.end());
    return quantile(values, 0.5);
}

/// How much of a limit a run reached, in percent.
double percent_of(const Limit& limit, const Row& run) {
    const double seconds = quantile(run.seconds, 0.5);
    if (limit.unit == "us") return 100 * limit.value / (seconds * 1e6);
    return 100 * (limit.unit == "GB/s" ? run.bytes : run.operations) / seconds * 1e-9 / limit.value;
}

} // namespace

Summary summary_of(const std::vector<Row>& runs) {
    const Row& row = runs.front();
    Summary s;
    s.name = row.name;
    s.cluster = row.cluster;
    s.rows = row.rows;
    s.cols = row.cols;
    s.tokens = row.tokens;
    s.threads = row.threads;
    s.pages = row.pages;
    s.bits_per_weight = rounded(row.bits_per_weight);
    s.runs = runs.size();
    s.verified = std::all_of(runs.begin(), runs.end(), [](const Row& r) { return r.verified; });

    std::vector<double> seconds;
    for (const Row& run : runs) {
        seconds.insert(seconds.end(), run.seconds.begin(), run.seconds.end());
    }
    std::sort(seconds.begin(), seconds.end());
    const double median = quantile(seconds, 0.5);
    const double q1 = quantile(seconds, 0.25), q3 = quantile(seconds, 0.75);
    s.gops = rounded(row.operations / median * 1e-9);
    s.gbps = rounded(row.bytes / median * 1e-9);
    s.microseconds = rounded(median * 1e6);
    s.microseconds_q1 = rounded(q1 * 1e6);
    s.microseconds_q3 = rounded(q3 * 1e6);
    s.spread_percent = std::round(1e5 * (q3 - q1) / median) / 1e3; // to three decimals

    s.gigahertz = rounded(median_over(runs, [](const Row& run) { return run.gigahertz; }));
    s.products_per_cycle = rounded(median_over(runs, [](const Row& run) {
        const double cycles = quantile(run.seconds, 0.5) * run.gigahertz * 1e9;
        return cycles > 0 ? run.operations / 2 / cycles / static_cast<double>(run.threads) : 0.0;
    }));

    // The limit that the row comes nearest to.
    for (std::size_t i = 0; i < row.limits.size(); ++i) {
        const double percent =
            median_over(runs, [i](const Row& run) { return percent_of(run.limits[i], run); });
        if (percent <= s.percent_of_limit) continue;
        s.limit = row.limits[i].name;
        s.limit_unit = row.limits[i].unit;
        s.limit_value =
            rounded(median_over(runs, [i](const Row& run) { return run.limits[i].value; }));
        s.percent_of_limit = rounded(percent);
    }
    return s;
}

} // namespace bench
