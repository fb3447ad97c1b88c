// SPDX-License-Identifier: MIT
// Primitives on AVX-512 with VNNI and VPOPCNTDQ. Per cycle: two VPDPBUSD (ports 0 and 5, latency 5)
// or one VPOPCNTD (port 5, latency 3); logic and adds on ports 0 and 5.
#pragma once

#include <bitnet/simd/skylakex.hpp>

#if defined(BITNET_HAS_ICELAKE)
namespace bitnet::simd {

template <>
struct ops<isa::icelake> : ops<isa::skylakex> {
    // 32 registers: 3 x 8 accumulators, 3 of codes; x comes as a broadcast memory operand.
    static constexpr std::size_t gemm_blocks = 3, gemm_tokens = 8, gemv_blocks = 4;

    static BITNET_INLINE i32 dot4(const i32& sum, const u32& codes, const u32& x) noexcept {
        return _mm512_dpbusd_epi32(sum, codes, x);
    }
    static BITNET_INLINE i32 dot4_wide(const i32& sum, const u32& codes, const u32& x) noexcept {
        return dot4(sum, codes, x);
    }

    // Seven instructions for 320 values. VPERMB looks at the low six bits of an index: of a byte
    // below 224 the last three are p - 1, and of any other the last five are t, as after the shift
    // by three of a byte below 224; so the tables repeat every 8 and every 32 bytes.
    static BITNET_INLINE void trits(const u32& line, u32 (&codes)[5]) noexcept {
        const __mmask64 with_pair = _mm512_cmplt_epu8_mask(line, _mm512_set1_epi8(char(224)));
        const __m512i shift_by_3 = _mm512_set1_epi64(0x0810204080000000);
        const __m512i t = _mm512_mask_gf2p8affine_epi64_epi8(line, with_pair, line, shift_by_3, 0);
        codes[0] = _mm512_permutexvar_epi8(t, _mm512_broadcast_i64x4(_mm256_setr_epi8(
                                                  0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1,
                                                  1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 0, 0, 0, 0, 0)));
        codes[1] = _mm512_permutexvar_epi8(t, _mm512_broadcast_i64x4(_mm256_setr_epi8(
                                                  0, 0, 0, 1, 1, 1, 2, 2, 2, 0, 0, 0, 1, 1, 1, 2, 2,
                                                  2, 0, 0, 0, 1, 1, 1, 2, 2, 2, 0, 0, 0, 0, 0)));
        codes[2] = _mm512_permutexvar_epi8(t, _mm512_broadcast_i64x4(_mm256_setr_epi8(
                                                  0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1,
                                                  2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 0, 0, 0, 0)));
        // p = 1 .. 8 from the lowest byte on; p = 0, no pair, gives 0 and 0.
        codes[3] =
            _mm512_maskz_permutexvar_epi8(with_pair, line, _mm512_set1_epi64(0x0202020101010000));
        codes[4] =
            _mm512_maskz_permutexvar_epi8(with_pair, line, _mm512_set1_epi64(0x0201000201000201));
    }

    static BITNET_INLINE i32 add_popcount(const i32& counts, const u32& v) noexcept {
        return _mm512_add_epi32(counts, _mm512_popcnt_epi32(v));
    }
    static constexpr std::size_t popcount_calls = 0;
    static BITNET_INLINE i32 popcount(const i32& counts) noexcept { return counts; }
};

} // namespace bitnet::simd
#endif
