// SPDX-License-Identifier: MIT
// Primitives on AVX2 with AVX-VNNI: VPDPBUSD does in one instruction what haswell does in three.
#pragma once

#include <bitnet/simd/haswell.hpp>

#if defined(BITNET_HAS_ALDERLAKE)
namespace bitnet::simd {

template <>
struct ops<isa::alderlake> : ops<isa::haswell> {
    static BITNET_INLINE i32 dot4(const i32& sum, const u32& codes, const u32& x) noexcept {
        return _mm256_dpbusd_avx_epi32(sum, codes, x);
    }
    static BITNET_INLINE i32 dot4_wide(const i32& sum, const u32& codes, const u32& x) noexcept {
        return dot4(sum, codes, x);
    }
};

} // namespace bitnet::simd
#endif
