// SPDX-License-Identifier: MIT
// Rows16: 16 rows side by side, for byte dots and, of binary weights, for popcounts.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/config.hpp>
#include <bitnet/layout/tiled.hpp>

namespace BITNET_NAMESPACE::layout {

/// 16 rows x 4 columns interleaved, for int8 activations and (Binary) for popcounts; bits 1, 2,
/// 4, 8. A line of 64 bytes holds 16 rows x V columns, V = 32 / bits: byte 4 i + j holds, of row i,
/// the columns 4 s + j of the line, s = 0, 1, ..., at bits [s * bits, s * bits + bits). The lines
/// of 16 rows follow each other along the columns, then the next 16 rows. Rows pad to a multiple of
/// 16, columns to a multiple of 32, with the format's pad code.
struct Rows16 {
    BITNET_HIDDEN static constexpr const char* name = "rows16";
    static constexpr const char* kernel_suffix = "";
    static constexpr std::uint32_t id = 2;
    template <class Format>
    static constexpr bool holds = 8 % Format::bits == 0;

    template <class Format>
    struct Places {
        static_assert(holds<Format>, "a value lies in one byte");
        static constexpr std::size_t line_cols = 32 / Format::bits;
        static constexpr std::size_t step_cols = tile_cols, step_bytes = Format::bits * line_bytes;

        BITNET_INLINE static constexpr std::size_t byte_of(std::size_t i, std::size_t c) noexcept {
            return c / line_cols * line_bytes + i * 4 + c % 4;
        }
        BITNET_INLINE static constexpr unsigned load(const std::uint8_t* block, std::size_t i,
                                                     std::size_t c) noexcept {
            return (unsigned{block[byte_of(i, c)]} >> shift_of(c)) & ((1u << Format::bits) - 1);
        }
        BITNET_INLINE static constexpr void store(std::uint8_t* block, std::size_t i, std::size_t c,
                                                  unsigned u) noexcept {
            std::uint8_t& byte = block[byte_of(i, c)];
            const unsigned mask = ((1u << Format::bits) - 1) << shift_of(c);
            byte = static_cast<std::uint8_t>((byte & ~mask) | (u << shift_of(c)));
        }

    private:
        BITNET_INLINE static constexpr unsigned shift_of(std::size_t c) noexcept {
            return static_cast<unsigned>(c % line_cols / 4 * Format::bits);
        }
    };
    template <class Format>
    using mapping = TiledMapping<Places<Format>>;

    template <class Format>
    static BITNET_INLINE void pack_step(const std::int8_t* codes, std::uint8_t* out) noexcept {
        constexpr unsigned words = 8 / Format::bits; // words of four columns in a line
        for (unsigned line = 0; line < Format::bits; ++line) {
            std::uint32_t lane = 0;
            for (unsigned s = 0; s < words; ++s) {
                lane |= Format::encode4(detail::load32(codes + 4 * (line * words + s)))
                        << (s * Format::bits);
            }
            detail::store32(out + line * line_bytes, lane);
        }
    }
    template <class Format>
    static BITNET_INLINE void unpack_step(const std::uint8_t* in, std::int8_t* codes) noexcept {
        constexpr unsigned words = 8 / Format::bits;
        constexpr std::uint32_t digit = ((1u << Format::bits) - 1) * 0x01010101u;
        for (unsigned line = 0; line < Format::bits; ++line) {
            const std::uint32_t lane = detail::load32(in + line * line_bytes);
            for (unsigned s = 0; s < words; ++s) {
                detail::store32(codes + 4 * (line * words + s),
                                Format::decode4(lane >> (s * Format::bits) & digit));
            }
        }
    }
    template <class Format>
    static BITNET_INLINE bool all_encodings(const std::uint8_t* data, std::size_t bytes) noexcept {
        return detail::all_fields_are_codes<Format>(data, bytes);
    }
};

} // namespace BITNET_NAMESPACE::layout
