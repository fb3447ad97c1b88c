// SPDX-License-Identifier: MIT
// Primitives on AVX-512 without VNNI or VPOPCNTDQ: those of haswell, twice as wide.
#pragma once

#include <bitnet/simd/generic.hpp>
#include <bitnet/simd/in_place.hpp>

#if !defined(XSIMD_NO_SUPPORTED_ARCHITECTURE) && XSIMD_WITH_AVX512BW &&                            \
    defined(BITNET_512_BIT_REGISTERS)
#include <immintrin.h>

namespace BITNET_NAMESPACE::simd {

template <>
struct ops<isa::skylakex> : generic<isa::skylakex> {
    // 32 registers: 2 x 8 accumulators, and temporaries of dot4.
    static constexpr std::size_t gemm_blocks = 2, gemm_tokens = 8;

    /// One VPTERNLOGD, which g++ does not make of the three operators.
    static BITNET_INLINE u32 where_equal(const u32& a, const u32& b, const u32& mask) noexcept {
        return u32(_mm512_ternarylogic_epi32(a, b, mask, 0x82)); // of (a, b, mask): 001 and 111
    }

    static BITNET_INLINE i32 dot4(const i32& sum, const u32& codes, const u32& x) noexcept {
        // Pairs in int16: at most 2 * 127 * 128 = 32512 < 2^15.
        const __m512i pairs = _mm512_maddubs_epi16(codes, x);
        return _mm512_add_epi32(sum, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
    }

    static BITNET_INLINE DotSums add_dot4(const DotSums& sums, const u32& codes,
                                          const u32& x) noexcept {
        return DotSums(in_place(_mm512_add_epi16(sums.lanes, _mm512_maddubs_epi16(codes, x))));
    }
    static BITNET_INLINE i32 dot4_sum(const DotSums& sums) noexcept {
        return _mm512_madd_epi16(sums.lanes, _mm512_set1_epi16(1));
    }
    // Two codes of two bits or four of one stay where they are in a half byte: up to 8, of which
    // an int16 takes 16 calls.
    static constexpr std::size_t add_dot4_chains(std::size_t bits) noexcept { return 4 / bits; }

    static BITNET_INLINE i32 dot4_wide(const i32& sum, const u32& codes, const u32& x) noexcept {
        // Codes of 255 would saturate VPMADDUBSW: even and odd bytes as int16, pairs in int32.
        const __m512i even = _mm512_and_si512(codes, _mm512_set1_epi16(0xff));
        const __m512i even_x = _mm512_srai_epi16(_mm512_slli_epi16(x, 8), 8);
        const __m512i odd = _mm512_srli_epi16(codes, 8), odd_x = _mm512_srai_epi16(x, 8);
        return _mm512_add_epi32(_mm512_add_epi32(sum, _mm512_madd_epi16(even, even_x)),
                                _mm512_madd_epi16(odd, odd_x));
    }

    static BITNET_INLINE u32 div3(const u32& v) noexcept {
        const __m512i table =
            _mm512_broadcast_i32x4(_mm_setr_epi8(0, 0, 0, 1, 1, 1, 2, 2, 2, 0, 0, 0, 0, 0, 0, 0));
        return _mm512_shuffle_epi8(table, v);
    }
    static BITNET_INLINE u32 mod3(const u32& v) noexcept {
        const __m512i table =
            _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0));
        return _mm512_shuffle_epi8(table, v);
    }

    static BITNET_INLINE BitCounts add_popcount(const BitCounts& counts, const u32& v) noexcept {
        const __m512i ones =
            _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
        const __m512i nibble = _mm512_set1_epi8(15);
        const __m512i low = _mm512_shuffle_epi8(ones, _mm512_and_si512(v, nibble));
        const __m512i high =
            _mm512_shuffle_epi8(ones, _mm512_and_si512(_mm512_srli_epi16(v, 4), nibble));
        return BitCounts(_mm512_add_epi8(counts.lanes, _mm512_add_epi8(low, high)));
    }

    static BITNET_INLINE void store_bytes(std::int8_t* p, const i32& v) noexcept {
        _mm_storeu_si128(static_cast<__m128i*>(static_cast<void*>(p)), _mm512_cvtepi32_epi8(v));
    }

    static BITNET_INLINE u32 load_bytes(const std::uint8_t* p) noexcept {
        return _mm512_maskz_cvtepu8_epi32( // all lanes, as below
            0xffff, _mm_loadu_si128(static_cast<const __m128i*>(static_cast<const void*>(p))));
    }

    static BITNET_INLINE f32 load_halves(const std::uint16_t* p) noexcept {
        // All lanes, by a mask: of the plain form g++ 12 says that it reads what is not
        // initialised.
        return _mm512_maskz_cvtph_ps(
            0xffff, _mm256_loadu_si256(static_cast<const __m256i*>(static_cast<const void*>(p))));
    }

    static BITNET_INLINE void store_halves(std::uint16_t* p, const f32& v) noexcept {
        _mm256_storeu_si256(static_cast<__m256i*>(static_cast<void*>(p)),
                            _mm512_maskz_cvtps_ph(0xffff, v, _MM_FROUND_TO_NEAREST_INT));
    }

    static BITNET_INLINE f32 add_exact_product(const f32& s, const f32& x, const f32& w) noexcept {
        return rounded(f32(_mm512_fmadd_ps(x, w, s)));
    }

    static BITNET_INLINE f32 load_first(const float* p, std::size_t n) noexcept {
        return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << n) - 1), p);
    }

    static BITNET_INLINE f32 fold_pair(const f32& a, const f32& b) noexcept {
        // One shuffle a half, where xsimd takes eight.
        const __m512i low =
            _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        const __m512i high =
            _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        return rounded(f32(_mm512_permutex2var_ps(a, low, b)) +
                       f32(_mm512_permutex2var_ps(a, high, b)));
    }
};

} // namespace BITNET_NAMESPACE::simd
#endif
