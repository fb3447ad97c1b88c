// SPDX-License-Identifier: MIT
// TQ2_0: two bits a code, a scale for 256 columns.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/blocks/bytes.hpp>
#include <bitnet/config.hpp>

namespace BITNET_NAMESPACE::blocks {

/// GGUF's TQ2_0: 256 columns in 66 bytes, of which the last two are the scale, a half. Byte 32 h +
/// m holds the columns 128 h + m, + 32, + 64, + 96 in its bits 0-1, 2-3, 4-5, 6-7, each code + 1.
struct TQ2_0 : Rows<TQ2_0> {
    BITNET_HIDDEN static constexpr const char* name = "TQ2_0";
    static constexpr std::size_t cols = 256, bytes = 66, scale_at = 64, tail_bytes = 0;

    BITNET_INLINE static void decode(const std::uint8_t* block, std::int8_t* codes) noexcept {
        detail::planes_of_32(block, 0, 2, codes);
        detail::planes_of_32(block + 32, 0, 2, codes + 128);
    }
};

} // namespace BITNET_NAMESPACE::blocks
