// SPDX-License-Identifier: MIT
// find_non_finite: floats that are no numbers.
#pragma once

#include <cstddef>
#include <span>

#include <bitnet/config.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/simd/float_bits.hpp>

namespace BITNET_NAMESPACE {

/// The index of the first NaN or infinity, or values.size(). Looks at bits, so -ffast-math cannot
/// assume it away.
template <class Isa = isa::native>
BITNET_HIDDEN std::size_t find_non_finite(std::span<const float> values) noexcept {
    const float* data = values.data();
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (!detail::is_finite(data[i])) return i;
    }
    return values.size();
}
/// The same of IEEE 754 halves.
template <class Isa = isa::native>
BITNET_HIDDEN std::size_t find_non_finite(std::span<const std::uint16_t> halves) noexcept {
    for (std::size_t i = 0; i < halves.size(); ++i) {
        if (!detail::is_finite_half(halves[i])) return i;
    }
    return halves.size();
}

} // namespace BITNET_NAMESPACE
