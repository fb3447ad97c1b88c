// SPDX-License-Identifier: MIT
// What the types of blocks share: codes out of bytes, eight at a time, and rows of blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <bitnet/config.hpp>
#include <bitnet/little_endian.hpp>

namespace BITNET_NAMESPACE::blocks {

/// With scale_at: a block holds no scale.
inline constexpr std::size_t no_scale = static_cast<std::size_t>(-1);

/// The rows of a matrix whose blocks lie along its rows, one after the other.
template <class Blocks>
struct Rows {
    static constexpr std::size_t rows = 1; ///< of a block

    /// The codes of a row. data: a (rows, cols) matrix · codes (cols)
    BITNET_INLINE static void decode_row(const std::uint8_t* data, std::size_t, std::size_t cols,
                                         std::size_t row, std::int8_t* codes) noexcept {
        const std::size_t blocks = cols / Blocks::cols;
        data += row * blocks * Blocks::bytes;
        for (std::size_t b = 0; b < blocks; ++b) {
            Blocks::decode(data + b * Blocks::bytes, codes + b * Blocks::cols);
        }
    }
};

namespace detail {

using bitnet::detail::load64;
using bitnet::detail::store64;

inline constexpr std::uint64_t each_byte = 0x0101010101010101u;

/// u - 1 of each byte u < 128.
BITNET_INLINE constexpr std::uint64_t minus_one(std::uint64_t u) noexcept {
    return ((u | 0x80 * each_byte) - each_byte) ^ 0x80 * each_byte;
}

/// The two bits from `shift` on of each of eight bytes, less 1: codes -1 .. 2.
BITNET_INLINE constexpr std::uint64_t two_bits(std::uint64_t bytes, unsigned shift) noexcept {
    return minus_one(bytes >> shift & 3 * each_byte);
}

/// 128 codes of 32 bytes: those from 32 n on are the two bits from `first + step * n` on.
BITNET_INLINE void planes_of_32(const std::uint8_t* in, int first, int step,
                                std::int8_t* codes) noexcept {
    for (std::size_t m = 0; m < 32; m += 8) {
        const std::uint64_t bytes = load64(in + m);
        for (int n = 0; n < 4; ++n) {
            store64(codes + 32 * n + m, two_bits(bytes, static_cast<unsigned>(first + step * n)));
        }
    }
}

/// Count digits of base 3 in each of Width bytes: code m + Width n is digit n of byte m, less 1. A
/// byte is a fraction of 256, and the first digit is the most significant: three times the byte
/// has it above its eight low bits, which are what is left.
template <std::size_t Width, int Count>
BITNET_INLINE void digits_of_three(const std::uint8_t* in, std::int8_t* codes) noexcept {
    constexpr std::size_t size = Width < 8 ? Width : 8;
    constexpr std::uint64_t even = 0x00ff00ff00ff00ffu; // bytes, with room above each
    for (std::size_t m = 0; m < Width; m += size) {
        std::uint8_t eight[8] = {};
        std::memcpy(eight, in + m, size);
        const std::uint64_t bytes = load64(eight);
        std::uint64_t low = bytes & even, high = bytes >> 8 & even;
        for (int n = 0; n < Count; ++n, codes += Width) {
            low *= 3;
            high *= 3;
            store64(eight, minus_one((low >> 8 & even) | (high & ~even)));
            std::memcpy(codes + m, eight, size);
            low &= even;
            high &= even;
        }
        codes -= Width * Count;
    }
}

} // namespace detail
} // namespace BITNET_NAMESPACE::blocks
