// SPDX-License-Identifier: MIT
// PTQ1_0: five ternary codes a byte, a scale for 128 columns.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/blocks/bytes.hpp>
#include <bitnet/config.hpp>

namespace BITNET_NAMESPACE::blocks {

/// GGUF's PTQ1_0: 128 columns in 28 bytes, of which the last two are the scale, a half. Digits of
/// base 3, as digits_of_three() reads them, each code + 1: byte m < 16 holds the columns m + 16 n,
/// n = 0 .. 4; byte 16 + m, m < 8, the columns 80 + m + 8 n; byte 24 + m, m < 2, the columns
/// 120 + m + 2 n, n = 0 .. 3.
struct PTQ1_0 : Rows<PTQ1_0> {
    BITNET_HIDDEN static constexpr const char* name = "PTQ1_0";
    static constexpr std::size_t cols = 128, bytes = 28, scale_at = 26, tail_bytes = 0;

    BITNET_INLINE static void decode(const std::uint8_t* block, std::int8_t* codes) noexcept {
        detail::digits_of_three<16, 5>(block, codes);
        detail::digits_of_three<8, 5>(block + 16, codes + 80);
        detail::digits_of_three<2, 4>(block + 24, codes + 120);
    }
};

} // namespace BITNET_NAMESPACE::blocks
