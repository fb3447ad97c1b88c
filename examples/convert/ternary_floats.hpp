// SPDX-License-Identifier: MIT
// Floats that are ternary weights: what a model is whose codes were written out as d, 0 and -d.
#pragma once

#include "checkpoint.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace bitnet::example {

/// The same weights in blocks of Q2_0 with groups of 64, to be packed with `factor`.
struct TernaryBlocks {
    std::vector<std::byte> bytes;
    float factor = 1.0f;
};

/// None where some 64 neighbours of a row have two magnitudes, where a row is no multiple of 64, or
/// where the magnitudes are neither all the same nor all halves. NaN and infinity are no weights.
/// pre: is_float(tensor.type)
std::optional<TernaryBlocks> ternary_blocks(const SourceTensor& tensor);

} // namespace bitnet::example
