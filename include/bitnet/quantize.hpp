// SPDX-License-Identifier: MIT
// Quantizers: float weights to codes and scales, float activations to Quantized tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#include <bitnet/config.hpp>
#include <bitnet/finite.hpp>
#include <bitnet/format.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/kernels/math.hpp>
#include <bitnet/kernels/quantize.hpp>
#include <bitnet/parallel.hpp>
#include <bitnet/quantized.hpp>
#include <bitnet/result.hpp>
#include <bitnet/simd/simd.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE {

/// mean = (sum of w) / n, or of |w|, in double: 16 interleaved partials (element i into i mod 16),
/// folded 8, 4, 2, 1; then rounded to float.
template <bool Magnitudes, class Isa = isa::native>
BITNET_HIDDEN float mean_weight(const float* w, std::size_t n) noexcept {
    double part[16] = {};
    for (std::size_t i = 0; i < n; ++i) {
        const double v = static_cast<double>(w[i]);
        part[i % 16] = rounded(part[i % 16] + (Magnitudes && v < 0 ? -v : v));
    }
    for (std::size_t half = 8; half >= 1; half /= 2) {
        for (std::size_t i = 0; i < half; ++i) part[i] = rounded(part[i] + part[i + half]);
    }
    // rounded(n): or -ffast-math would multiply by a 1 / n that calls share.
    return static_cast<float>(rounded(part[0] / rounded(static_cast<double>(n))));
}

/// scale = max(mean|w|, 1e-5)
/// source: arXiv 2402.17764 (absmean)
template <class Isa = isa::native>
BITNET_HIDDEN float absmean_scale(const float* w, std::size_t n) noexcept {
    const float mean = mean_weight<true, Isa>(w, n);
    return mean > 1e-5f ? mean : 1e-5f;
}

/// code = clamp(round-half-even(w * (1 / scale)), -1, 1): ties at 1/2 give 0
template <class Isa = isa::native>
BITNET_HIDDEN void ternary_codes(const float* w, std::size_t n, float scale,
                                 std::int8_t* codes) noexcept {
    const float inverse = simd::divide(1.0f, scale);
    for (std::size_t i = 0; i < n; ++i) {
        const float v = w[i] * inverse;
        codes[i] = static_cast<std::int8_t>((v > 0.5f) - (v < -0.5f));
    }
}

/// code = -1 where w < centre, else +1 (so both zeros give +1 when centre = 0)
/// source: arXiv 2310.11453, whose centre is the mean of w
template <class Isa = isa::native>
BITNET_HIDDEN void binary_codes(const float* w, std::size_t n, float centre,
                                std::int8_t* codes) noexcept {
    for (std::size_t i = 0; i < n; ++i) {
        // By bits around zero, where a flush-to-zero mode would lose the sign of denormals.
        const std::int32_t bits = detail::bits_of(w[i]);
        const bool minus = (detail::bits_of(centre) & detail::magnitude_bits) == 0
                               ? bits < 0 && (bits & detail::magnitude_bits) != 0
                               : w[i] < centre;
        codes[i] = static_cast<std::int8_t>(minus ? -1 : 1);
    }
}

/// scale = max(max|w|, 1e-30) / largest code: below 1e-30, weights are as good as zeros
template <class Weights, class Isa = isa::native>
BITNET_HIDDEN float absmax_scale(const float* w, std::size_t n) noexcept {
    const float most = detail::float_of(detail::absmax_bits<isa::or_native<Isa>>(w, n));
    return simd::divide(most > 1e-30f ? most : 1e-30f, static_cast<float>(Weights::max_code));
}

/// code = round-half-even(w / scale): no clamp is needed, |w / scale| <= largest code * (1 + 2^-23)
template <class Isa = isa::native>
BITNET_HIDDEN void absmax_codes(const float* w, std::size_t n, float scale,
                                std::int8_t* codes) noexcept {
    using Here = isa::or_native<Isa>;
    using V = simd::f32x16<Here>;
    const V divisor = V::set1(scale);
    simd::for_chunks(n, [&](std::size_t i, std::size_t k) BITNET_INLINE_LAMBDA {
        std::int8_t chunk[16];
        (simd::load_chunk<Here>(w + i, k) / divisor).nearest().store_bytes(chunk);
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
        return {detail::as<std::int8_t>(codes_.data()), codes_.size()};
    }
    BITNET_INLINE std::span<float> scales() const noexcept {
        return {detail::as<float>(scales_.data()), scales_.size() / sizeof(float)};
    }

private:
    AlignedBytes codes_, scales_;
};

/// What BitLinear::from_float() makes of float weights, before it packs them:
///   scale = absmean_scale() of the tensor, or of each row or group; ternary_codes() with that
///   scale, or binary_codes() around 0 or, when centred, around the mean
///   more bits: absmax_scale() and absmax_codes()
/// weights (rows, cols) row-major · codes (rows, cols), scales: 1, rows, or (rows, groups)
/// err: empty_shape, too_large, wrong_size, bad_group; bad_weight (where: index); out_of_memory
template <class Weights, class Isa = isa::native>
BITNET_HIDDEN Result<QuantizedWeights> quantize_weights(std::span<const float> weights,
                                                        std::size_t rows, std::size_t cols,
                                                        WeightOptions options = {}) noexcept {
    if (Result<void> shape = check_shape<max_cols_of<Weights>>(rows, cols); !shape)
        return shape.error();
    if (weights.size() != rows * cols) {
        return detail::wrong_size(weights.size(), rows * cols,
                                  "number of weights is not rows * cols");
    }
    if (options.group != 0 && !is_group(options.group)) return detail::bad_group();
    if (const std::size_t i = find_non_finite<Isa>(weights); i != weights.size()) {
        return Error{Errc::bad_weight, i};
    }
    // Slices that share a scale: the tensor, each row, or each row's groups.
    const bool whole = !options.per_row && options.group == 0;
    const std::size_t row_size = whole ? weights.size() : cols;
    const std::size_t slice = options.group ? options.group : row_size;

    QuantizedWeights q(weights.size(), groups_of(row_size, slice) * (whole ? 1 : rows));
    if (!q) return Error{Errc::out_of_memory};
    float* scale = q.scales().data();
    for (std::size_t row = 0; row < weights.size(); row += row_size) {
        for (std::size_t c = 0; c < row_size; c += slice) {
            const std::size_t n = row_size - c < slice ? row_size - c : slice;
            const float* const from = weights.data() + row + c;
            std::int8_t* const codes = q.codes().data() + row + c;
            if constexpr (Weights::float_rule == FloatRule::absmax) {
                *scale = absmax_scale<Weights, Isa>(from, n);
                absmax_codes<Isa>(from, n, *scale, codes);
            } else if constexpr (Weights::float_rule == FloatRule::absmean) {
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

/// Int8:     a = 127 / max(max|x|, 1e-5), q = round-half-even(x * a)
/// Int4:     the same with a = 7 / max(max|x|, 1e-5)
/// Int2:     m = max(max|x|, 1e-5), q = round-half-even(x * (1 / m)), scale m
/// Sign:     q = -1 where x < 0, else +1; scale 1
/// SignNorm: the same signs; m = mean|x|, scale = sqrt(mean of (|x| - m)^2)
/// SignMean: the same signs; scale = mean|x|
/// x (tokens, cols) float · scratch: scratch_bytes<Activations>(tokens, cols, group) bytes, with
/// any alignment, owned by the caller as long as the result is used
/// group: columns per sum of q; that of the weights it will meet (0, 32, 64, 128 or 256)
/// pre:   scratch is large enough and does not overlap x
/// exact: one rounding to float32 per operation; sums by 16 interleaved partials (element i into
///        i mod 16) folded 8, 4, 2, 1. A token with a NaN or an infinity gets the scale NaN.
/// cost:  reads x once (Sign, SignMean) or twice (Int8, Int4, Int2, SignNorm); no allocation
/// source: arXiv 2402.17764 (Int8)
template <class Activations, class Isa = isa::native, class E = Serial>
BITNET_HIDDEN Quantized<Activations> quantize(Matrix<const float> x, std::span<std::byte> scratch,
                                              std::size_t group = 0,
                                              const E& executor = serial) noexcept {
    static_assert(!std::is_same_v<Activations, Ternary>,
                  "ternary activations come quantized: from bitglu() or quantized_from_codes()");
    static_assert(Executor<E>, BITNET_NO_EXECUTOR);
    const Quantized<Activations> q = detail::place<Activations>(scratch, x.rows, x.cols, group);
    detail::for_ranges<Isa>(executor, x.rows, executor.workers(),
                            [&](std::size_t first, std::size_t last) noexcept {
                                isa::call<functions::Quantize<Activations>, Isa>(x, q, first, last);
                            });
    return q;
}

} // namespace BITNET_NAMESPACE
