// SPDX-License-Identifier: MIT
// Dense16: five ternary weights a byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <bitnet/config.hpp>
#include <bitnet/layout/tiled.hpp>

namespace BITNET_NAMESPACE::layout {

/// Ternary, five values a byte (3^5 = 243), for int8 activations: 1.6 bits a value.
/// A line of 64 bytes holds 16 rows x 20 columns: byte 4 i + j holds, of row i, the columns 4 s + j
/// of the line, s = 0 .. 4, whose codes u = w + 1 are the digits of a triple and a pair:
///   t = 9 u[0] + 3 u[1] + u[2],  p = 3 u[3] + u[4],  byte = p > 0 ? 32 + 8 t + p - 1 : t
/// so that the upper five bits say t + 4 and the lower three p - 1, unless the upper three are 0.
/// The bytes 27 .. 31 and 248 .. 255 are illegal. Lines and blocks of rows follow each other as in
/// Rows16.
/// Rows pad to a multiple of 16, columns to a multiple of 20. No scales per group: 20 divides none.
struct Dense16 {
    BITNET_HIDDEN static constexpr const char* name = "dense16";
    static constexpr const char* kernel_suffix = "dense";
    static constexpr std::uint32_t id = 4;
    static constexpr bool has_groups = false;
    template <class Format>
    static constexpr bool holds = std::is_same_v<Format, Ternary>;
    static constexpr std::size_t line_cols = 20;

    BITNET_INLINE static constexpr std::uint8_t encode(const unsigned (&u)[5]) noexcept {
        const unsigned t = 9 * u[0] + 3 * u[1] + u[2], p = 3 * u[3] + u[4];
        return static_cast<std::uint8_t>(p > 0 ? 32 + 8 * t + p - 1 : t);
    }
    BITNET_INLINE static constexpr bool is_legal(unsigned byte) noexcept {
        return byte < 27 || (byte >= 32 && byte < 32 + 8 * 27);
    }
    /// pre: is_legal(byte)
    BITNET_INLINE static constexpr void decode(unsigned byte, unsigned (&u)[5]) noexcept {
        const unsigned t = byte < 32 ? byte : byte / 8 - 4, p = byte < 32 ? 0 : byte % 8 + 1;
        u[0] = t / 9;
        u[1] = t / 3 % 3;
        u[2] = t % 3;
        u[3] = p / 3;
        u[4] = p % 3;
    }

    template <class Format>
    struct Places {
        static_assert(holds<Format>, "five digits of base 3 a byte");
        static constexpr std::size_t step_cols = line_cols, step_bytes = line_bytes;

        BITNET_INLINE static constexpr std::size_t byte_of(std::size_t i, std::size_t c) noexcept {
            return c / line_cols * line_bytes + i * 4 + c % 4;
        }
        /// w + 1, or 3 for every value of an illegal byte.
        BITNET_INLINE static constexpr unsigned load(const std::uint8_t* block, std::size_t i,
                                                     std::size_t c) noexcept {
            const unsigned byte = block[byte_of(i, c)];
            if (!is_legal(byte)) return 3;
            unsigned u[5] = {};
            decode(byte, u);
            return u[c % line_cols / 4];
        }
        /// The other values of a byte that was illegal become w = 0.
        /// pre: u < 3
        BITNET_INLINE static constexpr void store(std::uint8_t* block, std::size_t i, std::size_t c,
                                                  unsigned u) noexcept {
            std::uint8_t& byte = block[byte_of(i, c)];
            unsigned all[5] = {1, 1, 1, 1, 1};
            if (is_legal(byte)) decode(byte, all);
            all[c % line_cols / 4] = u;
            byte = encode(all);
        }
    };
    template <class Format>
    using mapping = TiledMapping<Places<Format>>;

    template <class Format>
    static BITNET_INLINE void pack_step(const std::int8_t* codes, std::uint8_t* out) noexcept {
        for (std::size_t j = 0; j < 4; ++j) {
            unsigned u[5];
            for (std::size_t s = 0; s < 5; ++s) u[s] = Format::encode(codes[4 * s + j]);
            out[j] = encode(u);
        }
    }
    template <class Format>
    static BITNET_INLINE void unpack_step(const std::uint8_t* in, std::int8_t* codes) noexcept {
        for (std::size_t j = 0; j < 4; ++j) {
            unsigned u[5] = {3, 3, 3, 3, 3};
            if (is_legal(in[j])) decode(in[j], u);
            for (std::size_t s = 0; s < 5; ++s) {
                codes[4 * s + j] = static_cast<std::int8_t>(Format::decode(u[s]));
            }
        }
    }
    template <class Format>
    static BITNET_INLINE bool all_encodings(const std::uint8_t* data, std::size_t bytes) noexcept {
        return detail::none_bad<8>(data, bytes, [](const std::uint8_t* p) BITNET_INLINE_LAMBDA {
            std::uint64_t bad = 0;
            for (std::size_t i = 0; i < 8; ++i) bad |= !is_legal(p[i]);
            return bad;
        });
    }
};

} // namespace BITNET_NAMESPACE::layout
