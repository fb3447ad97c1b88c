// SPDX-License-Identifier: MIT
// The forms in which files of other projects hold the values of a tensor: one row each.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace bitnet::example {

enum class SourceType {
    f32,
    f16,
    bf16,
    q4_0,
    q8_0,
    q6_k,
    tq1_0,
    tq2_0,
    i2_s,
    q1_0,
    q2_0_g64,
    q2_0_g128,
    ptq1_0,
    hf_ternary,
};

/// A row of a tensor is whole blocks of `values` neighbouring columns in `bytes` bytes.
/// docs/formats.md has the bits. Scales lie in the blocks, but for i2_s and hf_ternary:
/// SourceTensor::factor.
struct SourceFormat {
    SourceType type;
    std::string_view name;
    std::size_t values;
    std::size_t bytes;
};

/// hf_ternary alone has no rows of its own: a byte holds column c of the rows r, r + R, r + 2 R and
/// r + 3 R, R = ceil(rows / 4), and a tensor is R rows of a byte per column.
inline constexpr std::array source_formats{
    SourceFormat{SourceType::f32, "F32", 1, 4},
    SourceFormat{SourceType::f16, "F16", 1, 2},
    SourceFormat{SourceType::bf16, "BF16", 1, 2},
    SourceFormat{SourceType::q4_0, "Q4_0", 32, 18},
    SourceFormat{SourceType::q8_0, "Q8_0", 32, 34},
    SourceFormat{SourceType::q6_k, "Q6_K", 256, 210},
    SourceFormat{SourceType::tq1_0, "TQ1_0", 256, 54},
    SourceFormat{SourceType::tq2_0, "TQ2_0", 256, 66},
    SourceFormat{SourceType::i2_s, "I2_S", 128, 32},
    SourceFormat{SourceType::q1_0, "Q1_0", 128, 18},
    SourceFormat{SourceType::q2_0_g64, "Q2_0 (groups of 64)", 64, 18},
    SourceFormat{SourceType::q2_0_g128, "Q2_0 (groups of 128)", 128, 34},
    SourceFormat{SourceType::ptq1_0, "PTQ1_0", 128, 28},
    SourceFormat{SourceType::hf_ternary, "packed uint8", 1, 1},
};

constexpr const SourceFormat& format_of(SourceType type) noexcept {
    return source_formats[static_cast<std::size_t>(type)];
}

static_assert([] {
    for (std::size_t i = 0; i < source_formats.size(); ++i) {
        if (source_formats[i].type != static_cast<SourceType>(i)) return false;
    }
    return true;
}());

constexpr bool is_float(SourceType type) noexcept {
    return type == SourceType::f32 || type == SourceType::f16 || type == SourceType::bf16;
}

} // namespace bitnet::example
