// SPDX-License-Identifier: MIT
// The Walsh-Hadamard transform of blocks of columns: a rotation that spreads outliers over a block,
// for models whose weights were rotated the same way.
#pragma once

#include <cstddef>
#include <span>

#include <bitnet/config.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/kernels/hadamard.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE {

/// Whether columns can be transformed in blocks of n: a power of two, at most 1024.
BITNET_INLINE constexpr bool is_hadamard_block(std::size_t n) noexcept {
    return n >= 1 && n <= 1024 && (n & (n - 1)) == 0;
}

/// y = H (s x), in each block of columns
///   for h = 1, 2, 4, ... below block: each v[i], v[i + h] of which i / h is even become
///   v[i] + v[i + h], v[i] - v[i + h]; then y[i] = v[i] * c, c = 1 / sqrt(block)
/// x, y (tokens, cols) float, y may be x · signs (cols), each 1 or -1, or {} for none
/// pre:   y has x's shape; is_hadamard_block(block), which divides x.cols
/// exact: in this order, one rounding per operation. c is a power of two, or 2^-k times the float
///        0x1.6a09e6p-1, which is sqrt(1/2) rounded
/// cost:  log2(block) sums a value; noexcept, no allocation; tokens are independent
/// source: arXiv 2504.18415 (BitNet v2), and the rotated models with such signs
template <class Isa = isa::native>
BITNET_INLINE void hadamard(Matrix<const float> x, std::size_t block, std::span<const float> signs,
                            Matrix<float> y) noexcept {
    BITNET_ASSERT(is_hadamard_block(block) && x.cols % block == 0);
    BITNET_ASSERT(y.rows == x.rows && y.cols == x.cols);
    BITNET_ASSERT(signs.empty() || signs.size() == x.cols);
    isa::call<functions::Hadamard, Isa>(x, block, signs.empty() ? nullptr : signs.data(), nullptr,
                                        y);
}

/// y = s (H x): the inverse, but for roundings. As above, with the signs after the transform.
template <class Isa = isa::native>
BITNET_INLINE void inverse_hadamard(Matrix<const float> x, std::size_t block,
                                    std::span<const float> signs, Matrix<float> y) noexcept {
    BITNET_ASSERT(is_hadamard_block(block) && x.cols % block == 0);
    BITNET_ASSERT(y.rows == x.rows && y.cols == x.cols);
    BITNET_ASSERT(signs.empty() || signs.size() == x.cols);
    isa::call<functions::Hadamard, Isa>(x, block, nullptr, signs.empty() ? nullptr : signs.data(),
                                        y);
}

} // namespace BITNET_NAMESPACE
