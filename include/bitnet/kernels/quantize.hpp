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

/// What the floats of some columns are multiplied by to become int8; keep is 0 where they all
/// become 0, else -1.
template <class Isa>
struct Int8Factor {
    simd::f32x16<Isa> a;
    simd::i32x16<Isa> keep;

    BITNET_INLINE Int8Factor(float factor, bool finite) noexcept
        : a(simd::f32x16<Isa>::set1(factor)), keep(simd::i32x16<Isa>::set1(finite ? -1 : 0)) {}
};

/// Writes the int8 codes of token t and their sums; factor(g) is that of group g of the sums.
template <class Isa, class Activations, class F>
BITNET_INLINE void write_int8(const float* x, const Quantized<Activations>& q, std::size_t t,
                              const F& factor) noexcept {
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

    const std::size_t per_sum = q.group ? q.group : q.cols;
    for (std::size_t g = 0, left = q.cols; g < at.groups(); ++g, left -= per_sum) {
        Ints sum = Ints::set1(0);
        const float* from = x + g * per_sum;
        const Int8Factor<Isa> by = factor(g);
        simd::for_chunks(left < per_sum ? left : per_sum, [&](std::size_t i,
                                                              std::size_t k) BITNET_INLINE_LAMBDA {
            // |x * a| <= max_code * (1 + 2^-22): no clamp is needed
            const Ints code = (simd::load_chunk<Isa>(from + i, k) * by.a).nearest() & by.keep;
            sum = sum + code;
            put(code);
        });
        q.sums[g * q.tokens + t] = sum.sum();
    }
    if (round_up(q.cols, Ints::size) % layout::tile_cols != 0) put(Ints::set1(0));
}

template <class Isa, class Activations>
requires(std::is_same_v<codes_of<Activations>, Int8>&& Activations::scale_group == 0) BITNET_INLINE
    void quantize_token(const float* x, const Quantized<Activations>& q, std::size_t t) noexcept {
    const std::int32_t max_bits = absmax_bits<Isa>(x, q.cols);
    const bool finite = max_bits < inf_bits;
    const float max_abs = finite ? float_of(max_bits) : 0.0f;
    constexpr float max_code = Activations::max_code;
    const float a = simd::divide(max_code, max_abs > 1e-5f ? max_abs : 1e-5f);
    set_scale(q.scales[t], finite, a);
    const Int8Factor<Isa> factor(a, finite);
    write_int8<Isa>(x, q, t, [&](std::size_t) BITNET_INLINE_LAMBDA { return factor; });
}

/// The factors of the groups of columns from `first` on, at most 16, and their scales to q. A
/// factor is 0 where the group holds a NaN or an infinity.
template <class Isa, std::size_t Group>
BITNET_INLINE void group_factors(const float* x, const Quantized<Int8Groups<Group>>& q,
                                 std::size_t t, std::size_t first, float (&factors)[16]) noexcept {
    using V = simd::f32x16<Isa>;
    using Ints = simd::i32x16<Isa>;
    const std::size_t left = groups_of(q.cols, Group) - first, n = left < 16 ? left : 16;
    std::int32_t bits[16] = {};
    for (std::size_t i = 0; i < n; ++i) {
        const std::size_t c = (first + i) * Group, cols = q.cols - c;
        bits[i] = absmax_bits<Isa>(x + c, cols < Group ? cols : Group);
    }
    const Ints max_bits = Ints::load(bits);
    const Ints finite = simd::less_mask(max_bits, Ints::set1(inf_bits));
    // Numbers >= 0 have the order of their bits.
    const V m = V::from_bits(larger(max_bits & finite, Ints::set1(bits_of(1e-5f))));
    const V max_code = V::set1(Int8Groups<Group>::max_code);
    V::from_bits((max_code / m).bits() & finite).store(factors);
    simd::select(finite, (m / max_code).bits(), Ints::set1(nan_bits)).store(bits);
    for (std::size_t i = 0; i < n; ++i) {
        std::memcpy(q.scales + (first + i) * q.tokens + t, bits + i, sizeof *bits);
    }
}

template <class Isa, std::size_t Group>
BITNET_INLINE void quantize_token(const float* x, const Quantized<Int8Groups<Group>>& q,
                                  std::size_t t) noexcept {
    const std::size_t sums = Group / q.group; // of a scale
    float factors[16];
    write_int8<Isa>(x, q, t, [&](std::size_t g) BITNET_INLINE_LAMBDA {
        const std::size_t i = g / sums;
        if (g % (16 * sums) == 0) group_factors<Isa>(x, q, t, i, factors);
        const float a = factors[i % 16];
        return Int8Factor<Isa>(a, bits_of(a) != 0);
    });
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
