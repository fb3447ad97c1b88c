// SPDX-License-Identifier: MIT
// The bits of a float. Special values are found in them, so that -ffast-math cannot assume them
// away.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include <bitnet/config.hpp>
#include <bitnet/simd/round.hpp>

namespace BITNET_NAMESPACE::detail {

BITNET_INLINE std::int32_t bits_of(float v) noexcept {
    v = any_float(v);
    std::int32_t b;
    std::memcpy(&b, &v, sizeof b);
    return b;
}
BITNET_INLINE float float_of(std::int32_t b) noexcept {
    float v;
    std::memcpy(&v, &b, sizeof v);
    return any_float(v);
}

inline constexpr std::int32_t magnitude_bits = 0x7fffffff, sign_bit = -0x7fffffff - 1;
/// The IEEE 754 half that a number is; false where it is none.
BITNET_INLINE bool to_half(float v, std::uint16_t& half) noexcept {
    const auto bits = static_cast<std::uint32_t>(bits_of(v));
    const std::uint32_t magnitude = bits & 0x7fffffff, exponent = magnitude >> 23;
    std::uint32_t dropped = 13, found = magnitude - (112u << 23); // the bias shrinks from 127 to 15
    if (exponent < 113) { // a subnormal half counts units of 2^-24
        dropped = exponent < 103 ? 31 : 126 - exponent;
        found = magnitude == 0 ? 0 : (magnitude & 0x7fffff) | 0x800000;
    }
    half = static_cast<std::uint16_t>((bits >> 16 & 0x8000) | found >> dropped);
    return exponent < 143 && (found & ((1u << dropped) - 1)) == 0;
}
/// See math.hpp.
BITNET_INLINE std::uint16_t nearest_half(float v) noexcept {
    const auto bits = static_cast<std::uint32_t>(bits_of(v));
    const std::uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
    const std::uint32_t exponent = magnitude >> 23;
    std::uint32_t half = 0x7c00; // infinity
    if (exponent < 143) {
        // A subnormal half counts units of 2^-24, and more than 24 bits are dropped of a number
        // that is less than half of one.
        const std::uint32_t dropped = exponent < 102 ? 31 : exponent < 113 ? 126 - exponent : 13;
        const std::uint32_t found = exponent < 113
                                        ? (exponent == 0 ? 0 : (magnitude & 0x7fffff) | 0x800000)
                                        : magnitude - (112u << 23);
        const std::uint32_t rest = found & ((1u << dropped) - 1), tie = 1u << (dropped - 1);
        half = found >> dropped;
        if (rest > tie || (rest == tie && half % 2 == 1)) ++half; // may carry into the exponent
    } else if (magnitude > 0x7f800000) {
        half = 0x7e00;
    }
    return static_cast<std::uint16_t>(sign | half);
}
/// Whether an IEEE 754 half is neither a NaN nor an infinity.
BITNET_INLINE constexpr bool is_finite_half(std::uint16_t half) noexcept {
    return (half & 0x7c00) != 0x7c00;
}
inline constexpr std::int32_t inf_bits = 0x7f800000, nan_bits = 0x7fc00000;

/// Whether v is neither NaN nor an infinity.
BITNET_INLINE bool is_finite(float v) noexcept {
    return (bits_of(v) & magnitude_bits) < inf_bits;
}

/// The correctly rounded square root: a double has more than 2 * 24 + 2 bits, so that rounding a
/// second time changes nothing.
BITNET_INLINE float square_root(float v) noexcept {
    return static_cast<float>(rounded(std::sqrt(rounded(static_cast<double>(v)))));
}

} // namespace BITNET_NAMESPACE::detail
