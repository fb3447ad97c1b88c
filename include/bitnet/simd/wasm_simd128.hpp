// SPDX-License-Identifier: MIT
// Primitives on WebAssembly's 128-bit registers, in instructions that xsimd lacks. Engines
// translate them: i32x4.dot_i16x8_s is VPMADDWD on x86, and i8x16.popcnt is CNT on ARM.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/simd/generic.hpp>

#if !defined(XSIMD_NO_SUPPORTED_ARCHITECTURE) && XSIMD_WITH_WASM
#include <wasm_simd128.h>

namespace BITNET_NAMESPACE::simd {

/// What the clusters of WebAssembly share. Sums of add_dot4 stay generic: they take an instruction
/// less on ARM, and as many on x86.
template <class Isa>
struct wasm_common : generic<Isa> {
    using typename generic<Isa>::u32;
    using typename generic<Isa>::i32;
    using typename generic<Isa>::f32;
    using typename generic<Isa>::BitCounts;

    static constexpr bool asks_for_streams = false; // there is no instruction that prefetches

    static BITNET_INLINE i32 dot4(const i32& sum, const u32& codes, const u32& x) noexcept {
        return dot4_wide(sum, codes, x);
    }

    static BITNET_INLINE i32 dot4_wide(const i32& sum, const u32& codes, const u32& x) noexcept {
        // Even and odd bytes as int16, pairs in int32.
        const v128_t even = wasm_v128_and(codes, wasm_i16x8_splat(0xff));
        const v128_t even_x = wasm_i16x8_shr(wasm_i16x8_shl(x, 8), 8);
        const v128_t odd = wasm_u16x8_shr(codes, 8), odd_x = wasm_i16x8_shr(x, 8);
        return wasm_i32x4_add(wasm_i32x4_add(sum, wasm_i32x4_dot_i16x8(even, even_x)),
                              wasm_i32x4_dot_i16x8(odd, odd_x));
    }

    static BITNET_INLINE u32 div3(const u32& v) noexcept {
        return wasm_i8x16_swizzle(wasm_i8x16_const(0, 0, 0, 1, 1, 1, 2, 2, 2, 0, 0, 0, 0, 0, 0, 0),
                                  v);
    }
    static BITNET_INLINE u32 mod3(const u32& v) noexcept {
        return wasm_i8x16_swizzle(wasm_i8x16_const(0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0),
                                  v);
    }

    static BITNET_INLINE BitCounts add_popcount(const BitCounts& counts, const u32& v) noexcept {
        return BitCounts(i32(wasm_i8x16_add(counts.lanes, wasm_i8x16_popcnt(v))));
    }
    static BITNET_INLINE i32 popcount(const BitCounts& counts) noexcept {
        return wasm_u32x4_extadd_pairwise_u16x8(wasm_u16x8_extadd_pairwise_u8x16(counts.lanes));
    }

    static BITNET_INLINE void store_bytes(std::int8_t* p, const i32& v) noexcept {
        const v128_t words = wasm_i16x8_narrow_i32x4(v, v);
        wasm_v128_store32_lane(p, wasm_i8x16_narrow_i16x8(words, words), 0);
    }

    static BITNET_INLINE u32 load_bytes(const std::uint8_t* p) noexcept {
        const v128_t bytes = wasm_v128_load32_zero(p);
        return wasm_u32x4_extend_low_u16x8(wasm_u16x8_extend_low_u8x16(bytes));
    }
};

template <>
struct ops<isa::wasm_simd128> : wasm_common<isa::wasm_simd128> {};

} // namespace BITNET_NAMESPACE::simd
#endif
