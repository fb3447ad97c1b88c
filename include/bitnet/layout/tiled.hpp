// SPDX-License-Identifier: MIT
// What the layouts share: the size of a tile, the order of bits in a lane, TiledMapping.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/config.hpp>
#include <bitnet/format.hpp>
#include <bitnet/little_endian.hpp>

namespace BITNET_NAMESPACE {

/// Rounds n up to a multiple of m.
BITNET_INLINE constexpr std::size_t round_up(std::size_t n, std::size_t m) noexcept {
    return (n + m - 1) / m * m;
}

namespace layout {

/// Rows and columns that the tiled layouts pad to.
inline constexpr std::size_t tile_rows = 16;
inline constexpr std::size_t tile_cols = 32;
/// Bytes of one line: 16 rows x 32 bits, one AVX-512 register or one cache line.
inline constexpr std::size_t line_bytes = 64;

/// In a 32-bit lane that holds one bit for each of 32 columns, column k has bit 8 (k mod 4) + k /
/// 4: so (lane >> s) & 0x01010101 is the four bytes of columns 4s .. 4s+3, what a 4-way byte dot
/// needs.
BITNET_INLINE constexpr unsigned lane_bit(std::size_t k) noexcept {
    return static_cast<unsigned>(8 * (k % 4) + (k % 32) / 4);
}

/// The mapping of a tiled layout. Blocks of 16 rows follow each other. In a block, steps of
/// step_cols columns follow each other, each of step_bytes bytes. Rows and columns pad to whole
/// blocks and steps with the format's pad code.
/// Places says where value (i, c) of a block is: step_cols, step_bytes, and load, store and byte_of
/// as below, of a block instead of a matrix.
template <class Places>
struct TiledMapping {
    static constexpr std::size_t step_cols = Places::step_cols, step_bytes = Places::step_bytes;

    std::size_t rows, cols;

    BITNET_INLINE constexpr std::size_t padded_rows() const noexcept {
        return round_up(rows, tile_rows);
    }
    BITNET_INLINE constexpr std::size_t padded_cols() const noexcept {
        return round_up(cols, step_cols);
    }
    /// Bytes from one block of 16 rows to the next.
    BITNET_INLINE constexpr std::size_t block_bytes() const noexcept {
        return padded_cols() / step_cols * step_bytes;
    }
    BITNET_INLINE constexpr std::size_t bytes() const noexcept {
        return padded_rows() / tile_rows * block_bytes();
    }
    /// The encoding of value (r, c); one that is_encoding() refuses where the bytes hold none.
    BITNET_INLINE constexpr unsigned load(const std::uint8_t* data, std::size_t r,
                                          std::size_t c) const noexcept {
        return Places::load(data + r / tile_rows * block_bytes(), r % tile_rows, c);
    }
    BITNET_INLINE constexpr void store(std::uint8_t* data, std::size_t r, std::size_t c,
                                       unsigned u) const noexcept {
        Places::store(data + r / tile_rows * block_bytes(), r % tile_rows, c, u);
    }
    /// The first byte that holds bits of value (r, c).
    BITNET_INLINE constexpr std::size_t byte_of(std::size_t r, std::size_t c) const noexcept {
        return r / tile_rows * block_bytes() + Places::byte_of(r % tile_rows, c);
    }
};

} // namespace layout

namespace detail {

/// Whether bad(p) is 0 for every p of data, data + Step, ... Step divides bytes and 4096.
template <std::size_t Step, class F>
BITNET_INLINE bool none_bad(const std::uint8_t* data, std::size_t bytes, F&& bad) noexcept {
    for (std::size_t at = 0; at < bytes;) {
        const std::size_t end = bytes - at < 4096 ? bytes : at + 4096;
        std::uint64_t found = 0; // a chunk without early exit is SIMD
        for (; at < end; at += Step) found |= bad(data + at);
        if (found) return false;
    }
    return true;
}

/// Whether every field of Format::bits bits is a code. 8 divides bytes.
template <class Format>
BITNET_INLINE bool all_fields_are_codes(const std::uint8_t* data, std::size_t bytes) noexcept {
    if constexpr (Format::count == std::size_t{1} << Format::bits) {
        return true;
    } else {
        static_assert(Format::bits == 2 && Format::count == 3, "3 is no code");
        return none_bad<8>(data, bytes, [](const std::uint8_t* p) BITNET_INLINE_LAMBDA {
            const std::uint64_t w = load64(p);
            return w & w >> 1 & 0x5555555555555555u;
        });
    }
}

} // namespace detail
} // namespace BITNET_NAMESPACE
