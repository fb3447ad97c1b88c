// SPDX-License-Identifier: MIT
// HfTernary: the packed uint8 of Hugging Face's BitNet checkpoints.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <bitnet/blocks/bytes.hpp>
#include <bitnet/config.hpp>

namespace BITNET_NAMESPACE::blocks {

/// Hugging Face's uint8 of quant_method "bitnet", (R, cols) with R = ceil(rows / 4): byte (r, c)
/// holds column c of the rows r, r + R, r + 2 R, r + 3 R in its bits 0-1, 2-3, 4-5, 6-7, each
/// code + 1. What is beyond the rows means nothing. The scale is a tensor of its own.
struct HfTernary {
    BITNET_HIDDEN static constexpr const char* name = "Hugging Face ternary";
    static constexpr std::size_t rows = 4, cols = 1, bytes = 1, scale_at = no_scale, tail_bytes = 0;

    BITNET_INLINE static void decode_row(const std::uint8_t* data, std::size_t all_rows,
                                         std::size_t all_cols, std::size_t row,
                                         std::int8_t* codes) noexcept {
        const std::size_t plane_rows = (all_rows + rows - 1) / rows;
        const std::uint8_t* const in = data + row % plane_rows * all_cols;
        const auto shift = static_cast<unsigned>(row / plane_rows * 2);
        std::size_t c = 0;
        for (; c + 8 <= all_cols; c += 8) {
            detail::store64(codes + c, detail::two_bits(detail::load64(in + c), shift));
        }
        for (; c < all_cols; ++c) codes[c] = static_cast<std::int8_t>((in[c] >> shift & 3) - 1);
    }
};

} // namespace BITNET_NAMESPACE::blocks
