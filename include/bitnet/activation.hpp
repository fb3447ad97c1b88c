// SPDX-License-Identifier: MIT
// What stands between the layers: RMSNorm, the gates of the feed-forward block, softmax, BitGLU.
// RoPE is in rope.hpp, the quantizers SignNorm and SignMean in quantize.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include <bitnet/config.hpp>
#include <bitnet/dispatch.hpp>
#include <bitnet/format.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/math.hpp>
#include <bitnet/parallel.hpp>
#include <bitnet/quantize.hpp>
#include <bitnet/quantized.hpp>
#include <bitnet/rope.hpp>
#include <bitnet/simd/f32x16.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE {

namespace detail {

template <class Isa>
void rms_norm(Matrix<const float> x, const float* weight, float eps, Matrix<float> y) noexcept {
    using V = simd::f32x16<Isa>;
    const float count = static_cast<float>(x.cols);
    for (std::size_t t = 0; t < x.rows; ++t) {
        const float* from = x.row(t);
        float* to = y.row(t);
        const float squares = dot<Isa>(from, from, x.cols);
        const float mean = simd::lane::divide(squares, count);
        float factor = simd::lane::divide(1.0f, square_root(once(mean + eps)));
        if (!is_finite(squares)) factor = float_of(nan_bits); // 1 / inf would give zeros
        const V r = V::set1(factor);
        simd::for_chunks(x.cols, [&](std::size_t i, std::size_t k) BITNET_INLINE_LAMBDA {
            const V v = simd::load_chunk<Isa>(from + i, k) * r;
            simd::store_chunk(v * simd::load_chunk<Isa>(weight + i, k), to + i, k);
        });
    }
}

template <class Isa>
void squared_relu_gate(const float* gate, const float* up, float* y, std::size_t n) noexcept {
    using V = simd::f32x16<Isa>;
    using I = simd::i32x16<Isa>;
    simd::for_chunks(n, [&](std::size_t i, std::size_t k) BITNET_INLINE_LAMBDA {
        const V g = simd::load_chunk<Isa>(gate + i, k);
        const I number = simd::below(g.abs().bits(), I::set1(inf_bits + 1));
        const I drop = g.bits().template shift_right<31>() & number;
        const V r = V::from_bits(simd::pick(drop, I::set1(0), g.bits()));
        simd::store_chunk((r * r) * simd::load_chunk<Isa>(up + i, k), y + i, k);
    });
}

template <class Isa>
void silu_gate(const float* gate, const float* up, float* y, std::size_t n) noexcept {
    simd::for_chunks(n, [&](std::size_t i, std::size_t k) BITNET_INLINE_LAMBDA {
        const auto g = simd::load_chunk<Isa>(gate + i, k);
        simd::store_chunk((g * simd::sigmoid(g)) * simd::load_chunk<Isa>(up + i, k), y + i, k);
    });
}

/// Maps the bits of floats to integers of the same order, and back: -0 comes just below +0.
template <class Isa>
BITNET_INLINE simd::i32x16<Isa> ordered(const simd::i32x16<Isa>& bits) noexcept {
    const auto flip = bits.template shift_right<31>() & simd::i32x16<Isa>::set1(magnitude_bits);
    return (bits | flip) - (bits & flip); // bits xor flip
}

template <class Isa>
void softmax(float* x, std::size_t n) noexcept {
    using V = simd::f32x16<Isa>;
    using I = simd::i32x16<Isa>;
    if (n == 0) return;
    I best = ordered(V::set1(x[0]).bits());
    simd::for_chunks(n, [&](std::size_t i, std::size_t k) BITNET_INLINE_LAMBDA {
        float lane[16];
        V::set1(x[0]).store(lane);
        std::memcpy(lane, x + i, k * sizeof(float));
        best = max(best, ordered(V::load(lane).bits()));
    });
    float top[16];
    V::from_bits(ordered(I::set1(best.maximum()))).store(top);

    const V largest = V::load(top);
    V partial = simd::zeros<Isa>();
    simd::for_chunks(n, [&](std::size_t i, std::size_t k) BITNET_INLINE_LAMBDA {
        simd::store_chunk(simd::exp(simd::load_chunk<Isa>(x + i, k) - largest), x + i, k);
        partial = partial + simd::load_chunk<Isa>(x + i, k);
    });
    const V total = V::set1(partial.fold());
    simd::for_chunks(n, [&](std::size_t i, std::size_t k) BITNET_INLINE_LAMBDA {
        simd::store_chunk(simd::load_chunk<Isa>(x + i, k) / total, x + i, k);
    });
}

} // namespace detail

/// y[t, i] = (x[t, i] * r) * w[i], r = 1 / sqrt(mean + eps), mean = (sum of x[t, i]^2) / cols
/// x, y (tokens, cols) float, y may be x · w (cols) float
/// pre:   y has x's shape; w.size() == x.cols >= 1
/// exact: the sum by 16 partials (math.hpp), one rounding per operation. A token whose sum is not
///        finite (it holds a NaN or an infinity, or its squares overflow) gives NaN in all outputs
/// cost:  two passes over x; noexcept, no allocation; tokens are independent
/// source: arXiv 1910.07467
template <class Isa = isa::native>
void rms_norm(Matrix<const float> x, std::span<const float> weight, float eps,
              Matrix<float> y) noexcept {
    BITNET_ASSERT(weight.size() == x.cols && y.rows == x.rows && y.cols == x.cols);
    if constexpr (isa::is_dynamic<Isa>) {
        dispatch::table().rms_norm(x, weight.data(), eps, y);
    } else {
        detail::rms_norm<Isa>(x, weight.data(), eps, y);
    }
}
/// The same for dense rows of weight.size() columns. pre: x.size() == y.size(), a multiple of cols
template <class Isa = isa::native>
void rms_norm(std::span<const float> x, std::span<const float> weight, float eps,
              std::span<float> y) noexcept {
    const std::size_t cols = weight.size();
    BITNET_ASSERT(cols >= 1 && x.size() % cols == 0 && y.size() == x.size());
    rms_norm<Isa>(Matrix<const float>(x.data(), x.size() / cols, cols), weight, eps,
                  Matrix<float>(y.data(), x.size() / cols, cols));
}

/// y = (r * r) * up, r = max(gate, 0)
/// gate, up, y (n,) float, y may be gate or up
/// pre:   the sizes are equal
/// exact: one rounding per operation; r is +0 for -0 and NaN for NaN
/// cost:  one pass; noexcept, no allocation
/// source: the feed-forward block of BitNet b1.58 2B4T, arXiv 2504.12285
template <class Isa = isa::native>
void squared_relu_gate(std::span<const float> gate, std::span<const float> up,
                       std::span<float> y) noexcept {
    BITNET_ASSERT(gate.size() == up.size() && y.size() == up.size());
    if constexpr (isa::is_dynamic<Isa>) {
        dispatch::table().squared_relu_gate(gate.data(), up.data(), y.data(), y.size());
    } else {
        detail::squared_relu_gate<Isa>(gate.data(), up.data(), y.data(), y.size());
    }
}

/// y = (gate * sigmoid(gate)) * up
/// gate, up, y (n,) float, y may be gate or up
/// pre:   the sizes are equal
/// exact: one rounding per operation, sigmoid as in math.hpp; gate = -inf gives NaN
/// cost:  one pass; noexcept, no allocation
/// source: arXiv 2002.05202
template <class Isa = isa::native>
void silu_gate(std::span<const float> gate, std::span<const float> up,
               std::span<float> y) noexcept {
    BITNET_ASSERT(gate.size() == up.size() && y.size() == up.size());
    if constexpr (isa::is_dynamic<Isa>) {
        dispatch::table().silu_gate(gate.data(), up.data(), y.data(), y.size());
    } else {
        detail::silu_gate<Isa>(gate.data(), up.data(), y.data(), y.size());
    }
}

/// x[i] = e[i] / (sum of e), e[i] = exp(x[i] - max x)
/// x (n,) float, in place
/// exact: exp and the sum's 16 partials as in math.hpp, one rounding per operation; elements of
///        -inf give 0 beside finite ones; a NaN or +inf anywhere gives NaN everywhere
/// cost:  three passes; noexcept, no allocation
template <class Isa = isa::native>
void softmax(std::span<float> x) noexcept {
    if constexpr (isa::is_dynamic<Isa>) {
        dispatch::table().softmax(x.data(), x.size());
    } else {
        detail::softmax<Isa>(x.data(), x.size());
    }
}

/// Tokens [first, last) of bitglu(), into q, whose memory detail::place laid out.
template <class Isa>
void bitglu_tokens(Matrix<const float> gate, Matrix<const float> up, Quantized<Ternary> q,
                   std::size_t first, std::size_t last) noexcept {
    if constexpr (isa::is_dynamic<Isa>) {
        return dispatch::table().bitglu_tokens(gate, up, q, first, last);
    } else {
        const auto at = q.layout();
        const std::size_t group = q.group ? q.group : at.steps() * 32;
        for (std::size_t t = first; t < last; ++t) {
            const float *g = gate.row(t), *u = up.row(t);
            const std::size_t w = at.width(t);
            std::uint8_t* word = q.codes + at.offset(t);
            for (std::size_t j = 0; j < at.groups(); ++j) q.sums[j * q.tokens + t] = 0;
            auto largest = simd::i32x16<Isa>::set1(0);
            const auto see = [&](const simd::f32x16<Isa>& magnitude)
                                 BITNET_INLINE_LAMBDA { largest = max(largest, magnitude.bits()); };
            detail::for_words(q.cols, [&](std::size_t c, std::size_t n) BITNET_INLINE_LAMBDA {
                const std::uint32_t open = detail::signs32<Isa>(g + c, n, see).positive;
                const std::uint32_t plus = open & ~detail::signs32<Isa>(u + c, n, see).negative;
                const std::uint32_t mask = detail::to_lane_order(open);
                const std::uint32_t sign = detail::to_lane_order(plus);
                std::memcpy(word, &mask, sizeof mask);
                std::memcpy(word + 4 * w, &sign, sizeof sign);
                q.sums[c / group * q.tokens + t] += detail::ones(open);
                word += 8 * w;
            });
            detail::set_scale(q.scales[t], largest.maximum() < detail::inf_bits, 1.0f);
        }
    }
}

/// out[t, i] = sign(up[t, i]) where gate[t, i] > 0, else 0; sign(v) = -1 where v < 0, else +1
/// gate, up (tokens, cols) float · memory: quantized_bytes<Ternary>(tokens, cols, group) bytes,
/// lives as long as the result · scale 1, NaN for a token with a NaN or an infinity in gate or up
/// pre:   gate and up have one shape, cols >= 1; group is 0 or 32, 64, 128, 256
/// exact: no arithmetic at all: signs, masks and counts
/// cost:  one pass; noexcept, no allocation; the executor splits tokens
template <class Isa = isa::native, Executor E = Serial>
Quantized<Ternary> bitglu(Matrix<const float> gate, Matrix<const float> up,
                          std::span<std::byte> memory, std::size_t group = 0,
                          const E& executor = serial) noexcept {
    BITNET_ASSERT(gate.rows == up.rows && gate.cols == up.cols);
    const Quantized<Ternary> q = detail::place<Ternary>(memory, gate.rows, gate.cols, group);
    detail::for_ranges(executor, gate.rows, executor.workers(),
                       [&](std::size_t first, std::size_t last) noexcept {
                           bitglu_tokens<Isa>(gate, up, q, first, last);
                       });
    return q;
}

} // namespace BITNET_NAMESPACE
