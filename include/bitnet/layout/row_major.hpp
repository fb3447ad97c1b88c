// SPDX-License-Identifier: MIT
// RowMajor: the order for exchange.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/config.hpp>
#include <bitnet/layout/tiled.hpp>

namespace BITNET_NAMESPACE::layout {

/// Natural order: value (r, c) has bits [c * bits, c * bits + bits) of row r, counted from the
/// lowest bit of byte 0; each row is padded to whole 64-bit words. The order for exchange.
struct RowMajor {
    BITNET_HIDDEN static constexpr const char* name = "row-major";
    static constexpr const char* kernel_suffix = "";
    static constexpr std::uint32_t id = 1;
    template <class Format>
    static constexpr bool holds = 8 % Format::bits == 0;

    template <class Format>
    struct mapping {
        static_assert(holds<Format>, "a value lies in one byte");
        static constexpr std::size_t step_cols = 64 / Format::bits, step_bytes = 8;

        std::size_t rows, cols;

        BITNET_INLINE constexpr std::size_t row_bytes() const noexcept {
            return padded_cols() / step_cols * step_bytes;
        }
        BITNET_INLINE constexpr std::size_t bytes() const noexcept { return rows * row_bytes(); }
        BITNET_INLINE constexpr std::size_t padded_rows() const noexcept { return rows; }
        BITNET_INLINE constexpr std::size_t padded_cols() const noexcept {
            return round_up(cols, step_cols);
        }
        BITNET_INLINE constexpr unsigned load(const std::uint8_t* data, std::size_t r,
                                              std::size_t c) const noexcept {
            return (unsigned{data[byte_of(r, c)]} >> (c * Format::bits % 8)) &
                   ((1u << Format::bits) - 1);
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

    template <class Format>
    static BITNET_INLINE void pack_step(const std::int8_t* codes, std::uint8_t* out) noexcept {
        constexpr unsigned in_byte = 8 / Format::bits;
        for (std::size_t i = 0; i < 8; ++i) {
            unsigned byte = 0;
            for (unsigned k = 0; k < in_byte; ++k) {
                byte |= Format::encode(codes[i * in_byte + k]) << (k * Format::bits);
            }
            out[i] = static_cast<std::uint8_t>(byte);
        }
    }
    template <class Format>
    static BITNET_INLINE void unpack_step(const std::uint8_t* in, std::int8_t* codes) noexcept {
        constexpr unsigned in_byte = 8 / Format::bits;
        for (std::size_t i = 0; i < 8; ++i) {
            for (unsigned k = 0; k < in_byte; ++k) {
                const unsigned u =
                    unsigned{in[i]} >> (k * Format::bits) & ((1u << Format::bits) - 1);
                codes[i * in_byte + k] = static_cast<std::int8_t>(Format::decode(u));
            }
        }
    }
    template <class Format>
    static BITNET_INLINE bool all_encodings(const std::uint8_t* data, std::size_t bytes) noexcept {
        return detail::all_fields_are_codes<Format>(data, bytes);
    }
};

} // namespace BITNET_NAMESPACE::layout
