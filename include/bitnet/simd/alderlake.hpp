// SPDX-License-Identifier: MIT
// Primitives on AVX2 with AVX-VNNI: VPDPBUSD does in one instruction what haswell does in three.
#pragma once

#include <bitnet/simd/haswell.hpp>

#if !defined(XSIMD_NO_SUPPORTED_ARCHITECTURE) && XSIMD_WITH_FMA3_AVX2
namespace BITNET_NAMESPACE::simd {

template <>
struct ops<isa::alderlake> : ops<isa::haswell> {
    static BITNET_INLINE i32 dot4(const i32& sum, const u32& codes, const u32& x) noexcept {
        return _mm256_dpbusd_avx_epi32(sum, codes, x);
    }
    static BITNET_INLINE DotSums add_dot4(const DotSums& sums, const u32& codes,
                                          const u32& x) noexcept {
        return DotSums(dot4(sums.lanes, codes, x));
    }
    // An int32 takes four products a call. Codes up to 2 never reach this within max_cols.
    static constexpr std::size_t dot4_calls(std::size_t largest) noexcept {
        return (std::size_t{1} << 31) / (4 * 128 * largest);
    }
    static BITNET_INLINE i32 dot4_sum(const DotSums& sums) noexcept { return sums.lanes; }
    // Two a cycle with a latency of 5 want ten chains: four in each of two registers come near.
    static constexpr std::size_t add_dot4_chains(std::size_t) noexcept { return 4; }
    static constexpr std::size_t dot4_chains = 4;

    static BITNET_INLINE i32 dot4_wide(const i32& sum, const u32& codes, const u32& x) noexcept {
        return dot4(sum, codes, x);
    }
};

} // namespace BITNET_NAMESPACE::simd
#endif
