// SPDX-License-Identifier: MIT
// The loops of activation.hpp, which has their contracts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <bitnet/config.hpp>
#include <bitnet/format.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/kernels/math.hpp>
#include <bitnet/kernels/quantize.hpp>
#include <bitnet/kernels/token_words.hpp>
#include <bitnet/little_endian.hpp>
#include <bitnet/quantized.hpp>
#include <bitnet/simd/chunks.hpp>
#include <bitnet/simd/f32x16.hpp>
#include <bitnet/simd/float_bits.hpp>
#include <bitnet/simd/math.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE {

namespace detail {

/// Maps the bits of floats to integers of the same order, and back: -0 comes just below +0.
template <class Isa>
BITNET_INLINE simd::i32x16<Isa> ordered(const simd::i32x16<Isa>& bits) noexcept {
    const auto flip = bits.template shift_right<31>() & simd::i32x16<Isa>::set1(magnitude_bits);
    return (bits | flip) - (bits & flip); // bits xor flip
}

} // namespace detail

namespace functions {

struct RmsNorm {
    BITNET_HIDDEN static constexpr const char* name = "rms_norm";
    template <class Isa>
    BITNET_HIDDEN static void run(Matrix<const float> x, const float* weight, float eps,
                                  Matrix<float> y) noexcept {
        using V = simd::f32x16<Isa>;
        const float count = static_cast<float>(x.cols);
        for (std::size_t t = 0; t < x.rows; ++t) {
            const float* from = x.row(t);
            float* to = y.row(t);
            const float squares = Dot::run<Isa>(from, from, x.cols);
            const float mean = simd::divide(squares, count);
            float factor = simd::divide(1.0f, detail::square_root(rounded(mean + eps)));
            if (!detail::is_finite(squares))
                factor = detail::float_of(detail::nan_bits); // 1 / inf would give zeros
            const V r = V::set1(factor);
            simd::for_chunks(x.cols, [&](std::size_t i, std::size_t k) BITNET_INLINE_LAMBDA {
                const V v = simd::load_chunk<Isa>(from + i, k) * r;
                simd::store_chunk(v * simd::load_chunk<Isa>(weight + i, k), to + i, k);
            });
        }
    }
};

struct SquaredReluGate {
    BITNET_HIDDEN static constexpr const char* name = "squared_relu_gate";
    template <class Isa>
    BITNET_HIDDEN static void run(const float* gate, const float* up, float* y,
                                  std::size_t n) noexcept {
        using V = simd::f32x16<Isa>;
        using Ints = simd::i32x16<Isa>;
        simd::for_chunks(n, [&](std::size_t i, std::size_t k) BITNET_INLINE_LAMBDA {
            const V g = simd::load_chunk<Isa>(gate + i, k);
            const Ints number =
                simd::less_mask(g.magnitude().bits(), Ints::set1(detail::inf_bits + 1));
            const Ints drop = g.bits().template shift_right<31>() & number;
            const V r = V::from_bits(simd::select(drop, Ints::set1(0), g.bits()));
            simd::store_chunk((r * r) * simd::load_chunk<Isa>(up + i, k), y + i, k);
        });
    }
};

struct SiluGate {
    BITNET_HIDDEN static constexpr const char* name = "silu_gate";
    template <class Isa>
    BITNET_HIDDEN static void run(const float* gate, const float* up, float* y,
                                  std::size_t n) noexcept {
        simd::for_chunks(n, [&](std::size_t i, std::size_t k) BITNET_INLINE_LAMBDA {
            const auto g = simd::load_chunk<Isa>(gate + i, k);
            simd::store_chunk((g * simd::sigmoid(g)) * simd::load_chunk<Isa>(up + i, k), y + i, k);
        });
    }
};

struct Softmax {
    BITNET_HIDDEN static constexpr const char* name = "softmax";
    template <class Isa>
    BITNET_HIDDEN static void run(float* x, std::size_t n) noexcept {
        using V = simd::f32x16<Isa>;
        using Ints = simd::i32x16<Isa>;
        if (n == 0) return;
        Ints best = detail::ordered(V::set1(x[0]).bits());
        simd::for_chunks(n, [&](std::size_t i, std::size_t k) BITNET_INLINE_LAMBDA {
            float lane[V::size];
            V::set1(x[0]).store(lane);
            std::memcpy(lane, x + i, k * sizeof(float));
            best = larger(best, detail::ordered(V::load(lane).bits()));
        });
        float top[V::size];
        V::from_bits(detail::ordered(Ints::set1(best.maximum()))).store(top);

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
};

struct BitGlu {
    BITNET_HIDDEN static constexpr const char* name = "bitglu";
    /// Tokens [first, last), into q, whose memory detail::place laid out.
    template <class Isa>
    BITNET_HIDDEN static void run(Matrix<const float> gate, Matrix<const float> up,
                                  Quantized<Ternary> q, std::size_t first,
                                  std::size_t last) noexcept {
        const auto at = q.layout();
        const std::size_t group = q.group ? q.group : at.steps() * 32;
        for (std::size_t t = first; t < last; ++t) {
            const float *g = gate.row(t), *u = up.row(t);
            const std::size_t w = at.width(t);
            std::uint8_t* word = q.codes + at.offset(t);
            for (std::size_t j = 0; j < at.groups(); ++j) q.sums[j * q.tokens + t] = 0;
            auto largest = simd::i32x16<Isa>::set1(0);
            const auto on_magnitude = [&](const simd::f32x16<Isa>& magnitude) BITNET_INLINE_LAMBDA {
                largest = larger(largest, magnitude.bits());
            };
            simd::for_chunks<32>(q.cols, [&](std::size_t c, std::size_t n) BITNET_INLINE_LAMBDA {
                const std::uint32_t open = detail::signs32<Isa>(g + c, n, on_magnitude).positive;
                const std::uint32_t plus =
                    open & ~detail::signs32<Isa>(u + c, n, on_magnitude).negative;
                detail::store32(word, detail::to_lane_order(open));
                detail::store32(word + 4 * w, detail::to_lane_order(plus));
                q.sums[c / group * q.tokens + t] += detail::popcount32(open);
                word += 8 * w;
            });
            detail::set_scale(q.scales[t], largest.maximum() < detail::inf_bits, 1.0f);
        }
    }
};

} // namespace functions
} // namespace BITNET_NAMESPACE
