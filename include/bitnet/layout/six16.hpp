// SPDX-License-Identifier: MIT
// Six16: codes of six bits, four in three bytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/config.hpp>
#include <bitnet/layout/tiled.hpp>

namespace BITNET_NAMESPACE::layout {

/// Six bits a value, for int8 activations. Three lines of 64 bytes hold 16 rows x 16 columns: byte
/// 4 i + j of line l holds, of row i, column 4 l + j in its low six bits, and in its upper two the
/// bits [2 l, 2 l + 2) of column 12 + j. So three lines give three registers of codes by one AND
/// each, and the fourth from what those left over.
struct Six16 {
    BITNET_HIDDEN static constexpr const char* name = "six16";
    static constexpr const char* kernel_suffix = "";
    static constexpr std::uint32_t id = 5;
    template <class Format>
    static constexpr bool holds = Format::bits == 6;

    template <class Format>
    struct Places {
        static_assert(holds<Format>, "a value has six bits");
        static constexpr std::size_t step_cols = tile_cols, step_bytes = 6 * line_bytes;

        /// Of columns 12 .. 15 the byte in the first line; the others are one and two lines
        /// further.
        BITNET_INLINE static constexpr std::size_t byte_of(std::size_t i, std::size_t c) noexcept {
            const std::size_t line = c / 16 * 3 + (c % 16 < 12 ? c % 16 / 4 : 0);
            return line * line_bytes + i * 4 + c % 4;
        }
        BITNET_INLINE static constexpr unsigned load(const std::uint8_t* block, std::size_t i,
                                                     std::size_t c) noexcept {
            const std::uint8_t* p = block + byte_of(i, c);
            if (c % 16 < 12) return *p & 63u;
            unsigned u = 0;
            for (unsigned l = 0; l < 3; ++l) u |= p[l * line_bytes] / 64u << 2 * l;
            return u;
        }
        BITNET_INLINE static constexpr void store(std::uint8_t* block, std::size_t i, std::size_t c,
                                                  unsigned u) noexcept {
            std::uint8_t* p = block + byte_of(i, c);
            if (c % 16 < 12) {
                *p = static_cast<std::uint8_t>((*p & 0xc0u) | u);
                return;
            }
            for (unsigned l = 0; l < 3; ++l, p += line_bytes) {
                *p = static_cast<std::uint8_t>((*p & 63u) | (u >> 2 * l & 3u) << 6);
            }
        }
    };
    template <class Format>
    using mapping = TiledMapping<Places<Format>>;

    template <class Format>
    static BITNET_INLINE void pack_step(const std::int8_t* codes, std::uint8_t* out) noexcept {
        for (unsigned half = 0; half < 2; ++half, codes += 16, out += 3 * line_bytes) {
            const std::uint32_t last = Format::encode4(detail::load32(codes + 12));
            for (unsigned l = 0; l < 3; ++l) {
                const std::uint32_t two_bits = last >> 2 * l & 0x03030303u;
                detail::store32(out + l * line_bytes,
                                Format::encode4(detail::load32(codes + 4 * l)) | two_bits << 6);
            }
        }
    }
    template <class Format>
    static BITNET_INLINE void unpack_step(const std::uint8_t* in, std::int8_t* codes) noexcept {
        for (unsigned half = 0; half < 2; ++half, in += 3 * line_bytes, codes += 16) {
            std::uint32_t last = 0;
            for (unsigned l = 0; l < 3; ++l) {
                const std::uint32_t lane = detail::load32(in + l * line_bytes);
                detail::store32(codes + 4 * l, Format::decode4(lane & 0x3f3f3f3fu));
                last |= (lane >> 6 & 0x03030303u) << 2 * l;
            }
            detail::store32(codes + 12, Format::decode4(last));
        }
    }
    template <class Format>
    static BITNET_INLINE bool all_encodings(const std::uint8_t*, std::size_t) noexcept {
        static_assert(Format::count == 64, "every pattern is a code");
        return true;
    }
};

} // namespace BITNET_NAMESPACE::layout
