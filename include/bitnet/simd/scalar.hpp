// SPDX-License-Identifier: MIT
// The registers of the scalar cluster: one lane. Its kernels use no primitives.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/config.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/simd/generic.hpp>
#include <bitnet/simd/one_lane.hpp>

namespace BITNET_NAMESPACE::simd {

template <>
struct ops<isa::scalar> {
    using i32 = OneLane<std::int32_t>;
    using f32 = OneLane<float>;
    static constexpr std::size_t lanes = 1;

    static BITNET_INLINE void store_bytes(std::int8_t* p, const i32& v) noexcept {
        *p = static_cast<std::int8_t>(v.v);
    }
};

} // namespace BITNET_NAMESPACE::simd
