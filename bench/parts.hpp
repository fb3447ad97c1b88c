// SPDX-License-Identifier: MIT
// The limit of work that is done part after part.
#pragma once

#include <algorithm>
#include <vector>

namespace bench {

/// A part reads weights and computes with them at once, or copies.
struct WorkPart {
    double read_bytes = 0, operations = 0, copied_bytes = 0;
};

/// 10⁹ bytes or operations a second.
struct Rates {
    double read = 0, operations = 0, copy = 0;
};

/// The least seconds for all parts: each takes the longer of its reads and its operations, and its
/// copies.
inline double least_seconds(const std::vector<WorkPart>& parts, const Rates& rates) {
    double seconds = 0;
    for (const WorkPart& part : parts) {
        seconds += std::max(part.read_bytes / rates.read, part.operations / rates.operations) +
                   part.copied_bytes / rates.copy;
    }
    return seconds * 1e-9;
}

} // namespace bench
