// SPDX-License-Identifier: MIT
// I2_S: the blocks of bitnet.cpp.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/blocks/bytes.hpp>
#include <bitnet/config.hpp>

namespace BITNET_NAMESPACE::blocks {

/// GGUF's I2_S: 128 columns in 32 bytes. Byte p holds the columns p, p + 32, p + 64, p + 96 in its
/// bits 6-7, 4-5, 2-3, 0-1, each code + 1. After the codes of the matrix come 32 bytes, which begin
/// with the float that is the scale of all.
/// (An older converter wrote runs of 64 columns on ARM. No file says which it has: this is the one
/// that is in use.)
struct I2_S : Rows<I2_S> {
    BITNET_HIDDEN static constexpr const char* name = "I2_S";
    static constexpr std::size_t cols = 128, bytes = 32, scale_at = no_scale, tail_bytes = 32;

    BITNET_INLINE static void decode(const std::uint8_t* block, std::int8_t* codes) noexcept {
        detail::planes_of_32(block, 6, -2, codes);
    }
};

} // namespace BITNET_NAMESPACE::blocks
