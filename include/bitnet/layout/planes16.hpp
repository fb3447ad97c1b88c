// SPDX-License-Identifier: MIT
// Planes16: ternary weights as a mask and a sign, for popcounts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <bitnet/config.hpp>
#include <bitnet/layout/tiled.hpp>

namespace BITNET_NAMESPACE::layout {

/// Ternary as two bit planes, for popcounts. A pair of lines holds 16 rows x 32 columns: first the
/// mask line (bit 1 where w != 0), then the sign line (bit 1 where w = +1; 0 where w = 0).
/// In a line, row i has the 32-bit lane i, and column k of the 32 the bit lane_bit(k).
struct Planes16 {
    BITNET_HIDDEN static constexpr const char* name = "planes16";
    static constexpr const char* kernel_suffix = "";
    static constexpr std::uint32_t id = 3;
    template <class Format>
    static constexpr bool holds = std::is_same_v<Format, Ternary>;

    template <class Format>
    struct Places {
        static_assert(holds<Format>, "planes hold ternary values");
        static constexpr std::size_t step_cols = tile_cols, step_bytes = 2 * line_bytes;

        /// Of the mask; the sign is a line further.
        BITNET_INLINE static constexpr std::size_t byte_of(std::size_t i, std::size_t c) noexcept {
            return c / tile_cols * step_bytes + i * 4 + lane_bit(c) / 8;
        }
        /// w + 1, or 3 for the illegal pair mask 0, sign 1.
        BITNET_INLINE static constexpr unsigned load(const std::uint8_t* block, std::size_t i,
                                                     std::size_t c) noexcept {
            const std::size_t at = byte_of(i, c);
            const unsigned shift = lane_bit(c) % 8;
            const unsigned mask = (unsigned{block[at]} >> shift) & 1,
                           sign = (unsigned{block[at + line_bytes]} >> shift) & 1;
            return mask ? sign * 2 : (sign ? 3u : 1u);
        }
        BITNET_INLINE static constexpr void store(std::uint8_t* block, std::size_t i, std::size_t c,
                                                  unsigned u) noexcept {
            const std::size_t at = byte_of(i, c);
            const unsigned bit = 1u << (lane_bit(c) % 8);
            set(block[at], bit, u != 1);
            set(block[at + line_bytes], bit, u == 2);
        }

    private:
        BITNET_INLINE static constexpr void set(std::uint8_t& byte, unsigned bit,
                                                bool on) noexcept {
            byte = static_cast<std::uint8_t>(on ? byte | bit : byte & ~bit);
        }
    };
    template <class Format>
    using mapping = TiledMapping<Places<Format>>;

    template <class Format>
    static BITNET_INLINE void pack_step(const std::int8_t* codes, std::uint8_t* out) noexcept {
        std::uint32_t mask = 0, sign = 0;
        for (unsigned s = 0; s < 8; ++s) {
            const std::uint32_t v = detail::load32(codes + 4 * s);
            mask |= (v & 0x01010101u) << s;
            sign |= (v & ~(v >> 7) & 0x01010101u) << s;
        }
        detail::store32(out, mask);
        detail::store32(out + line_bytes, sign);
    }
    template <class Format>
    static BITNET_INLINE void unpack_step(const std::uint8_t* in, std::int8_t* codes) noexcept {
        const std::uint32_t mask = detail::load32(in), sign = detail::load32(in + line_bytes);
        for (unsigned s = 0; s < 8; ++s) { // 2 sign - mask, in every byte
            const std::uint32_t twice = (sign >> s & 0x01010101u) << 1;
            detail::store32(codes + 4 * s,
                            ((twice | 0x80808080u) - (mask >> s & 0x01010101u)) ^ 0x80808080u);
        }
    }
    template <class Format>
    static BITNET_INLINE bool all_encodings(const std::uint8_t* data, std::size_t bytes) noexcept {
        return detail::none_bad<2 * line_bytes>(
            data, bytes, [](const std::uint8_t* p) BITNET_INLINE_LAMBDA {
                std::uint64_t bad = 0;
                for (std::size_t i = 0; i < line_bytes; i += 8) {
                    bad |= detail::load64(p + line_bytes + i) & ~detail::load64(p + i);
                }
                return bad;
            });
    }
};

} // namespace BITNET_NAMESPACE::layout
