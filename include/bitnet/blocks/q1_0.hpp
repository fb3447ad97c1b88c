// SPDX-License-Identifier: MIT
// Q1_0: a bit a code, a scale for 128 columns.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/blocks/bytes.hpp>
#include <bitnet/config.hpp>

namespace BITNET_NAMESPACE::blocks {

/// GGUF's Q1_0: 128 columns in 18 bytes, of which the first two are the scale, a half. Column j is
/// bit j mod 8 of the byte j / 8 after it: 1 for +1, 0 for -1.
struct Q1_0 : Rows<Q1_0> {
    BITNET_HIDDEN static constexpr const char* name = "Q1_0";
    static constexpr std::size_t cols = 128, bytes = 18, scale_at = 0, tail_bytes = 0;

    BITNET_INLINE static void decode(const std::uint8_t* block, std::int8_t* codes) noexcept {
        using detail::each_byte;
        for (std::size_t i = 0; i < cols / 8; ++i) {
            const std::uint64_t bit = block[2 + i] * each_byte & 0x8040201008040201u;
            const std::uint64_t is_set = (bit + 0x7f * each_byte) >> 7 & each_byte;
            detail::store64(codes + 8 * i, detail::minus_one(is_set << 1));
        }
    }
};

} // namespace BITNET_NAMESPACE::blocks
