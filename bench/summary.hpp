// SPDX-License-Identifier: MIT
// What the report says about a row: the columns of rows.csv, which docs/performance.md explains.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "row.hpp"

namespace bench {

struct Summary {
    std::string name, cluster;
    std::size_t rows = 0, cols = 0, tokens = 0, threads = 1;
    double bits_per_weight = 0, gops = 0, gbps = 0;
    std::string limit, limit_unit;
    double limit_value = 0, percent_of_limit = 0;
    bool verified = false;
    double microseconds = 0, microseconds_q1 = 0, microseconds_q3 = 0, spread_percent = 0;
    double products_per_cycle = 0, gigahertz = 0;
    std::size_t runs = 0;
    std::string pages;
};

/// Medians of a row's runs, of which there is one at least.
Summary summary_of(const std::vector<Row>& runs);

} // namespace bench
