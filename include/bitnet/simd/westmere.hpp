// SPDX-License-Identifier: MIT
// Primitives on SSSE3 and SSE4.1: haswell's, in 128 bits.
#pragma once

#include <bitnet/simd/generic.hpp>
#include <bitnet/simd/in_place.hpp>

#if !defined(XSIMD_NO_SUPPORTED_ARCHITECTURE) && XSIMD_WITH_SSE4_1
#include <smmintrin.h>

namespace BITNET_NAMESPACE::simd {

template <>
struct ops<isa::westmere> : generic<isa::westmere> {
    static BITNET_INLINE i32 dot4(const i32& sum, const u32& codes, const u32& x) noexcept {
        // Pairs in int16: at most 2 * 127 * 128 = 32512 < 2^15.
        const __m128i pairs = _mm_maddubs_epi16(codes, x);
        return _mm_add_epi32(sum, _mm_madd_epi16(pairs, _mm_set1_epi16(1)));
    }

    static BITNET_INLINE DotSums add_dot4(const DotSums& sums, const u32& codes,
                                          const u32& x) noexcept {
        return DotSums(in_place(_mm_add_epi16(sums.lanes, _mm_maddubs_epi16(codes, x))));
    }
    static BITNET_INLINE i32 dot4_sum(const DotSums& sums) noexcept {
        return _mm_madd_epi16(sums.lanes, _mm_set1_epi16(1));
    }

    static BITNET_INLINE i32 dot4_wide(const i32& sum, const u32& codes, const u32& x) noexcept {
        // Codes of 255 would saturate PMADDUBSW: even and odd bytes as int16, pairs in int32.
        const __m128i even = _mm_and_si128(codes, _mm_set1_epi16(0xff));
        const __m128i even_x = _mm_srai_epi16(_mm_slli_epi16(x, 8), 8);
        const __m128i odd = _mm_srli_epi16(codes, 8), odd_x = _mm_srai_epi16(x, 8);
        return _mm_add_epi32(_mm_add_epi32(sum, _mm_madd_epi16(even, even_x)),
                             _mm_madd_epi16(odd, odd_x));
    }

    static BITNET_INLINE u32 div3(const u32& v) noexcept {
        return _mm_shuffle_epi8(_mm_setr_epi8(0, 0, 0, 1, 1, 1, 2, 2, 2, 0, 0, 0, 0, 0, 0, 0), v);
    }
    static BITNET_INLINE u32 mod3(const u32& v) noexcept {
        return _mm_shuffle_epi8(_mm_setr_epi8(0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0), v);
    }

    static BITNET_INLINE BitCounts add_popcount(const BitCounts& counts, const u32& v) noexcept {
        const __m128i ones = _mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
        const __m128i nibble = _mm_set1_epi8(15);
        const __m128i low = _mm_shuffle_epi8(ones, _mm_and_si128(v, nibble));
        const __m128i high = _mm_shuffle_epi8(ones, _mm_and_si128(_mm_srli_epi16(v, 4), nibble));
        return BitCounts(_mm_add_epi8(counts.lanes, _mm_add_epi8(low, high)));
    }

    static BITNET_INLINE void store_bytes(std::int8_t* p, const i32& v) noexcept {
        const __m128i halves = _mm_packs_epi32(v, v);
        const std::int32_t bytes = _mm_cvtsi128_si32(_mm_packs_epi16(halves, halves));
        std::memcpy(p, &bytes, sizeof bytes);
    }

    static BITNET_INLINE u32 load_bytes(const std::uint8_t* p) noexcept {
        std::int32_t four;
        std::memcpy(&four, p, sizeof four);
        return _mm_cvtepu8_epi32(_mm_cvtsi32_si128(four));
    }
};

} // namespace BITNET_NAMESPACE::simd
#endif
