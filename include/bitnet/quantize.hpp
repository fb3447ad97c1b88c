// SPDX-License-Identifier: MIT
// Quantizers: float weights to codes and scales, float activations to Quantized tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#include <bitnet/config.hpp>
#include <bitnet/dispatch.hpp>
#include <bitnet/format.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/math.hpp>
#include <bitnet/parallel.hpp>
#include <bitnet/quantized.hpp>
#include <bitnet/result.hpp>
#include <bitnet/simd/simd.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE {

/// The index of the first NaN or infinity, or values.size(). Looks at bits, so -ffast-math cannot
/// assume it away.
template <class Isa = isa::native>
std::size_t find_non_finite(std::span<const float> values) noexcept {
    const float* data = values.data();
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (!detail::is_finite(data[i])) return i;
    }
    return values.size();
}

/// mean = (sum of w) / n, or of |w|, in double: 16 interleaved partials (element i into i mod 16),
/// folded 8, 4, 2, 1; then rounded to float.
template <bool Absolute, class Isa = isa::native>
float mean_weight(const float* w, std::size_t n) noexcept {
    double part[16] = {};
    for (std::size_t i = 0; i < n; ++i) {
        const double v = w[i];
        part[i % 16] = once(part[i % 16] + (Absolute && v < 0 ? -v : v));
    }
    for (std::size_t half = 8; half >= 1; half /= 2) {
        for (std::size_t i = 0; i < half; ++i) part[i] = once(part[i] + part[i + half]);
    }
    // once(n): or -ffast-math would multiply by a 1 / n that calls share.
    return static_cast<float>(once(part[0] / once(static_cast<double>(n))));
}

/// scale = max(mean|w|, 1e-5)
/// source: arXiv 2402.17764 (absmean)
template <class Isa = isa::native>
float absmean_scale(const float* w, std::size_t n) noexcept {
    const float mean = mean_weight<true, Isa>(w, n);
    return mean > 1e-5f ? mean : 1e-5f;
}

/// code = clamp(round-half-even(w * (1 / scale)), -1, 1): ties at 1/2 give 0
template <class Isa = isa::native>
void ternary_codes(const float* w, std::size_t n, float scale, std::int8_t* codes) noexcept {
    const float inverse = simd::lane::divide(1.0f, scale);
    for (std::size_t i = 0; i < n; ++i) {
        const float v = w[i] * inverse;
        codes[i] = static_cast<std::int8_t>((v > 0.5f) - (v < -0.5f));
    }
}

/// code = -1 where w < centre, else +1 (so both zeros give +1 when centre = 0)
/// source: arXiv 2310.11453, whose centre is the mean of w
template <class Isa = isa::native>
void binary_codes(const float* w, std::size_t n, float centre, std::int8_t* codes) noexcept {
    for (std::size_t i = 0; i < n; ++i) {
        // By bits around zero, where a flush-to-zero mode would lose the sign of denormals.
        const std::int32_t bits = detail::bits_of(w[i]);
        const bool minus =
            centre == 0 ? bits < 0 && (bits & detail::magnitude_bits) != 0 : w[i] < centre;
        codes[i] = static_cast<std::int8_t>(minus ? -1 : 1);
    }
}

/// scale = max(max|w|, 1e-30) / largest code: below 1e-30, weights are as good as zeros
template <class Weights, class Isa = isa::native>
float absmax_scale(const float* w, std::size_t n) noexcept {
    const float most = detail::float_of(detail::absmax_bits<Isa>(w, n));
    return simd::lane::divide(most > 1e-30f ? most : 1e-30f, static_cast<float>(Weights::max_code));
}

/// code = round-half-even(w / scale): no clamp is needed, |w / scale| <= largest code * (1 + 2^-23)
template <class Isa = isa::native>
void absmax_codes(const float* w, std::size_t n, float scale, std::int8_t* codes) noexcept {
    using V = simd::f32x16<Isa>;
    const V divisor = V::set1(scale);
    simd::for_chunks(n, [&](std::size_t i, std::size_t k) BITNET_INLINE_LAMBDA {
        std::int8_t chunk[16];
        (simd::load_chunk<Isa>(w + i, k) / divisor).nearest().store_bytes(chunk);
        std::memcpy(codes + i, chunk, k);
    });
}

/// How float weights become codes and scales.
struct WeightOptions {
    bool centred = false;  ///< Binary: sign(W - mean W) instead of sign(W), as b1 writes it
    bool per_row = false;  ///< a scale (and centre) for each row instead of one for the tensor
    std::size_t group = 0; ///< 32, 64, 128, 256: a scale (and centre) for each row's groups
};

/// Codes and scales of float weights.
class QuantizedWeights {
public:
    /// Empty (false) when the allocation failed.
    BITNET_INLINE QuantizedWeights(std::size_t codes, std::size_t scales) noexcept
        : codes_(codes), scales_(scales * sizeof(float)) {}
    BITNET_INLINE QuantizedWeights(QuantizedWeights&&) noexcept = default;
    BITNET_INLINE ~QuantizedWeights() = default;

    BITNET_INLINE explicit operator bool() const noexcept { return codes_ && scales_; }
    BITNET_INLINE std::span<std::int8_t> codes() const noexcept {
        return {reinterpret_cast<std::int8_t*>(codes_.data()), codes_.size()};
    }
    BITNET_INLINE std::span<float> scales() const noexcept {
        return {reinterpret_cast<float*>(scales_.data()), scales_.size() / sizeof(float)};
    }

private:
    AlignedBytes codes_, scales_;
};

/// What BitLinear::from_float() makes of float weights, before it packs them:
///   scale = absmean_scale() of the tensor, or of each row or group; ternary_codes() with that
///   scale, or binary_codes() around 0 or, when centred, around the mean
///   Int8, Int6: absmax_scale() and absmax_codes()
/// weights (rows, cols) row-major · codes (rows, cols), scales: 1, rows, or (rows, groups)
/// err: wrong_size, too_large, bad_group; bad_weight (where: index); out_of_memory
template <class Weights, class Isa = isa::native>
Result<QuantizedWeights> quantize_weights(std::span<const float> weights, std::size_t rows,
                                          std::size_t cols, WeightOptions options = {}) noexcept {
    if (Status shape = check_shape(rows, cols, max_cols_of<Weights>); !shape) return shape.error();
    if (weights.size() != rows * cols) return Error{Errc::wrong_size, weights.size()};
    if (options.group != 0 && !is_group(options.group)) {
        return Error{Errc::bad_group, options.group};
    }
    if (const std::size_t i = find_non_finite<Isa>(weights); i != weights.size()) {
        return Error{Errc::bad_weight, i};
    }
    // Slices that share a scale: the tensor, each row, or each row's groups.
    const bool whole = !options.per_row && options.group == 0;
    const std::size_t row_size = whole ? weights.size() : cols;
    const std::size_t slice = options.group ? options.group : row_size;

    QuantizedWeights q(weights.size(), groups_of(row_size, slice) * (whole ? 1 : rows));
    if (!q) return Error{Errc::out_of_memory, weights.size()};
    float* scale = q.scales().data();
    for (std::size_t row = 0; row < weights.size(); row += row_size) {
        for (std::size_t c = 0; c < row_size; c += slice) {
            const std::size_t n = row_size - c < slice ? row_size - c : slice;
            const float* const from = weights.data() + row + c;
            std::int8_t* const codes = q.codes().data() + row + c;
            if constexpr (Weights::bits > 2) {
                *scale = absmax_scale<Weights, Isa>(from, n);
                absmax_codes<Isa>(from, n, *scale, codes);
            } else if constexpr (std::is_same_v<Weights, Ternary>) {
                *scale = absmean_scale<Isa>(from, n);
                ternary_codes<Isa>(from, n, *scale, codes);
            } else {
                *scale = absmean_scale<Isa>(from, n);
                const float centre = options.centred ? mean_weight<false, Isa>(from, n) : 0.0f;
                binary_codes<Isa>(from, n, centre, codes);
            }
            ++scale;
        }
    }
    return q;
}

namespace detail {

template <class Isa, class Activations>
requires(std::is_same_v<codes_of<Activations>, Int8>) BITNET_INLINE
    void quantize_token(const float* x, const Quantized<Activations>& q, std::size_t t) noexcept {
    using V = simd::f32x16<Isa>;
    using I = simd::i32x16<Isa>;
    const auto at = q.layout();
    const std::size_t w = at.width(t);
    std::uint8_t* word = q.codes + at.offset(t);
    const auto put = [&](const I& code) BITNET_INLINE_LAMBDA { // 16 columns
        std::int8_t codes[16];
        if (w == 1) {
            code.store_bytes(reinterpret_cast<std::int8_t*>(word));
        } else {
            code.store_bytes(codes);
            for (std::size_t j = 0; j < 4; ++j) std::memcpy(word + j * 4 * w, codes + 4 * j, 4);
        }
        word += 16 * w;
    };

    const std::int32_t max_bits = absmax_bits<Isa>(x, q.cols);
    const bool finite = max_bits < inf_bits;
    const float max_abs = finite ? float_of(max_bits) : 0.0f;
    constexpr float max_code = Activations::max_code;
    const float a = simd::lane::divide(max_code, max_abs > 1e-5f ? max_abs : 1e-5f);
    set_scale(q.scales[t], finite, a);

    const V factor = V::set1(a);
    const I keep = I::set1(finite ? -1 : 0);
    const std::size_t per_sum = q.group ? q.group : q.cols;
    for (std::size_t g = 0, left = q.cols; g < at.groups(); ++g, left -= per_sum) {
        I sum = I::set1(0);
        const float* from = x + g * per_sum;
        simd::for_chunks(left < per_sum ? left : per_sum, [&](std::size_t i,
                                                              std::size_t k) BITNET_INLINE_LAMBDA {
            // |x * a| <= max_code * (1 + 2^-22): no clamp is needed
            const I code = (simd::load_chunk<Isa>(from + i, k) * factor).nearest() & keep;
            sum = sum + code;
            put(code);
        });
        q.sums[g * q.tokens + t] = sum.sum();
    }
    if (round_up(q.cols, 16) % layout::tile_cols != 0) put(I::set1(0));
}

template <class Isa>
BITNET_INLINE void quantize_token(const float* x, const Quantized<Int2>& q,
                                  std::size_t t) noexcept {
    using V = simd::f32x16<Isa>;
    using I = simd::i32x16<Isa>;
    const auto at = q.layout();
    const std::size_t w = at.width(t), per_sum = q.group ? q.group : at.steps() * 32;
    std::uint8_t* word = q.codes + at.offset(t);

    const std::int32_t max_bits = absmax_bits<Isa>(x, q.cols);
    const bool finite = max_bits < inf_bits;
    const float max_abs = finite ? float_of(max_bits) : 0.0f;
    const float m = max_abs > 1e-5f ? max_abs : 1e-5f;
    set_scale(q.scales[t], finite, m);

    const V factor = V::set1(simd::lane::divide(1.0f, m));
    const I half = I::set1(bits_of(0.5f)); // rounds to 0
    for (std::size_t g = 0; g < at.groups(); ++g) q.sums[g * q.tokens + t] = 0;
    for (std::size_t c = 0; c < q.cols; c += 32, word += 8 * w) {
        std::uint32_t nonzero = 0, minus = 0;
        if (finite) {
            const std::size_t n = q.cols - c < 32 ? q.cols - c : 32;
            simd::for_chunks(n, [&](std::size_t i, std::size_t k) BITNET_INLINE_LAMBDA {
                const V v = simd::load_chunk<Isa>(x + c + i, k) * factor;
                nonzero |= simd::below(half, v.abs().bits()).negative() << i;
                minus |= v.bits().negative() << i;
            });
        }
        const std::uint32_t mask = to_lane_order(nonzero), sign = to_lane_order(nonzero & ~minus);
        std::memcpy(word, &mask, sizeof mask);
        std::memcpy(word + 4 * w, &sign, sizeof sign);
        q.sums[c / per_sum * q.tokens + t] += ones(nonzero);
    }
}

/// Bit i < 32: whether v[i] is a number < 0, and whether it is a number > 0. Denormals count, and
/// so -ffast-math and flush-to-zero modes change nothing. see(|v|) gets the magnitudes, 16 at a
/// time, zeros beyond n.
struct Signs {
    std::uint32_t negative, positive;
};
template <class Isa, class F>
BITNET_INLINE Signs signs32(const float* v, std::size_t n, F&& see) noexcept {
    using I = simd::i32x16<Isa>;
    Signs s{0, 0};
    // The bits of numbers < 0, less 1, are the integers from the least up to these.
    const I end = I::set1(inf_bits | sign_bit);
    simd::for_chunks(n < 32 ? n : 32, [&](std::size_t i, std::size_t k) BITNET_INLINE_LAMBDA {
        const simd::f32x16<Isa> value = simd::load_chunk<Isa>(v + i, k);
        see(value.abs());
        s.negative |= less(value.bits() - I::set1(1), end) << i;
        s.positive |= less(value.bits() + I::set1(magnitude_bits), end) << i; // the sign changed
    });
    return s;
}

/// Runs f(first column, how many) for each 32 columns; the last may be fewer.
template <class F>
BITNET_INLINE void for_words(std::size_t cols, F&& f) noexcept {
    std::size_t c = 0;
    for (; c + 32 <= cols; c += 32) f(c, std::size_t{32});
    if (c < cols) f(c, cols - c);
}

/// sqrt of the mean of (|x| - mean)^2
template <class Isa>
BITNET_INLINE float deviation(const float* x, std::size_t n, float mean) noexcept {
    using V = simd::f32x16<Isa>;
    const V centre = V::set1(mean);
    V sum = simd::zeros<Isa>();
    simd::for_chunks(n, [&](std::size_t i, std::size_t k) BITNET_INLINE_LAMBDA {
        const V d = simd::load_chunk<Isa>(x + i, k).abs() - centre;
        if (k == 16) {
            sum = sum + d * d;
        } else { // lanes beyond the row's end count zero
            float square[16];
            (d * d).store(square);
            sum = sum + V::load_first(square, k);
        }
    });
    return square_root(simd::lane::divide(sum.fold(), static_cast<float>(n)));
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
    const auto see = [&](const V& magnitude) BITNET_INLINE_LAMBDA {
        largest = max(largest, magnitude.bits());
        if constexpr (!std::is_same_v<Activations, Sign>) sum = sum + magnitude;
    };
    for_words(q.cols, [&](std::size_t c, std::size_t n) BITNET_INLINE_LAMBDA {
        const std::uint32_t present = n < 32 ? (1u << n) - 1 : ~0u;
        const std::uint32_t minus = signs32<Isa>(x + c, n, see).negative;
        const std::uint32_t lane = to_lane_order(present & ~minus);
        std::memcpy(word, &lane, sizeof lane);
        word += 4 * w;
    });
    float scale = 1.0f;
    if constexpr (!std::is_same_v<Activations, Sign>) {
        scale = simd::lane::divide(sum.fold(), static_cast<float>(q.cols));
    }
    if constexpr (std::is_same_v<Activations, SignNorm>) scale = deviation<Isa>(x, q.cols, scale);
    set_scale(q.scales[t], largest.maximum() < inf_bits, scale);
}

} // namespace detail

/// Quantizes tokens [first, last) of x into q, whose memory is laid out already. Tokens are
/// independent: any split over threads gives the same bits.
template <class Activations, class Isa>
void quantize_tokens(Matrix<const float> x, Quantized<Activations> q, std::size_t first,
                     std::size_t last) noexcept {
    if constexpr (isa::is_dynamic<Isa>) {
        dispatch::table().quantizer<Activations>().quantize_tokens(x, q, first, last);
    } else {
        for (std::size_t t = first; t < last; ++t) detail::quantize_token<Isa>(x.row(t), q, t);
    }
}

/// Int8:     a = 127 / max(max|x|, 1e-5), q = round-half-even(x * a)
/// Int4:     the same with a = 7 / max(max|x|, 1e-5)
/// Int2:     m = max(max|x|, 1e-5), q = round-half-even(x * (1 / m)), scale m
/// Sign:     q = -1 where x < 0, else +1; scale 1
/// SignNorm: the same signs; m = mean|x|, scale = sqrt(mean of (|x| - m)^2)
/// SignMean: the same signs; scale = mean|x|
/// x (tokens, cols) float · memory: quantized_bytes<Activations>(tokens, cols, group) bytes, with
/// any alignment, owned by the caller as long as the result is used
/// group: columns per sum of q; that of the weights it will meet (0, 32, 64, 128 or 256)
/// pre:   memory is large enough and does not overlap x
/// exact: one rounding to float32 per operation; sums by 16 interleaved partials (element i into
///        i mod 16) folded 8, 4, 2, 1. A token with a NaN or an infinity gets the scale NaN.
/// cost:  reads x once (Sign, SignMean) or twice (Int8, Int4, Int2, SignNorm); no allocation
/// source: arXiv 2402.17764 (Int8)
template <class Activations, class Isa = isa::native, Executor E = Serial>
requires(!std::is_same_v<Activations, Ternary>) Quantized<Activations> quantize(
    Matrix<const float> x, std::span<std::byte> memory, std::size_t group = 0,
    const E& executor = serial)
noexcept {
    const Quantized<Activations> q = detail::place<Activations>(memory, x.rows, x.cols, group);
    detail::for_ranges(executor, x.rows, executor.workers(),
                       [&](std::size_t first, std::size_t last) noexcept {
                           quantize_tokens<Activations, Isa>(x, q, first, last);
                       });
    return q;
}

} // namespace BITNET_NAMESPACE
