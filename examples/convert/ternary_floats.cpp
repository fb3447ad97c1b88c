// SPDX-License-Identifier: MIT
// A block of Q2_0 is its scale, a half, and two bits a weight, the code + 1.
#include "ternary_floats.hpp"

#include "half.hpp"
#include "model_format.hpp"
#include "source_floats.hpp"

#include <cmath>
#include <cstdint>
#include <span>

namespace bitnet::example {
namespace {

constexpr SourceFormat format = format_of(SourceType::q2_0_g64);

// The one magnitude of all that are not zero, 0 where all are; none where there are two.
std::optional<float> magnitude(std::span<const float> values) {
    float found = 0;
    for (const float value : values) {
        const float size = std::abs(value);
        if (size == 0.0f || size == found) continue;
        if (found != 0.0f || !std::isfinite(size)) return std::nullopt;
        found = size;
    }
    return found;
}

void write_codes(std::span<const float> values, std::byte* to) {
    for (std::size_t i = 0; i < values.size(); ++i) {
        const unsigned code = values[i] > 0.0f ? 2 : values[i] < 0.0f ? 0 : 1;
        to[i / 4] |= static_cast<std::byte>(code << (2 * (i % 4)));
    }
}

} // namespace

std::optional<TernaryBlocks> ternary_blocks(const SourceTensor& tensor) {
    if (tensor.cols % format.values != 0) return std::nullopt;
    TernaryBlocks blocks;
    blocks.bytes.resize(tensor.rows * (tensor.cols / format.values) * format.bytes);
    std::vector<float> magnitudes; // of each block
    magnitudes.reserve(blocks.bytes.size() / format.bytes);
    std::vector<float> row(tensor.cols);
    std::byte* to = blocks.bytes.data();
    float common = 0; // of all blocks, as long as there is one
    bool same = true;
    for (std::size_t r = 0; r < tensor.rows; ++r) {
        source_floats(tensor, r, row);
        for (std::size_t c = 0; c < tensor.cols; c += format.values, to += format.bytes) {
            const std::span<const float> values = std::span(row).subspan(c, format.values);
            const std::optional<float> size = magnitude(values);
            if (!size) return std::nullopt;
            if (common == 0.0f) common = *size;
            same = same && (*size == 0.0f || *size == common);
            magnitudes.push_back(*size);
            write_codes(values, to + 2);
        }
    }
    if (same) blocks.factor = common;
    for (std::size_t b = 0; b < magnitudes.size(); ++b) {
        const float size = same ? 1.0f : magnitudes[b];
        std::uint16_t half = 0;
        if (!exact_halves({&size, 1}, {&half, 1})) return std::nullopt;
        file_format::store<std::uint16_t>(blocks.bytes.data() + b * format.bytes, half);
    }
    return blocks;
}

} // namespace bitnet::example
