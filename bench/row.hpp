// SPDX-License-Identifier: MIT
// What one benchmark row says.
#pragma once

#include <cstddef>
#include <string>

namespace bench {

struct Row {
    std::string name; // kernel/op/hot|cold/shape; limit/what for a limit
    std::string cluster;
    std::size_t rows = 0, cols = 0, tokens = 0, threads = 1;
    double bits_per_weight = 0;
    double gops = 0; // 2 operations a product
    double gbps = 0; // packed weights; for rows without weights, what is read and written
    std::string limit, limit_unit; // GOP/s, GB/s, or us
    double limit_value = 0;        // measured just before the row, so that both saw one machine
    double percent_of_limit = 0;
    bool verified = false;
    double microseconds = 0; // of one call; 0 for a limit

    /// Takes this limit if it is the one that binds, which is the one that the row is nearest to.
    void consider(const std::string& what, double value, const std::string& unit) {
        const double percent = 100 * (unit == "GB/s"    ? gbps / value
                                      : unit == "GOP/s" ? gops / value
                                                        : value / microseconds);
        if (percent <= percent_of_limit) return;
        limit = what;
        limit_value = value;
        limit_unit = unit;
        percent_of_limit = percent;
    }
};

} // namespace bench
