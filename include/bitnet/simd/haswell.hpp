// SPDX-License-Identifier: MIT
// Primitives on AVX2. VPMADDUBSW and VPMADDWD run on ports 0 and 1, VPSHUFB on port 5 (1 on Ice
// Lake).
#pragma once

#include <bitnet/simd/generic.hpp>
#include <bitnet/simd/in_place.hpp>

#if !defined(XSIMD_NO_SUPPORTED_ARCHITECTURE) && XSIMD_WITH_FMA3_AVX2
#include <immintrin.h>

namespace BITNET_NAMESPACE::simd {

template <>
struct ops<isa::haswell> : generic<isa::haswell> {
    // 16 registers: 2 x 4 accumulators, 2 of codes, x, ones, and temporaries.
    static constexpr std::size_t gemm_blocks = 1, gemm_tokens = 4;

    static BITNET_INLINE i32 dot4(const i32& sum, const u32& codes, const u32& x) noexcept {
        // Pairs in int16: at most 2 * 127 * 128 = 32512 < 2^15.
        const __m256i pairs = _mm256_maddubs_epi16(codes, x);
        return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
    }

    static BITNET_INLINE DotSums add_dot4(const DotSums& sums, const u32& codes,
                                          const u32& x) noexcept {
        return DotSums(in_place(_mm256_add_epi16(sums.lanes, _mm256_maddubs_epi16(codes, x))));
    }
    static BITNET_INLINE i32 dot4_sum(const DotSums& sums) noexcept {
        return _mm256_madd_epi16(sums.lanes, _mm256_set1_epi16(1));
    }
    // Two codes of two bits or four of one stay where they are in a half byte: up to 8, of which
    // an int16 takes 16 calls.
    static constexpr std::size_t add_dot4_chains(std::size_t bits) noexcept { return 4 / bits; }

    static BITNET_INLINE i32 dot4_wide(const i32& sum, const u32& codes, const u32& x) noexcept {
        // Codes of 255 would saturate VPMADDUBSW: even and odd bytes as int16, pairs in int32.
        const __m256i even = _mm256_and_si256(codes, _mm256_set1_epi16(0xff));
        const __m256i even_x = _mm256_srai_epi16(_mm256_slli_epi16(x, 8), 8);
        const __m256i odd = _mm256_srli_epi16(codes, 8), odd_x = _mm256_srai_epi16(x, 8);
        return _mm256_add_epi32(_mm256_add_epi32(sum, _mm256_madd_epi16(even, even_x)),
                                _mm256_madd_epi16(odd, odd_x));
    }

    static BITNET_INLINE u32 div3(const u32& v) noexcept {
        const __m256i table = _mm256_broadcastsi128_si256(
            _mm_setr_epi8(0, 0, 0, 1, 1, 1, 2, 2, 2, 0, 0, 0, 0, 0, 0, 0));
        return _mm256_shuffle_epi8(table, v);
    }
    static BITNET_INLINE u32 mod3(const u32& v) noexcept {
        const __m256i table = _mm256_broadcastsi128_si256(
            _mm_setr_epi8(0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0));
        return _mm256_shuffle_epi8(table, v);
    }

    static BITNET_INLINE BitCounts add_popcount(const BitCounts& counts, const u32& v) noexcept {
        const __m256i ones = _mm256_broadcastsi128_si256(
            _mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
        const __m256i nibble = _mm256_set1_epi8(15);
        const __m256i low = _mm256_shuffle_epi8(ones, _mm256_and_si256(v, nibble));
        const __m256i high =
            _mm256_shuffle_epi8(ones, _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble));
        return BitCounts(_mm256_add_epi8(counts.lanes, _mm256_add_epi8(low, high)));
    }

    static BITNET_INLINE void store_bytes(std::int8_t* p, const i32& v) noexcept {
        const __m128i words =
            _mm_packs_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
        _mm_storel_epi64(static_cast<__m128i*>(static_cast<void*>(p)),
                         _mm_packs_epi16(words, words));
    }

    static BITNET_INLINE u32 load_bytes(const std::uint8_t* p) noexcept {
        return _mm256_cvtepu8_epi32(
            _mm_loadl_epi64(static_cast<const __m128i*>(static_cast<const void*>(p))));
    }

    static BITNET_INLINE f32 load_halves(const std::uint16_t* p) noexcept {
        return _mm256_cvtph_ps(
            _mm_loadu_si128(static_cast<const __m128i*>(static_cast<const void*>(p))));
    }

    static BITNET_INLINE void store_halves(std::uint16_t* p, const f32& v) noexcept {
        _mm_storeu_si128(static_cast<__m128i*>(static_cast<void*>(p)),
                         _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
    }

    static BITNET_INLINE f32 add_exact_product(const f32& s, const f32& x, const f32& w) noexcept {
        return rounded(f32(_mm256_fmadd_ps(x, w, s)));
    }
};

} // namespace BITNET_NAMESPACE::simd
#endif
