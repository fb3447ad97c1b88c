// SPDX-License-Identifier: MIT
// Primitives on Zen 5: icelake's, and other choices. Shifts and masks have ports there that dots do
// not want, so codes are unpacked in registers, tile by tile: memory in between costs more. With
// one token, two loads a cycle bind, and a prefetch takes the turn of one. Groups of columns ask
// twice.
#pragma once

#include <bitnet/simd/icelake.hpp>

#if !defined(XSIMD_NO_SUPPORTED_ARCHITECTURE) && XSIMD_WITH_AVX512BW &&                            \
    defined(BITNET_512_BIT_REGISTERS) && defined(BITNET_GNU)
namespace BITNET_NAMESPACE::simd {

template <>
struct ops<isa::zen5> : ops<isa::icelake> {
    static constexpr bool unpacks_without_groups = false;
    static constexpr bool asks_twice = false, asks_three_times = false;
};

} // namespace BITNET_NAMESPACE::simd
#endif
