// SPDX-License-Identifier: MIT
// The loops of quantize.hpp over activations; it has their contracts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include <bitnet/config.hpp>
#include <bitnet/format.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/kernels/math.hpp>
#include <bitnet/kernels/token_words.hpp>
#include <bitnet/little_endian.hpp>
#include <bitnet/quantized.hpp>
#include <bitnet/simd/chunks.hpp>
#include <bitnet/simd/f32x16.hpp>
#include <bitnet/simd/float_bits.hpp>
#include <bitnet/simd/math.hpp>
#include <bitnet/tensor.hpp>
#include <bitnet/text.hpp>

namespace BITNET_NAMESPACE {

namespace detail {

template <class Isa, class Activations>
requires(std::is_same_v<codes_of<Activations>, Int8>) BITNET_INLINE
    void quantize_token(const float* x, const Quantized<Activations>& q, std::size_t t) noexcept {
    using V = simd::f32x16<Isa>;
    using Ints = simd::i32x16<Isa>;
    const auto at = q.layout();
    const std::size_t w = at.width(t);
    std::uint8_t* word = q.codes + at.offset(t);
    const auto put = [&](const Ints& code) BITNET_INLINE_LAMBDA {
        std::int8_t codes[Ints::size];
        if (w == 1) {
            code.store_bytes(reinterpret_cast<std::int8_t*>(word));
        } else {
            code.store_bytes(codes);
            for (std::size_t j = 0; j < Ints::size / 4; ++j)
                std::memcpy(word + j * 4 * w, codes + 4 * j, 4);
        }
        word += Ints::size * w;
    };

    const std::int32_t max_bits = absmax_bits<Isa>(x, q.cols);
    const bool finite = max_bits < inf_bits;
    const float max_abs = finite ? float_of(max_bits) : 0.0f;
    constexpr float max_code = Activations::max_code;
    const float a = simd::divide(max_code, max_abs > 1e-5f ? max_abs : 1e-5f);
    set_scale(q.scales[t], finite, a);

    const V factor = V::set1(a);
    const Ints keep = Ints::set1(finite ? -1 : 0);
    const std::size_t per_sum = q.group ? q.group : q.cols;
    for (std::size_t g = 0, left = q.cols; g < at.groups(); ++g, left -= per_sum) {
        Ints sum = Ints::set1(0);
        const float* from = x + g * per_sum;
        simd::for_chunks(left < per_sum ? left : per_sum, [&](std::size_t i,
                                                              std::size_t k) BITNET_INLINE_LAMBDA {
            // |x * a| <= max_code * (1 + 2^-22): no clamp is needed
            const Ints code = (simd::load_chunk<Isa>(from + i, k) * factor).nearest() & keep;
            sum = sum + code;
            put(code);
        });
        q.sums[g * q.tokens + t] = sum.sum();
    }
    if (round_up(q.cols, Ints::size) % layout::tile_cols != 0) put(Ints::set1(0));
}

template <class Isa>
BITNET_INLINE void quantize_token(const float* x, const Quantized<Int2>& q,
                                  std::size_t t) noexcept {
    using V = simd::f32x16<Isa>;
    using Ints = simd::i32x16<Isa>;
    const auto at = q.layout();
    const std::size_t w = at.width(t), per_sum = q.group ? q.group : at.steps() * 32;
    std::uint8_t* word = q.codes + at.offset(t);

    const std::int32_t max_bits = absmax_bits<Isa>(x, q.cols);
    const bool finite = max_bits < inf_bits;
    const float max_abs = finite ? float_of(max_bits) : 0.0f;
    const float m = max_abs > 1e-5f ? max_abs : 1e-5f;
    set_scale(q.scales[t], finite, m);

    const V factor = V::set1(simd::divide(1.0f, m));
    const Ints half = Ints::set1(bits_of(0.5f)); // rounds to 0
    for (std::size_t g = 0; g < at.groups(); ++g) q.sums[g * q.tokens + t] = 0;
    simd::for_chunks<32>(q.cols, [&](std::size_t c, std::size_t cols) BITNET_INLINE_LAMBDA {
        std::uint32_t nonzero = 0, minus = 0;
        if (finite) {
            simd::for_chunks(cols, [&](std::size_t i, std::size_t k) BITNET_INLINE_LAMBDA {
                const V v = simd::load_chunk<Isa>(x + c + i, k) * factor;
                nonzero |= simd::less_mask(half, v.magnitude().bits()).negative() << i;
                minus |= v.bits().negative() << i;
            });
        }
        store32(word, to_lane_order(nonzero));
        store32(word + 4 * w, to_lane_order(nonzero & ~minus));
        q.sums[c / per_sum * q.tokens + t] += popcount32(nonzero);
        word += 8 * w;
    });
}

/// Bit i < 32: whether v[i] is a number < 0, and whether it is a number > 0. Denormals count, and
/// so -ffast-math and flush-to-zero modes change nothing. on_magnitude(|v|) gets the magnitudes, 16
/// at a time, zeros beyond n.
struct Signs {
    std::uint32_t negative, positive;
};
template <class Isa, class F>
BITNET_INLINE Signs signs32(const float* v, std::size_t n, F&& on_magnitude) noexcept {
    using Ints = simd::i32x16<Isa>;
    Signs s{0, 0};
    // The bits of numbers < 0, less 1, are the integers from the least up to these.
    const Ints end = Ints::set1(inf_bits | sign_bit);
    simd::for_chunks(n < 32 ? n : 32, [&](std::size_t i, std::size_t k) BITNET_INLINE_LAMBDA {
        const simd::f32x16<Isa> value = simd::load_chunk<Isa>(v + i, k);
        on_magnitude(value.magnitude());
        s.negative |= less(value.bits() - Ints::set1(1), end) << i;
        s.positive |= less(value.bits() + Ints::set1(magnitude_bits), end) << i; // the sign changed
    });
    return s;
}

/// sqrt of the mean of (|x| - mean)^2
template <class Isa>
BITNET_INLINE float deviation(const float* x, std::size_t n, float mean) noexcept {
    using V = simd::f32x16<Isa>;
    const V centre = V::set1(mean);
    V sum = simd::zeros<Isa>();
    simd::for_chunks(n, [&](std::size_t i, std::size_t k) BITNET_INLINE_LAMBDA {
        const V d = simd::load_chunk<Isa>(x + i, k).magnitude() - centre;
        if (k == V::size) {
            sum = sum + d * d;
        } else { // lanes beyond the row's end count zero
            float square[V::size];
            (d * d).store(square);
            sum = sum + V::load_first(square, k);
        }
    });
    return square_root(simd::divide(sum.fold(), static_cast<float>(n)));
}

template <class Isa, class Activations>
requires(std::is_same_v<codes_of<Activations>, Sign>) BITNET_INLINE
    void quantize_token(const float* x, const Quantized<Activations>& q, std::size_t t) noexcept {
    using V = simd::f32x16<Isa>;
    const auto at = q.layout();
    const std::size_t w = at.width(t);
    std::uint8_t* word = q.codes + at.offset(t);
    auto largest = simd::i32x16<Isa>::set1(0);
    V sum = simd::zeros<Isa>(); // of |x|, as mean_abs() takes it
    const auto on_magnitude = [&](const V& magnitude) BITNET_INLINE_LAMBDA {
        largest = larger(largest, magnitude.bits());
        if constexpr (!std::is_same_v<Activations, Sign>) sum = sum + magnitude;
    };
    simd::for_chunks<32>(q.cols, [&](std::size_t c, std::size_t n) BITNET_INLINE_LAMBDA {
        const std::uint32_t present = n < 32 ? (1u << n) - 1 : ~0u;
        const std::uint32_t minus = signs32<Isa>(x + c, n, on_magnitude).negative;
        store32(word, to_lane_order(present & ~minus));
        word += 4 * w;
    });
    float scale = 1.0f;
    if constexpr (!std::is_same_v<Activations, Sign>) {
        scale = simd::divide(sum.fold(), static_cast<float>(q.cols));
    }
    if constexpr (std::is_same_v<Activations, SignNorm>) scale = deviation<Isa>(x, q.cols, scale);
    set_scale(q.scales[t], largest.maximum() < inf_bits, scale);
}

} // namespace detail

namespace functions {

template <class Activations>
struct Quantize {
    BITNET_HIDDEN static constexpr Text text{"quantize ", Activations::name};
    BITNET_HIDDEN static constexpr const char* name = text.characters;
    /// Tokens [first, last) of x, into q, whose memory detail::place laid out. Tokens are
    /// independent: any split over threads gives the same bits.
    template <class Isa>
    BITNET_HIDDEN static void run(Matrix<const float> x, Quantized<Activations> q,
                                  std::size_t first, std::size_t last) noexcept {
        for (std::size_t t = first; t < last; ++t) detail::quantize_token<Isa>(x.row(t), q, t);
    }
};

} // namespace functions
} // namespace BITNET_NAMESPACE
