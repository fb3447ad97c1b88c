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

    static BITNET_INLINE i32 add_popcount(const i32& counts, const u32& v) noexcept {
        return _mm512_add_epi32(counts, _mm512_popcnt_epi32(v));
    }
    static constexpr std::size_t popcount_calls = 0;
    static BITNET_INLINE i32 popcount(const i32& counts) noexcept { return counts; }
};

} // namespace bitnet::simd
#endif
