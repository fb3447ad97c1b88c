// SPDX-License-Identifier: MIT
// Inline, branch-free helpers that vectorise: the larger of two floats, and e^x with an error of
// about 1e-7.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace bitnet::train {

/// By value: the references of std::max keep g++ 12 from vectorising a loop.
inline float larger(float a, float b) {
    return a > b ? a : b;
}
inline float positive(float a) {
    return a > 0.0f ? a : 0.0f;
}

inline float fast_exp(float x) {
    const float bounded = x < 88.0f ? x : 88.0f;
    const float clamped = larger(bounded, -87.0f);
    // x = n·ln 2 + r with |r| <= ln 2 / 2
    const float n = std::nearbyint(clamped * 1.44269504f);
    const float r = (clamped - n * 0.693145752f) - n * 1.42860677e-6f;
    // Taylor to the sixth power: the first term left out is below 2e-8.
    float p = 1.0f / 720.0f;
    p = p * r + 1.0f / 120.0f;
    p = p * r + 1.0f / 24.0f;
    p = p * r + 1.0f / 6.0f;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    const auto exponent = static_cast<std::uint32_t>(static_cast<std::int32_t>(n) + 127) << 23U;
    return p * std::bit_cast<float>(exponent);
}

} // namespace bitnet::train
