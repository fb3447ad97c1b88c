// SPDX-License-Identifier: MIT
// exp, log, sigmoid, tanh and sums whose bits are the same everywhere: each is a written sequence
// of float32 operations, every one rounded once. Special values are found in the bits of a float,
// so that -ffast-math cannot assume them away. Error bounds are what tests/test_math.cpp measures.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/config.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/kernels/math.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE {

/// Single values, by the recipes of simd/math.hpp, which has their error bounds.
template <class Isa = isa::native>
BITNET_INLINE float exp(float x) noexcept {
    return isa::call<functions::Exp, Isa>(x);
}
template <class Isa = isa::native>
BITNET_INLINE float log(float x) noexcept {
    return isa::call<functions::Log, Isa>(x);
}
template <class Isa = isa::native>
BITNET_INLINE float sigmoid(float x) noexcept {
    return isa::call<functions::Sigmoid, Isa>(x);
}
template <class Isa = isa::native>
BITNET_INLINE float tanh(float x) noexcept {
    return isa::call<functions::Tanh, Isa>(x);
}

// Sums: 16 interleaved partials that start at +0, element i added to partial i mod 16 in order; a
// last chunk of fewer than 16 is filled with zeros; then partial i takes partial i + 8, i + 4, i +
// 2, i + 1.

/// s = sum of x[i]
/// x (n,) float · exact: the 16 partials above · noexcept, no allocation
template <class Isa = isa::native>
BITNET_INLINE float sum(const float* x, std::size_t n) noexcept {
    return isa::call<functions::Sum, Isa>(x, n);
}

/// s = sum of a[i] * b[i], each product rounded once
/// a, b (n,) float · exact: the 16 partials above · noexcept, no allocation
template <class Isa = isa::native>
BITNET_INLINE float dot(const float* a, const float* b, std::size_t n) noexcept {
    return isa::call<functions::Dot, Isa>(a, b, n);
}

/// y[i, j] = dot(a[i], b[j]): every row of a with every row of b
/// a (m, k), b (n, k), y (m, n) float
/// pre:   y overlaps neither a nor b
/// exact: each as dot() has it · cost: loads a row once for several dots; noexcept, no allocation
template <class Isa = isa::native>
BITNET_INLINE void dots(Matrix<const float> a, Matrix<const float> b, Matrix<float> y) noexcept {
    BITNET_ASSERT(a.cols == b.cols && y.rows == a.rows && y.cols == b.rows);
    isa::call<functions::Dots, Isa>(a, b, y);
}

/// m = (sum of |x[i]|) / n
/// x (n,) float, n >= 1 · exact: the 16 partials above, one division · noexcept, no allocation
template <class Isa = isa::native>
BITNET_INLINE float mean_abs(const float* x, std::size_t n) noexcept {
    return isa::call<functions::MeanAbs, Isa>(x, n);
}

/// m = max |x[i]|; NaN when there is a NaN, 0 when n = 0
/// x (n,) float · exact · noexcept, no allocation
template <class Isa = isa::native>
BITNET_INLINE float absmax(const float* x, std::size_t n) noexcept {
    return isa::call<functions::Absmax, Isa>(x, n);
}

/// y[i] = x[i], an IEEE 754 half given by its bits
/// x, y (n,) · pre: every x[i] is finite · exact · noexcept, no allocation
template <class Isa = isa::native>
BITNET_INLINE void halves_to_floats(const std::uint16_t* x, float* y, std::size_t n) noexcept {
    isa::call<functions::HalvesToFloats, Isa>(x, y, n);
}

/// The bits of the IEEE 754 half nearest x, of two the one whose last bit is 0; an infinity from
/// 65520 on. NaN stays NaN. exact · noexcept
BITNET_INLINE std::uint16_t nearest_half(float x) noexcept {
    return detail::nearest_half(x);
}

} // namespace BITNET_NAMESPACE
