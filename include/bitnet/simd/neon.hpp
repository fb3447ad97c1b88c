// SPDX-License-Identifier: MIT
// Primitives on 64-bit ARM (Armv8.0-A). No dot of bytes: SMULL and SMLAL multiply eight bytes into
// int16. CNT counts the ones of bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <bitnet/layout.hpp>
#include <bitnet/simd/generic.hpp>
#include <bitnet/simd/in_place.hpp>

#if !defined(XSIMD_NO_SUPPORTED_ARCHITECTURE) && XSIMD_WITH_NEON64
#include <arm_neon.h>

namespace BITNET_NAMESPACE::simd {

/// What the clusters of 64-bit ARM share.
template <class Isa>
struct neon_common : generic<Isa> {
    using typename generic<Isa>::u32;
    using typename generic<Isa>::i32;
    using typename generic<Isa>::f32;

    static constexpr bool asks_for_streams = false; // nobody has measured that it pays
    static constexpr std::size_t steps_a_turn = 4;

    /// An EOR and a BIC.
    static BITNET_INLINE u32 where_equal(const u32& a, const u32& b, const u32& mask) noexcept {
        return vbicq_u32(mask, veorq_u32(a, b));
    }

    static BITNET_INLINE u32 div3(const u32& v) noexcept {
        constexpr std::uint8_t table[16] = {0, 0, 0, 1, 1, 1, 2, 2, 2};
        return look_up(table, vreinterpretq_u8_u32(v));
    }
    static BITNET_INLINE u32 mod3(const u32& v) noexcept {
        constexpr std::uint8_t table[16] = {0, 1, 2, 0, 1, 2, 0, 1, 2};
        return look_up(table, vreinterpretq_u8_u32(v));
    }

    // Tables are loaded by in_place(): else g++ loads them anew for each line.
    // Two indices: t below 27, and the lower three bits, or 255 where the byte is below 32: TBL
    // makes 0 of an index beyond its table. Six instructions a register, and one a digit.
    struct Trits {
        uint8x16_t triple, pair;
    };
    static BITNET_INLINE Trits split_trits(const u32& line) noexcept {
        const uint8x16_t v = vreinterpretq_u8_u32(line);
        // Below 32, line / 8 - 4 wraps to 252 or more, and the byte itself is t.
        const uint8x16_t upper = vsubq_u8(vshrq_n_u8(v, 3), vdupq_n_u8(4));
        const uint8x16_t none = vcltq_u8(v, vdupq_n_u8(32));
        return {vminq_u8(upper, v), vorrq_u8(vandq_u8(v, vdupq_n_u8(7)), none)};
    }
    template <int S>
    static BITNET_INLINE u32 trit(const Trits& line) noexcept {
        if constexpr (S < 3) {
            constexpr digits<S> table;
            const uint8x16x2_t rows = {
                {in_place(vld1q_u8(table.of)), in_place(vld1q_u8(table.of + 16))}};
            return vreinterpretq_u32_u8(vqtbl2q_u8(rows, line.triple));
        } else {
            constexpr std::uint8_t three[16] = {0, 0, 1, 1, 1, 2, 2, 2};
            constexpr std::uint8_t unit[16] = {1, 2, 0, 1, 2, 0, 1, 2};
            return look_up(S == 3 ? three : unit, line.pair);
        }
    }

    /// A count a byte. As bytes: of int32 lanes g++ copies each count at the end of a loop.
    struct BitCounts {
        uint8x16_t bytes;
        BitCounts() noexcept = default; // of any value
        BITNET_INLINE explicit BitCounts(const uint8x16_t& v) noexcept : bytes(v) {}
        BITNET_INLINE explicit BitCounts(const i32& v) noexcept : bytes(vreinterpretq_u8_s32(v)) {}
    };
    static BITNET_INLINE BitCounts add_popcount(const BitCounts& counts, const u32& v) noexcept {
        const uint8x16_t ones = vcntq_u8(vreinterpretq_u8_u32(v));
        return BitCounts(in_place(vaddq_u8(counts.bytes, ones)));
    }
    static BITNET_INLINE i32 popcount(const BitCounts& counts) noexcept {
        return vreinterpretq_s32_u32(vpaddlq_u16(vpaddlq_u8(counts.bytes)));
    }

    static BITNET_INLINE void store_bytes(std::int8_t* p, const i32& v) noexcept {
        const int16x4_t words = vmovn_s32(v);
        const int8x8_t bytes = vmovn_s16(vcombine_s16(words, words));
        const std::int32_t four = vget_lane_s32(vreinterpret_s32_s8(bytes), 0);
        std::memcpy(p, &four, sizeof four);
    }

    static BITNET_INLINE u32 load_bytes(const std::uint8_t* p) noexcept {
        std::uint32_t four;
        std::memcpy(&four, p, sizeof four);
        return vmovl_u16(vget_low_u16(vmovl_u8(vcreate_u8(four))));
    }

    static BITNET_INLINE f32 load_halves(const std::uint16_t* p) noexcept {
        return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
    }

    static BITNET_INLINE void store_halves(std::uint16_t* p, const f32& v) noexcept {
        vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32(v)));
    }

    static BITNET_INLINE f32 add_exact_product(const f32& s, const f32& x, const f32& w) noexcept {
        return rounded(f32(vfmaq_f32(s, x, w)));
    }

    /// The dots of lines of codes of Bits bits, 1 or 2, with one token: see line_dots(). A code
    /// costs one instruction to reach: an AND leaves it where it is in its byte, in a sum of that
    /// place; the uppermost of two bits is shifted down; of one bit, CMTST makes 0 or -1 wherever
    /// it is.
    template <unsigned Bits>
    struct LineSums {
        using DotSums = typename ops<Isa>::DotSums;
        /// Whether sums are too narrow for a code that is 16 times as large.
        static constexpr bool is_narrow = ops<Isa>::dot4_calls(32) < 32;
        /// Calls of add() before the value must be taken. One bit: a sum takes four words a call,
        /// and -1 times -128 is one more than 127.
        static constexpr std::size_t calls = Bits == 1   ? (ops<Isa>::dot4_calls(1) - 1) / 4
                                             : is_narrow ? ops<Isa>::dot4_calls(8)
                                                         : ops<Isa>::dot4_calls(32);
        DotSums at[3];

        BITNET_INLINE LineSums() noexcept : at{DotSums(i32(0)), DotSums(i32(0)), DotSums(i32(0))} {}

        /// += the dots of a register of a line with the 8 / Bits words of the token at x
        BITNET_INLINE void add(const u32& line, const std::uint8_t* x) noexcept {
            const uint8x16_t w = vreinterpretq_u8_u32(line);
            if constexpr (Bits == 1) {
                add_bits<1, 2, 4, 8>(w, vld1q_u8(x));
                add_bits<16, 32, 64, 128>(w, vld1q_u8(x + 16));
            } else {
                const uint8x16_t words = vld1q_u8(x), low = vdupq_n_u8(3);
                add_word<0>(at[0], vandq_u8(w, low), words);
                add_word<1>(at[1], vandq_u8(w, vdupq_n_u8(3 << 2)), words);
                if constexpr (is_narrow) {
                    add_word<2>(at[0], vandq_u8(vshrq_n_u8(w, 4), low), words);
                } else {
                    add_word<2>(at[2], vandq_u8(w, vdupq_n_u8(3 << 4)), words);
                }
                add_word<3>(at[0], vshrq_n_u8(w, 6), words);
            }
        }
        /// Lane i: sum of u q of row i.
        BITNET_INLINE i32 value() const noexcept {
            const auto sum = [&](int i) BITNET_INLINE_LAMBDA { return ops<Isa>::dot4_sum(at[i]); };
            if constexpr (Bits == 1) {
                return i32(0) - ((sum(0) + sum(1)) << 1);
            } else {
                return sum(0) + (sum(1) >> 2) + (is_narrow ? i32(0) : sum(2) >> 4);
            }
        }

    private:
        template <int Word>
        static BITNET_INLINE void add_word(DotSums& sums, const uint8x16_t& codes,
                                           const uint8x16_t& words) noexcept {
            sums = ops<Isa>::template add_dot4_lane<Word>(sums, vreinterpretq_u32_u8(codes),
                                                          vreinterpretq_u32_u8(words));
        }
        template <std::uint8_t A, std::uint8_t B, std::uint8_t C, std::uint8_t D>
        BITNET_INLINE void add_bits(const uint8x16_t& w, const uint8x16_t& words) noexcept {
            add_word<0>(at[0], vtstq_u8(w, vdupq_n_u8(A)), words);
            add_word<1>(at[1], vtstq_u8(w, vdupq_n_u8(B)), words);
            add_word<2>(at[0], vtstq_u8(w, vdupq_n_u8(C)), words);
            add_word<3>(at[1], vtstq_u8(w, vdupq_n_u8(D)), words);
        }
    };

protected:
    static BITNET_INLINE int8x16_t bytes_of(const u32& v) noexcept {
        return vreinterpretq_s8_u32(v);
    }
    static BITNET_INLINE u32 look_up(const std::uint8_t (&table)[16],
                                     const uint8x16_t& index) noexcept {
        return vreinterpretq_u32_u8(vqtbl1q_u8(in_place(vld1q_u8(table)), index));
    }
    /// Digit S of each t.
    template <int S>
    struct digits {
        std::uint8_t of[32] = {};
        constexpr digits() noexcept {
            for (unsigned t = 0; t < 27; ++t) {
                unsigned u[5] = {};
                layout::Dense16::decode(t, u);
                of[t] = static_cast<std::uint8_t>(u[S]);
            }
        }
    };
};

template <>
struct ops<isa::neon> : neon_common<isa::neon> {
    // 32 registers: 4 x 2 accumulators of dots, two registers each.
    static constexpr std::size_t gemm_blocks = 1, gemm_tokens = 2;

    static BITNET_INLINE i32 dot4(const i32& sum, const u32& codes, const u32& x) noexcept {
        const int8x16_t c = bytes_of(codes), v = bytes_of(x);
        // Pairs in int16: at most 2 * 127 * 128 = 32512 < 2^15.
        return vpadalq_s16(
            sum, vpaddq_s16(vmull_s8(vget_low_s8(c), vget_low_s8(v)), vmull_high_s8(c, v)));
    }

    /// A sum for each byte of a register, of int16: lanes 0 and 1 in `low`, 2 and 3 in `high`.
    struct DotSums {
        int16x8_t low, high;
        DotSums() noexcept = default; // of any value
        /// pre: v is 0
        BITNET_INLINE explicit DotSums(const i32& v) noexcept
            : low(vreinterpretq_s16_s32(v)), high(vreinterpretq_s16_s32(v)) {}
    };
    static BITNET_INLINE DotSums add_dot4(DotSums sums, const u32& codes, const u32& x) noexcept {
        const int8x16_t c = bytes_of(codes), v = bytes_of(x);
        sums.low = in_place(vmlal_s8(sums.low, vget_low_s8(c), vget_low_s8(v)));
        sums.high = in_place(vmlal_high_s8(sums.high, c, v));
        return sums;
    }
    /// The same with lane Lane of x in place of each.
    template <int Lane>
    static BITNET_INLINE DotSums add_dot4_lane(const DotSums& sums, const u32& codes,
                                               const u32& x) noexcept {
        return add_dot4(sums, codes, vdupq_laneq_u32(x, Lane));
    }
    // An int16 takes one product a call; a code of 128 is negative to SMLAL.
    static constexpr std::size_t dot4_calls(std::size_t largest) noexcept {
        return largest > 127 ? 1 : 32768 / (128 * largest);
    }
    static BITNET_INLINE i32 dot4_sum(const DotSums& sums) noexcept {
        return vpaddq_s32(vpaddlq_s16(sums.low), vpaddlq_s16(sums.high));
    }

    static BITNET_INLINE i32 dot4_wide(const i32& sum, const u32& codes, const u32& x) noexcept {
        // Codes less 128 are signed bytes: dot = (codes - 128) x + 128 x, and 128 x is the same for
        // all registers that meet a token's word. A pair may be 2 * 128 * 128 = 2^15: in int32.
        const int8x16_t c =
            vreinterpretq_s8_u8(veorq_u8(vreinterpretq_u8_u32(codes), vdupq_n_u8(128)));
        const int8x16_t v = bytes_of(x);
        const int32x4_t own = vshlq_n_s32(vpaddlq_s16(vpaddlq_s8(v)), 7);
        const int32x4_t low = vpaddlq_s16(vmull_s8(vget_low_s8(c), vget_low_s8(v)));
        const int32x4_t high = vpaddlq_s16(vmull_high_s8(c, v));
        return vaddq_s32(vaddq_s32(sum, own), vpaddq_s32(low, high));
    }
};

} // namespace BITNET_NAMESPACE::simd
#endif
