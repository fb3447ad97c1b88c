// SPDX-License-Identifier: MIT
// Rotary position embedding (RoPE) in its rotate-half form: element i of a head turns with element
// i + head_dim / 2.
#pragma once

#include <cstddef>
#include <span>

#include <bitnet/config.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/kernels/rope.hpp>

namespace BITNET_NAMESPACE {

/// cos[p, i] = cos(angle), sin[p, i] = sin(angle), angle = (first + p) * theta^(-2 i / head_dim)
/// With yarn.factor s != 1 the frequency f = theta^(-2 i / head_dim) becomes f / s (1 - k) + f k,
///   k = 1 - clamp((i - low) / max(high - low, 0.001), 0, 1)
///   low = max(floor(index(beta_fast)), 0), high = min(ceil(index(beta_slow)), head_dim - 1)
///   index(turns) = head_dim ln(original_context / (2 pi turns)) / (2 ln theta)
/// cos, sin (positions, head_dim / 2) float, multiplied by yarn.attention
/// pre:   head_dim is even; 1 <= theta, finite; first + positions <= 2^20; yarn.factor = 1, or
///        above 1 with theta > 1, original_context >= 1 and betas > 0
/// exact: everything in double by a fixed recipe (error below 1e-9), then rounded to float32
/// cost:  for load time: about 100 double operations an element; noexcept, no allocation
/// source: arXiv 2104.09864; YaRN: 2309.00071
template <class Isa = isa::native>
BITNET_INLINE void rope_table(std::size_t first, std::size_t positions, std::size_t head_dim,
                              double theta, std::span<float> cos, std::span<float> sin,
                              const YarnScaling& yarn = {}) noexcept {
    BITNET_ASSERT(head_dim % 2 == 0 && first + positions <= (std::size_t{1} << 20));
    BITNET_ASSERT(cos.size() == positions * (head_dim / 2) && sin.size() == cos.size());
    isa::call<functions::RopeTable, Isa>(first, positions, head_dim, theta, yarn, cos.data(),
                                         sin.data());
}

/// In each head, for i < half: x'[i] = x[i] cos[i] - x[i + half] sin[i]
///                             x'[i + half] = x[i + half] cos[i] + x[i] sin[i]
/// x (heads, 2 half) float, in place · cos, sin (half) float: one row of the table
/// pre:   x.size() is a multiple of 2 cos.size(); cos.size() == sin.size() >= 1
/// exact: the expressions above, one rounding per operation
/// cost:  one pass; noexcept, no allocation
/// source: arXiv 2104.09864, with the halves instead of neighbours as the pairs
template <class Isa = isa::native>
BITNET_INLINE void rope(std::span<float> x, std::span<const float> cos,
                        std::span<const float> sin) noexcept {
    const std::size_t half = cos.size();
    BITNET_ASSERT(half >= 1 && sin.size() == half && x.size() % (2 * half) == 0);
    isa::call<functions::Rope, Isa>(x.data(), x.size() / (2 * half), cos.data(), sin.data(), half);
}

} // namespace BITNET_NAMESPACE
