// SPDX-License-Identifier: MIT
// Primitives on 64-bit ARM with USDOT, whose codes are unsigned, and USMMLA, which multiplies the
// codes of two rows with two tokens, eight columns at a time.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/simd/neon_dotprod.hpp>

#if !defined(XSIMD_NO_SUPPORTED_ARCHITECTURE) && XSIMD_WITH_NEON64 &&                              \
    defined(__ARM_FEATURE_DOTPROD) && defined(__ARM_FEATURE_MATMUL_INT8)
namespace BITNET_NAMESPACE::simd {

template <>
struct ops<isa::neon_i8mm> : neon_sdot<isa::neon_i8mm> {
    static BITNET_INLINE i32 dot4_wide(const i32& sum, const u32& codes, const u32& x) noexcept {
        return vusdotq_s32(sum, vreinterpretq_u8_u32(codes), bytes_of(x));
    }

    /// The dots of 8 rows with a panel of 8 tokens: see panel_dots(). 16 USMMLA for 512 products,
    /// of 4 registers of codes, as arrange() left them, and 4 of tokens, which ZIP makes of a
    /// panel's words.
    struct PanelSums {
        static constexpr std::size_t rows = 8, words = 2;
        int32x4_t sum[4][4]; // two rows x two tokens each

        BITNET_INLINE PanelSums() noexcept : sum{} {}

        /// From the codes (2, 64) of two words: in the first 64 bytes the rows 0 and 1, 4 and 5
        /// ..., in the others 2 and 3, 6 and 7 ..., of each its 8 columns.
        static BITNET_INLINE void arrange(std::uint8_t* codes) noexcept {
            BITNET_UNROLL
            for (std::size_t p = 0; p < layout::line_bytes; p += 16) {
                const uint32x4_t first = vreinterpretq_u32_u8(vld1q_u8(codes + p));
                const uint32x4_t second =
                    vreinterpretq_u32_u8(vld1q_u8(codes + p + layout::line_bytes));
                vst1q_u8(codes + p, vreinterpretq_u8_u32(vzip1q_u32(first, second)));
                vst1q_u8(codes + p + layout::line_bytes,
                         vreinterpretq_u8_u32(vzip2q_u32(first, second)));
            }
        }
        /// += the dots of the arranged codes of a row block with the words (2, 8) at x
        BITNET_INLINE void add(const std::uint8_t* codes, const std::uint8_t* x) noexcept {
            const uint8x16_t c[4] = {vld1q_u8(codes), vld1q_u8(codes + layout::line_bytes),
                                     vld1q_u8(codes + 16),
                                     vld1q_u8(codes + layout::line_bytes + 16)};
            const uint32x4_t w[4] = {
                vreinterpretq_u32_u8(vld1q_u8(x)), vreinterpretq_u32_u8(vld1q_u8(x + 16)),
                vreinterpretq_u32_u8(vld1q_u8(x + 32)), vreinterpretq_u32_u8(vld1q_u8(x + 48))};
            const int8x16_t v[4] = {vreinterpretq_s8_u32(vzip1q_u32(w[0], w[2])),
                                    vreinterpretq_s8_u32(vzip2q_u32(w[0], w[2])),
                                    vreinterpretq_s8_u32(vzip1q_u32(w[1], w[3])),
                                    vreinterpretq_s8_u32(vzip2q_u32(w[1], w[3]))};
            BITNET_UNROLL
            for (int i = 0; i < 4; ++i) {
                BITNET_UNROLL
                for (int j = 0; j < 4; ++j) {
                    sum[i][j] = in_place(vusmmlaq_s32(sum[i][j], c[i], v[j]));
                }
            }
        }
        /// dots[t * 16 + r] = row r with token t
        BITNET_INLINE void store(std::int32_t* dots) const noexcept {
            BITNET_UNROLL
            for (std::size_t j = 0; j < 4; ++j) {
                BITNET_UNROLL
                for (std::size_t i = 0; i < 4; i += 2) {
                    std::int32_t* const to = dots + 2 * j * layout::tile_rows + 2 * i;
                    vst1q_s32(to, vuzp1q_s32(sum[i][j], sum[i + 1][j]));
                    vst1q_s32(to + layout::tile_rows, vuzp2q_s32(sum[i][j], sum[i + 1][j]));
                }
            }
        }
    };
};

} // namespace BITNET_NAMESPACE::simd
#endif
