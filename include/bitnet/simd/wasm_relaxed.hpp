// SPDX-License-Identifier: MIT
// Primitives on WebAssembly's relaxed SIMD: i32x4.relaxed_dot_i8x16_i7x16_add_s does in one
// instruction what wasm_simd128 does in four. Engines make it VPDPBUSD or SDOT where the CPU has
// such.
//
// What is relaxed about it never shows. Its second operand has bytes of seven bits: with the eighth
// set they are signed on one CPU and unsigned on another. Its pairs of products are int16, which
// may wrap or saturate. Here that operand is the codes, and no code is above 127: then a pair is at
// most 2 * 127 * 128 = 32512 < 2^15, and of ternary codes, 0..2, at most 512. So the sum is exact
// and the same everywhere. dot4_wide(), whose codes reach 255, does not use it.
#pragma once

#include <cstddef>

#include <bitnet/simd/wasm_simd128.hpp>

#if !defined(XSIMD_NO_SUPPORTED_ARCHITECTURE) && defined(BITNET_WASM_RELAXED_SIMD)
namespace BITNET_NAMESPACE::simd {

template <>
struct ops<isa::wasm_relaxed> : wasm_common<isa::wasm_relaxed> {
    static BITNET_INLINE i32 dot4(const i32& sum, const u32& codes, const u32& x) noexcept {
        return wasm_i32x4_relaxed_dot_i8x16_i7x16_add(x, codes, sum);
    }
    static BITNET_INLINE DotSums add_dot4(const DotSums& sums, const u32& codes,
                                          const u32& x) noexcept {
        return DotSums(dot4(sums.lanes, codes, x));
    }
    // An int32 takes four products a call; a code of 128 has the eighth bit.
    static constexpr std::size_t dot4_calls(std::size_t largest) noexcept {
        return largest > 127 ? 1 : (std::size_t{1} << 31) / (4 * 128 * largest);
    }
    static BITNET_INLINE i32 dot4_sum(const DotSums& sums) noexcept { return sums.lanes; }
    // VPDPBUSD is ready after 5 cycles: two chains in each of four registers.
    static constexpr std::size_t add_dot4_chains(std::size_t) noexcept { return 2; }
    static constexpr std::size_t dot4_chains = 2;
};

} // namespace BITNET_NAMESPACE::simd
#endif
