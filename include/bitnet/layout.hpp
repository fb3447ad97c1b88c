// SPDX-License-Identifier: MIT
// Layouts: where the codes of a matrix stand in memory. A layout is a property of the data and
// means the same bytes on every CPU; kernels may prefer one, and repack() converts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <bitnet/config.hpp>
#include <bitnet/format.hpp>

namespace BITNET_NAMESPACE {

/// Rounds n up to a multiple of m.
BITNET_INLINE constexpr std::size_t round_up(std::size_t n, std::size_t m) noexcept {
    return (n + m - 1) / m * m;
}

/// The numbers of columns that may share a scale.
BITNET_INLINE constexpr bool is_group(std::size_t n) noexcept {
    return n == 32 || n == 64 || n == 128 || n == 256;
}
/// How many groups of this many columns a row has; group = 0: one of all columns.
BITNET_INLINE constexpr std::size_t groups_of(std::size_t cols, std::size_t group) noexcept {
    return group ? (cols + group - 1) / group : 1;
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

/// Natural order: value (r, c) has bits [c * bits, c * bits + bits) of row r, counted from the
/// lowest bit of byte 0; each row is padded to whole 64-bit words. The order for exchange.
struct RowMajor {
    static constexpr const char* name = "row-major";
    static constexpr const char* kernel_suffix = "";
    static constexpr std::uint32_t id = 1;

    template <class Format>
    struct mapping {
        static_assert(8 % Format::bits == 0, "a value lies in one byte");
        std::size_t rows, cols;

        BITNET_INLINE constexpr std::size_t row_bytes() const noexcept {
            return round_up(cols * Format::bits, 64) / 8;
        }
        BITNET_INLINE constexpr std::size_t bytes() const noexcept { return rows * row_bytes(); }
        BITNET_INLINE constexpr std::size_t padded_rows() const noexcept { return rows; }
        BITNET_INLINE constexpr std::size_t padded_cols() const noexcept {
            return row_bytes() * 8 / Format::bits;
        }

        BITNET_INLINE constexpr unsigned load(const std::uint8_t* data, std::size_t r,
                                              std::size_t c) const noexcept {
            return (data[byte_of(r, c)] >> (c * Format::bits % 8)) & ((1u << Format::bits) - 1);
        }
        BITNET_INLINE constexpr void store(std::uint8_t* data, std::size_t r, std::size_t c,
                                           unsigned u) const noexcept {
            const std::size_t shift = c * Format::bits % 8;
            std::uint8_t& byte = data[byte_of(r, c)];
            const unsigned mask = ((1u << Format::bits) - 1) << shift;
            byte = static_cast<std::uint8_t>((byte & ~mask) | (u << shift));
        }
        /// The byte that holds value (r, c).
        BITNET_INLINE constexpr std::size_t byte_of(std::size_t r, std::size_t c) const noexcept {
            return r * row_bytes() + c * Format::bits / 8;
        }
    };
};

/// 16 rows x 4 columns interleaved, for int8 activations and (Binary) for popcounts; bits 1, 2,
/// 4, 8. A line of 64 bytes holds 16 rows x V columns, V = 32 / bits: byte 4 i + j holds, of row i,
/// the columns 4 s + j of the line, s = 0, 1, ..., at bits [s * bits, s * bits + bits). The lines
/// of 16 rows follow each other along the columns, then the next 16 rows. Rows pad to a multiple of
/// 16, columns to a multiple of 32, with the format's pad code.
struct Rows16 {
    static constexpr const char* name = "rows16";
    static constexpr const char* kernel_suffix = "";
    static constexpr std::uint32_t id = 2;

    template <class Format>
    struct mapping {
        std::size_t rows, cols;

        static_assert(8 % Format::bits == 0, "a value lies in one byte");
        static constexpr std::size_t line_cols = 32 / Format::bits;

        BITNET_INLINE constexpr std::size_t padded_rows() const noexcept {
            return round_up(rows, tile_rows);
        }
        BITNET_INLINE constexpr std::size_t padded_cols() const noexcept {
            return round_up(cols, tile_cols);
        }
        /// Bytes from one block of 16 rows to the next.
        BITNET_INLINE constexpr std::size_t block_bytes() const noexcept {
            return padded_cols() / line_cols * line_bytes;
        }
        BITNET_INLINE constexpr std::size_t bytes() const noexcept {
            return padded_rows() / tile_rows * block_bytes();
        }
        BITNET_INLINE constexpr unsigned load(const std::uint8_t* data, std::size_t r,
                                              std::size_t c) const noexcept {
            return (data[byte_of(r, c)] >> shift_of(c)) & ((1u << Format::bits) - 1);
        }
        BITNET_INLINE constexpr void store(std::uint8_t* data, std::size_t r, std::size_t c,
                                           unsigned u) const noexcept {
            std::uint8_t& byte = data[byte_of(r, c)];
            const unsigned mask = ((1u << Format::bits) - 1) << shift_of(c);
            byte = static_cast<std::uint8_t>((byte & ~mask) | (u << shift_of(c)));
        }
        BITNET_INLINE constexpr std::size_t byte_of(std::size_t r, std::size_t c) const noexcept {
            return r / tile_rows * block_bytes() + c / line_cols * line_bytes +
                   (r % tile_rows) * 4 + c % 4;
        }

    private:
        BITNET_INLINE static constexpr unsigned shift_of(std::size_t c) noexcept {
            return static_cast<unsigned>(c % line_cols / 4 * Format::bits);
        }
    };
};

/// Ternary as two bit planes, for popcounts. A pair of lines holds 16 rows x 32 columns: first the
/// mask line (bit 1 where w != 0), then the sign line (bit 1 where w = +1; 0 where w = 0).
/// In a line, row i has the 32-bit lane i, and column k of the 32 the bit lane_bit(k).
struct Planes16 {
    static constexpr const char* name = "planes16";
    static constexpr const char* kernel_suffix = "";
    static constexpr std::uint32_t id = 3;

    template <class Format>
    struct mapping {
        static_assert(std::is_same_v<Format, Ternary>, "planes hold ternary values");
        std::size_t rows, cols;

        BITNET_INLINE constexpr std::size_t padded_rows() const noexcept {
            return round_up(rows, tile_rows);
        }
        BITNET_INLINE constexpr std::size_t padded_cols() const noexcept {
            return round_up(cols, tile_cols);
        }
        BITNET_INLINE constexpr std::size_t block_bytes() const noexcept {
            return padded_cols() / tile_cols * 2 * line_bytes;
        }
        BITNET_INLINE constexpr std::size_t bytes() const noexcept {
            return padded_rows() / tile_rows * block_bytes();
        }
        /// w + 1, or 3 for the illegal pair mask 0, sign 1.
        BITNET_INLINE constexpr unsigned load(const std::uint8_t* data, std::size_t r,
                                              std::size_t c) const noexcept {
            const std::size_t at = byte_of(r, c);
            const unsigned shift = lane_bit(c) % 8;
            const unsigned mask = (data[at] >> shift) & 1,
                           sign = (data[at + line_bytes] >> shift) & 1;
            return mask ? sign * 2 : (sign ? 3u : 1u);
        }
        BITNET_INLINE constexpr void store(std::uint8_t* data, std::size_t r, std::size_t c,
                                           unsigned u) const noexcept {
            const std::size_t at = byte_of(r, c);
            const unsigned bit = 1u << (lane_bit(c) % 8);
            set(data[at], bit, u != 1);
            set(data[at + line_bytes], bit, u == 2);
        }
        /// Of the mask; the sign stands a line further.
        BITNET_INLINE constexpr std::size_t byte_of(std::size_t r, std::size_t c) const noexcept {
            return r / tile_rows * block_bytes() + c / tile_cols * 2 * line_bytes +
                   (r % tile_rows) * 4 + lane_bit(c) / 8;
        }

    private:
        BITNET_INLINE static constexpr void set(std::uint8_t& byte, unsigned bit,
                                                bool on) noexcept {
            byte = static_cast<std::uint8_t>(on ? byte | bit : byte & ~bit);
        }
    };
};

/// Ternary, five values a byte (3^5 = 243), for int8 activations: 1.6 bits a value.
/// A line of 64 bytes holds 16 rows x 20 columns: byte 4 i + j holds, of row i, the columns 4 s + j
/// of the line, s = 0 .. 4, whose codes u = w + 1 are the digits of a triple and a pair:
///   t = 9 u[0] + 3 u[1] + u[2],  p = 3 u[3] + u[4],  byte = p > 0 ? 32 + 8 t + p - 1 : t
/// so that the upper five bits say t + 4 and the lower three p - 1, unless the upper three are 0.
/// The bytes 27 .. 31 and 248 .. 255 are illegal. Lines and blocks of rows follow each other as in
/// Rows16.
/// Rows pad to a multiple of 16, columns to a multiple of 20. No scales per group: 20 divides none.
struct Dense16 {
    static constexpr const char* name = "dense16";
    static constexpr const char* kernel_suffix = "dense";
    static constexpr std::uint32_t id = 4;
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
        u[0] = t / 9, u[1] = t / 3 % 3, u[2] = t % 3, u[3] = p / 3, u[4] = p % 3;
    }

    template <class Format>
    struct mapping {
        static_assert(std::is_same_v<Format, Ternary>, "five digits of base 3 a byte");
        std::size_t rows, cols;

        BITNET_INLINE constexpr std::size_t padded_rows() const noexcept {
            return round_up(rows, tile_rows);
        }
        BITNET_INLINE constexpr std::size_t padded_cols() const noexcept {
            return round_up(cols, line_cols);
        }
        BITNET_INLINE constexpr std::size_t block_bytes() const noexcept {
            return padded_cols() / line_cols * line_bytes;
        }
        BITNET_INLINE constexpr std::size_t bytes() const noexcept {
            return padded_rows() / tile_rows * block_bytes();
        }
        /// w + 1, or 3 for every value of an illegal byte.
        BITNET_INLINE constexpr unsigned load(const std::uint8_t* data, std::size_t r,
                                              std::size_t c) const noexcept {
            const unsigned byte = data[byte_of(r, c)];
            if (!is_legal(byte)) return 3;
            unsigned u[5] = {};
            decode(byte, u);
            return u[c % line_cols / 4];
        }
        /// The other values of a byte that was illegal become w = 0.
        /// pre: u < 3
        BITNET_INLINE constexpr void store(std::uint8_t* data, std::size_t r, std::size_t c,
                                           unsigned u) const noexcept {
            std::uint8_t& byte = data[byte_of(r, c)];
            unsigned all[5] = {1, 1, 1, 1, 1};
            if (is_legal(byte)) decode(byte, all);
            all[c % line_cols / 4] = u;
            byte = encode(all);
        }
        BITNET_INLINE constexpr std::size_t byte_of(std::size_t r, std::size_t c) const noexcept {
            return r / tile_rows * block_bytes() + c / line_cols * line_bytes +
                   (r % tile_rows) * 4 + c % 4;
        }
    };
};

/// Six bits a value, for int8 activations. Three lines of 64 bytes hold 16 rows x 16 columns: byte
/// 4 i + j of line l holds, of row i, column 4 l + j in its low six bits, and in its upper two the
/// bits [2 l, 2 l + 2) of column 12 + j. So three lines give three registers of codes by one AND
/// each, and the fourth from what those left over.
struct Six16 {
    static constexpr const char* name = "six16";
    static constexpr const char* kernel_suffix = "";
    static constexpr std::uint32_t id = 5;

    template <class Format>
    struct mapping {
        static_assert(Format::bits == 6);
        std::size_t rows, cols;

        BITNET_INLINE constexpr std::size_t padded_rows() const noexcept {
            return round_up(rows, tile_rows);
        }
        BITNET_INLINE constexpr std::size_t padded_cols() const noexcept {
            return round_up(cols, tile_cols);
        }
        BITNET_INLINE constexpr std::size_t block_bytes() const noexcept {
            return padded_cols() / 16 * 3 * line_bytes;
        }
        BITNET_INLINE constexpr std::size_t bytes() const noexcept {
            return padded_rows() / tile_rows * block_bytes();
        }
        BITNET_INLINE constexpr unsigned load(const std::uint8_t* data, std::size_t r,
                                              std::size_t c) const noexcept {
            const std::uint8_t* p = data + byte_of(r, c);
            if (c % 16 < 12) return *p & 63u;
            unsigned u = 0;
            for (unsigned l = 0; l < 3; ++l) u |= p[l * line_bytes] / 64u << 2 * l;
            return u;
        }
        BITNET_INLINE constexpr void store(std::uint8_t* data, std::size_t r, std::size_t c,
                                           unsigned u) const noexcept {
            std::uint8_t* p = data + byte_of(r, c);
            if (c % 16 < 12) {
                *p = static_cast<std::uint8_t>((*p & 0xc0u) | u);
                return;
            }
            for (unsigned l = 0; l < 3; ++l, p += line_bytes) {
                *p = static_cast<std::uint8_t>((*p & 63u) | (u >> 2 * l & 3u) << 6);
            }
        }
        /// Of columns 12 .. 15 the byte in the first line; the others stand a line and two further.
        BITNET_INLINE constexpr std::size_t byte_of(std::size_t r, std::size_t c) const noexcept {
            const std::size_t line = c / 16 * 3 + (c % 16 < 12 ? c % 16 / 4 : 0);
            return r / tile_rows * block_bytes() + line * line_bytes + (r % tile_rows) * 4 + c % 4;
        }
    };
};

} // namespace layout

/// Whether a layout's columns may have scales per group.
template <class Layout>
inline constexpr bool has_groups = !std::is_same_v<Layout, layout::Dense16>;

} // namespace BITNET_NAMESPACE
