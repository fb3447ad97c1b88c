// SPDX-License-Identifier: MIT
// Primitives on 64-bit ARM with SDOT, which does in one instruction what neon does in four and
// takes a token's word from any lane of a register.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/simd/neon.hpp>

#if !defined(XSIMD_NO_SUPPORTED_ARCHITECTURE) && XSIMD_WITH_NEON64 && defined(__ARM_FEATURE_DOTPROD)
namespace BITNET_NAMESPACE::simd {

/// What the clusters with SDOT share.
template <class Isa>
struct neon_sdot : neon_common<Isa> {
    using typename neon_common<Isa>::u32;
    using typename neon_common<Isa>::i32;
    using typename neon_common<Isa>::DotSums;
    using neon_common<Isa>::bytes_of;

    // 32 registers: 4 x 4 accumulators, 4 of codes, x, and temporaries.
    static constexpr std::size_t gemm_blocks = 1, gemm_tokens = 4;

    static BITNET_INLINE i32 dot4(const i32& sum, const u32& codes, const u32& x) noexcept {
        return in_place(vdotq_s32(sum, bytes_of(codes), bytes_of(x)));
    }
    static BITNET_INLINE DotSums add_dot4(const DotSums& sums, const u32& codes,
                                          const u32& x) noexcept {
        return DotSums(dot4(sums.lanes, codes, x));
    }
    /// The same with lane Lane of x in place of each.
    template <int Lane>
    static BITNET_INLINE DotSums add_dot4_lane(const DotSums& sums, const u32& codes,
                                               const u32& x) noexcept {
        return DotSums(in_place(vdotq_laneq_s32(sums.lanes, bytes_of(codes), bytes_of(x), Lane)));
    }
    // An int32 takes four products a call; a code of 128 is negative to SDOT.
    static constexpr std::size_t dot4_calls(std::size_t largest) noexcept {
        return largest > 127 ? 1 : (std::size_t{1} << 31) / (4 * 128 * largest);
    }
    static BITNET_INLINE i32 dot4_sum(const DotSums& sums) noexcept { return sums.lanes; }

    static BITNET_INLINE i32 dot4_wide(const i32& sum, const u32& codes, const u32& x) noexcept {
        // Codes less 128 are signed bytes; 128 x is the same for all registers of a token's word.
        const int8x16_t c =
            vreinterpretq_s8_u8(veorq_u8(vreinterpretq_u8_u32(codes), vdupq_n_u8(128)));
        const int32x4_t less = vdotq_s32(vdupq_n_s32(0), bytes_of(x), vdupq_n_s8(-128));
        return vsubq_s32(vdotq_s32(sum, c, bytes_of(x)), less);
    }
};

template <>
struct ops<isa::neon_dotprod> : neon_sdot<isa::neon_dotprod> {
    /// The dots of 8 rows with a panel of 8 tokens: see panel_dots(). Two registers of codes meet
    /// eight lanes of tokens: 16 SDOT and two loads of pairs for 256 products.
    struct PanelSums {
        static constexpr std::size_t rows = 8, words = 1;
        int32x4_t sum[2][8];

        BITNET_INLINE PanelSums() noexcept : sum{} {}

        /// += the dots of the codes (words, 64) of a row block with the words (words, 8) at x
        BITNET_INLINE void add(const std::uint8_t* codes, const std::uint8_t* x) noexcept {
            const int8x16_t c[2] = {load_bytes(codes), load_bytes(codes + 16)};
            add_four(sum[0], sum[1], c, load_bytes(x));
            add_four(sum[0] + 4, sum[1] + 4, c, load_bytes(x + 16));
        }
        /// dots[t * 16 + r] = row r with token t
        BITNET_INLINE void store(std::int32_t* dots) const noexcept {
            BITNET_UNROLL
            for (std::size_t t = 0; t < 8; ++t) {
                vst1q_s32(dots + t * layout::tile_rows, sum[0][t]);
                vst1q_s32(dots + t * layout::tile_rows + 4, sum[1][t]);
            }
        }

    private:
        static BITNET_INLINE int8x16_t load_bytes(const std::uint8_t* p) noexcept {
            return vreinterpretq_s8_u8(vld1q_u8(p));
        }
        static BITNET_INLINE void add_four(int32x4_t* a, int32x4_t* b, const int8x16_t (&c)[2],
                                           const int8x16_t& tokens) noexcept {
            add_one<0>(a, b, c, tokens);
            add_one<1>(a, b, c, tokens);
            add_one<2>(a, b, c, tokens);
            add_one<3>(a, b, c, tokens);
        }
        template <int T>
        static BITNET_INLINE void add_one(int32x4_t* a, int32x4_t* b, const int8x16_t (&c)[2],
                                          const int8x16_t& tokens) noexcept {
            a[T] = in_place(vdotq_laneq_s32(a[T], c[0], tokens, T));
            b[T] = in_place(vdotq_laneq_s32(b[T], c[1], tokens, T));
        }
    };
};

} // namespace BITNET_NAMESPACE::simd
#endif
