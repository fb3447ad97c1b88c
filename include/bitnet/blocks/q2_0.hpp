// SPDX-License-Identifier: MIT
// Q2_0: two bits a code, a scale for 64 or for 128 columns.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/blocks/bytes.hpp>
#include <bitnet/config.hpp>
#include <bitnet/text.hpp>

namespace BITNET_NAMESPACE::blocks {

/// GGUF's Q2_0: 64 columns in 18 bytes, or in files of another program, which calls it PQ2_0 too,
/// 128 in 34. The first two bytes are the scale, a half. Column j has the bits 2 (j mod 4) and
/// above of the byte j / 4 after it, code + 1.
template <std::size_t Cols>
struct Q2_0 : Rows<Q2_0<Cols>> {
    static_assert(Cols == 64 || Cols == 128, "files have these two");
    BITNET_HIDDEN static constexpr Text text{"Q2_0-g", Cols};
    BITNET_HIDDEN static constexpr const char* name = text.characters;
    static constexpr std::size_t cols = Cols, bytes = 2 + Cols / 4, scale_at = 0, tail_bytes = 0;

    BITNET_INLINE static void decode(const std::uint8_t* block, std::int8_t* codes) noexcept {
        for (std::size_t i = 0; i < cols / 8; ++i) { // two bytes: each two bits into a byte
            std::uint64_t v = block[2 + 2 * i] | std::uint64_t{block[3 + 2 * i]} << 32;
            v = (v | v << 12) & 0x000f000f000f000fu;
            v = (v | v << 6) & 3 * detail::each_byte;
            detail::store64(codes + 8 * i, detail::minus_one(v));
        }
    }
};

} // namespace BITNET_NAMESPACE::blocks
