// SPDX-License-Identifier: MIT
// Dense16: five ternary weights a byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <bitnet/config.hpp>
#include <bitnet/layout/tiled.hpp>

namespace BITNET_NAMESPACE::layout {

/// Ternary, five values a byte (3^5 = 243), for int8 activations: 1.625 bits a value.
/// 256 columns are a step of 13 lines of 64 bytes, each of 16 rows x 20 columns, the last of
/// 16 x 16. Byte 4 i + j of a line holds, of row i, the columns 4 s + j of the line, s = 0 .. 4,
/// whose codes u = w + 1 are the digits of a triple and a pair:
///   t = 9 u[0] + 3 u[1] + u[2],  p = 3 u[3] + u[4],  byte = p > 0 ? 32 + 8 t + p - 1 : t
/// so that the upper five bits say t + 4 and the lower three p - 1, unless the upper three are 0.
/// The bytes 27 .. 31 and 248 .. 255 are illegal. In the last line u[4] = 0, which adds nothing to
/// a sum of u q; a byte with another is illegal there. A group of columns may begin and end inside
/// a line, never inside the four columns of a digit. Steps and blocks of rows follow each other as
/// in Rows16.
/// Rows pad to a multiple of 16, columns to a multiple of 256.
struct Dense16 {
    BITNET_HIDDEN static constexpr const char* name = "dense16";
    static constexpr const char* kernel_suffix = "dense";
    static constexpr std::uint32_t id = 6;
    template <class Format>
    static constexpr bool holds = std::is_same_v<Format, Ternary>;
    static constexpr std::size_t digits = 5, line_cols = 4 * digits;
    static constexpr std::size_t step_cols = 256, step_lines = 13, last_digits = 4;
    static_assert((step_lines - 1) * line_cols + 4 * last_digits == step_cols);

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

    /// The same for a byte of the last line of a step.
    BITNET_INLINE static constexpr bool is_legal_at_end(unsigned byte) noexcept {
        if (!is_legal(byte)) return false;
        unsigned u[digits] = {};
        decode(byte, u);
        return u[last_digits] == 0;
    }

    template <class Format>
    struct Places {
        static_assert(holds<Format>, "five digits of base 3 a byte");
        static constexpr std::size_t step_cols = Dense16::step_cols;
        static constexpr std::size_t step_bytes = step_lines * line_bytes;

        BITNET_INLINE static constexpr std::size_t byte_of(std::size_t i, std::size_t c) noexcept {
            return c / step_cols * step_bytes + line_of(c) * line_bytes + i * 4 + c % 4;
        }
        /// w + 1, or 3 for every value of an illegal byte.
        BITNET_INLINE static constexpr unsigned load(const std::uint8_t* block, std::size_t i,
                                                     std::size_t c) noexcept {
            const unsigned byte = block[byte_of(i, c)];
            if (!is_legal_in(line_of(c), byte)) return 3;
            unsigned u[digits] = {};
            decode(byte, u);
            return u[digit_of(c)];
        }
        /// The other values of a byte that was illegal become w = 0.
        /// pre: u < 3
        BITNET_INLINE static constexpr void store(std::uint8_t* block, std::size_t i, std::size_t c,
                                                  unsigned u) noexcept {
            std::uint8_t& byte = block[byte_of(i, c)];
            unsigned all[digits] = {1, 1, 1, 1, line_of(c) + 1 == step_lines ? 0u : 1u};
            if (is_legal_in(line_of(c), byte)) decode(byte, all);
            all[digit_of(c)] = u;
            byte = encode(all);
        }

    private:
        BITNET_INLINE static constexpr std::size_t line_of(std::size_t c) noexcept {
            return c % step_cols / line_cols;
        }
        BITNET_INLINE static constexpr std::size_t digit_of(std::size_t c) noexcept {
            return c % step_cols % line_cols / 4;
        }
        BITNET_INLINE static constexpr bool is_legal_in(std::size_t line, unsigned byte) noexcept {
            return line + 1 == step_lines ? is_legal_at_end(byte) : is_legal(byte);
        }
    };
    template <class Format>
    using mapping = TiledMapping<Places<Format>>;

    template <class Format>
    static BITNET_INLINE void pack_step(const std::int8_t* codes, std::uint8_t* out) noexcept {
        for_each_byte([&](std::size_t byte, std::size_t first, std::size_t count) {
            unsigned u[digits] = {};
            for (std::size_t s = 0; s < count; ++s) u[s] = Format::encode(codes[first + 4 * s]);
            out[byte] = encode(u);
        });
    }
    template <class Format>
    static BITNET_INLINE void unpack_step(const std::uint8_t* in, std::int8_t* codes) noexcept {
        for_each_byte([&](std::size_t byte, std::size_t first, std::size_t count) {
            unsigned u[digits] = {3, 3, 3, 3, 3};
            if (count == digits ? is_legal(in[byte]) : is_legal_at_end(in[byte])) {
                decode(in[byte], u);
            }
            for (std::size_t s = 0; s < count; ++s) {
                codes[first + 4 * s] = static_cast<std::int8_t>(Format::decode(u[s]));
            }
        });
    }
    template <class Format>
    static BITNET_INLINE bool all_encodings(const std::uint8_t* data, std::size_t bytes) noexcept {
        constexpr std::size_t step = step_lines * line_bytes, end = step - line_bytes;
        for (std::size_t at = 0; at < bytes; at += step) {
            if (!none_illegal(data + at, end, is_legal) ||
                !none_illegal(data + at + end, line_bytes, is_legal_at_end)) {
                return false;
            }
        }
        return true;
    }

private:
    /// Calls f(byte, first, count) for the bytes of a row in a step: where the byte is, its first
    /// column, and how many columns it holds, each four after the one before.
    template <class F>
    static BITNET_INLINE void for_each_byte(const F& f) noexcept {
        for (std::size_t line = 0; line < step_lines; ++line) {
            const std::size_t count = line + 1 == step_lines ? last_digits : digits;
            for (std::size_t j = 0; j < 4; ++j) {
                f(line * line_bytes + j, line * line_cols + j, count);
            }
        }
    }
    template <class Legal>
    static BITNET_INLINE bool none_illegal(const std::uint8_t* data, std::size_t bytes,
                                           const Legal& legal) noexcept {
        return detail::none_bad<8>(data, bytes, [&](const std::uint8_t* p) BITNET_INLINE_LAMBDA {
            std::uint64_t bad = 0;
            for (std::size_t i = 0; i < 8; ++i) bad |= !legal(p[i]);
            return bad;
        });
    }
};

} // namespace BITNET_NAMESPACE::layout
