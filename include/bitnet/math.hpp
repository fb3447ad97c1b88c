// SPDX-License-Identifier: MIT
// exp, log, sigmoid, tanh and sums whose bits are the same everywhere: each is a written sequence
// of float32 operations, every one rounded once. Special values are found in the bits of a float,
// so that -ffast-math cannot assume them away. Error bounds are what tests/test_math.cpp measures.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/config.hpp>
#include <bitnet/dispatch.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/kernels/dot_tile.hpp>
#include <bitnet/simd/chunks.hpp>
#include <bitnet/simd/f32x16.hpp>
#include <bitnet/simd/float_bits.hpp>
#include <bitnet/simd/math.hpp>
#include <bitnet/simd/simd.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE {

/// The single-value forms: the same recipe, the same bits.
template <class Isa = isa::native>
float exp(float x) noexcept {
    if constexpr (isa::is_dynamic<Isa>) {
        return dispatch::table().exp(x);
    } else {
        float lane[16];
        simd::exp(simd::f32x16<Isa>::set1(x)).store(lane);
        return lane[0];
    }
}
template <class Isa = isa::native>
float log(float x) noexcept {
    if constexpr (isa::is_dynamic<Isa>) {
        return dispatch::table().log(x);
    } else {
        float lane[16];
        simd::log(simd::f32x16<Isa>::set1(x)).store(lane);
        return lane[0];
    }
}
template <class Isa = isa::native>
float sigmoid(float x) noexcept {
    if constexpr (isa::is_dynamic<Isa>) {
        return dispatch::table().sigmoid(x);
    } else {
        float lane[16];
        simd::sigmoid(simd::f32x16<Isa>::set1(x)).store(lane);
        return lane[0];
    }
}
template <class Isa = isa::native>
float tanh(float x) noexcept {
    if constexpr (isa::is_dynamic<Isa>) {
        return dispatch::table().tanh(x);
    } else {
        float lane[16];
        simd::tanh(simd::f32x16<Isa>::set1(x)).store(lane);
        return lane[0];
    }
}

// Sums: 16 interleaved partials that start at +0, element i added to partial i mod 16 in order; a
// last chunk of fewer than 16 is filled with zeros; then partial i takes partial i + 8, i + 4, i +
// 2, i + 1.

/// s = sum of x[i]
/// x (n,) float · exact: the 16 partials above · noexcept, no allocation
template <class Isa = isa::native>
float sum(const float* x, std::size_t n) noexcept {
    if constexpr (isa::is_dynamic<Isa>) {
        return dispatch::table().sum(x, n);
    } else {
        auto s = simd::zeros<Isa>();
        simd::for_chunks(n, [&](std::size_t i, std::size_t k)
                                BITNET_INLINE_LAMBDA { s = s + simd::load_chunk<Isa>(x + i, k); });
        return s.fold();
    }
}

/// s = sum of a[i] * b[i], each product rounded once
/// a, b (n,) float · exact: the 16 partials above · noexcept, no allocation
template <class Isa = isa::native>
float dot(const float* a, const float* b, std::size_t n) noexcept {
    if constexpr (isa::is_dynamic<Isa>) {
        return dispatch::table().dot(a, b, n);
    } else {
        auto s = simd::zeros<Isa>();
        simd::for_chunks(n, [&](std::size_t i, std::size_t k) BITNET_INLINE_LAMBDA {
            s = s + simd::load_chunk<Isa>(a + i, k) * simd::load_chunk<Isa>(b + i, k);
        });
        return s.fold();
    }
}

/// y[i, j] = dot(a[i], b[j]): every row of a with every row of b
/// a (m, k), b (n, k), y (m, n) float
/// pre:   y overlaps neither a nor b
/// exact: each as dot() has it · cost: loads a row once for several dots; noexcept, no allocation
template <class Isa = isa::native>
void dots(Matrix<const float> a, Matrix<const float> b, Matrix<float> y) noexcept {
    BITNET_ASSERT(a.cols == b.cols && y.rows == a.rows && y.cols == b.rows);
    if constexpr (isa::is_dynamic<Isa>) {
        dispatch::table().dots(a, b, y);
    } else if constexpr (isa::is_scalar<Isa>) {
        for (std::size_t i = 0; i < a.rows; ++i) {
            for (std::size_t j = 0; j < b.rows; ++j) {
                y.row(i)[j] = dot<Isa>(a.row(i), b.row(j), a.cols);
            }
        }
    } else {
        // 32 registers hold 4 x 4 sums and what they are made of; 16 hold 4 x 2.
        detail::dot_bands<Isa, simd::ops<Isa>::lanes >= 8 ? 4 : 2>(a, b, y, 0);
    }
}

/// m = (sum of |x[i]|) / n
/// x (n,) float, n >= 1 · exact: the 16 partials above, one division · noexcept, no allocation
template <class Isa = isa::native>
float mean_abs(const float* x, std::size_t n) noexcept {
    if constexpr (isa::is_dynamic<Isa>) {
        return dispatch::table().mean_abs(x, n);
    } else {
        auto s = simd::zeros<Isa>();
        simd::for_chunks(n, [&](std::size_t i, std::size_t k) BITNET_INLINE_LAMBDA {
            s = s + simd::load_chunk<Isa>(x + i, k).abs();
        });
        return simd::lane::divide(s.fold(), static_cast<float>(n));
    }
}

/// y[i] = x[i], an IEEE 754 half given by its bits
/// x, y (n,) · pre: every x[i] is finite · exact · noexcept, no allocation
template <class Isa = isa::native>
void halves_to_floats(const std::uint16_t* x, float* y, std::size_t n) noexcept {
    if constexpr (isa::is_dynamic<Isa>) {
        dispatch::table().halves_to_floats(x, y, n);
    } else {
        std::size_t i = 0;
        if constexpr (!isa::is_scalar<Isa>) {
            constexpr std::size_t lanes = simd::ops<Isa>::lanes;
            for (; i + lanes <= n; i += lanes) {
                simd::ops<Isa>::load_halves(x + i).store_unaligned(y + i);
            }
        }
        for (; i < n; ++i) y[i] = simd::float_of_half(x[i]);
    }
}

namespace detail {
/// The bits of max |x[i]|: of non-negative floats the bits have the same order, and inf_bits or
/// more says that there is an infinity or a NaN.
template <class Isa>
BITNET_INLINE std::int32_t absmax_bits(const float* x, std::size_t n) noexcept {
    auto best = simd::i32x16<Isa>::set1(0);
    simd::for_chunks(n, [&](std::size_t i, std::size_t k) BITNET_INLINE_LAMBDA {
        best = max(best, simd::load_chunk<Isa>(x + i, k).abs().bits());
    });
    return best.maximum();
}
} // namespace detail

/// m = max |x[i]|; NaN when there is a NaN, 0 when n = 0
/// x (n,) float · exact · noexcept, no allocation
template <class Isa = isa::native>
float absmax(const float* x, std::size_t n) noexcept {
    if constexpr (isa::is_dynamic<Isa>) {
        return dispatch::table().absmax(x, n);
    } else {
        return detail::float_of(detail::absmax_bits<Isa>(x, n));
    }
}

} // namespace BITNET_NAMESPACE
