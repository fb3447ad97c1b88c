// SPDX-License-Identifier: MIT
// TQ1_0: five ternary codes a byte, a scale for 256 columns.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/blocks/bytes.hpp>
#include <bitnet/config.hpp>

namespace BITNET_NAMESPACE::blocks {

/// GGUF's TQ1_0: 256 columns in 54 bytes, of which the last two are the scale, a half. Digits of
/// base 3, as digits_of_three() reads them, each code + 1: byte m < 32 holds the columns m + 32 n,
/// n = 0 .. 4; byte 32 + m, m < 16, the columns 160 + m + 16 n; byte 48 + m, m < 4, the columns
/// 240 + m + 4 n, n = 0 .. 3.
struct TQ1_0 : Rows<TQ1_0> {
    BITNET_HIDDEN static constexpr const char* name = "TQ1_0";
    static constexpr std::size_t cols = 256, bytes = 54, scale_at = 52, tail_bytes = 0;

    BITNET_INLINE static void decode(const std::uint8_t* block, std::int8_t* codes) noexcept {
        detail::digits_of_three<32, 5>(block, codes);
        detail::digits_of_three<16, 5>(block + 32, codes + 160);
        detail::digits_of_three<4, 4>(block + 48, codes + 240);
    }
};

} // namespace BITNET_NAMESPACE::blocks
