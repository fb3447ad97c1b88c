// SPDX-License-Identifier: MIT
// One benchmark row, as one run measures it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace bench {

/// Selections of rows; each holds the one before it.
enum class Part {
    quick, ///< a glance
    main,  ///< the tables of docs/performance.md
    all
};

/// What the machine can do at most, measured just before the row, so that both see one machine.
struct Limit {
    std::string name, unit; // GOP/s, GB/s, or us
    double value = 0;
};

struct Row {
    std::string name; // kernel/op/hot|cold/shape; limit/what for a limit
    std::string cluster;
    std::size_t rows = 0, cols = 0, tokens = 0, threads = 1;
    std::string pages;     // of the weights of a cold row: "4k", "2m"
    Part part = Part::all; // the smallest selection that has it

    double bits_per_weight = 0;
    double operations = 0; // per call; a product counts two
    double bytes = 0; // per call: packed weights; for rows without weights, bytes read and written

    std::vector<double> seconds; // of calls: see sample_seconds()
    std::vector<Limit> limits;
    double gigahertz = 0; // of the core, just after the calls; 0 where it is not known
    bool verified = false;
};

} // namespace bench
