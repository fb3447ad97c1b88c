// SPDX-License-Identifier: MIT
// Codes and scales of float weights.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <bitnet/config.hpp>
#include <bitnet/errors.hpp>
#include <bitnet/finite.hpp>
#include <bitnet/format.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/kernels/quantize_weights.hpp>
#include <bitnet/layout.hpp>
#include <bitnet/result.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE {

/// How float weights become codes and scales.
struct WeightOptions {
    bool centred = false;  ///< Binary alone: sign(W - mean W) instead of sign(W), as b1 writes it
    bool per_row = false;  ///< a scale (and centre) for each row, which a group brings anyway
    std::size_t group = 0; ///< 32, 64, 128, 256: a scale (and centre) for each row's groups
};

/// Codes and scales of float weights.
class QuantizedWeights {
public:
    /// Empty (false) when the allocation failed.
    BITNET_INLINE QuantizedWeights(std::size_t codes, std::size_t scales) noexcept
        : codes_(codes), scales_(scales * sizeof(float)) {}
    BITNET_INLINE QuantizedWeights(QuantizedWeights&&) noexcept = default;
    BITNET_INLINE QuantizedWeights& operator=(QuantizedWeights&&) noexcept = default;
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

/// What from_float() of BitLinear and ScreenedHead makes of float weights, before it packs them. n
/// weights w share a scale: those of the tensor, or of each row or group.
///   Ternary: scale = max(mean|w|, 1e-5), code = clamp(round-half-even(w * (1 / scale)), -1, 1)
///   Binary:  scale = the same, code = -1 where w < centre, else +1, so both zeros give +1;
///            centre = 0, or mean w where options.centred
///   Int4, Int6, Int8: scale = max(max|w|, 1e-30) / max_code, code = round-half-even(w / scale)
/// weights (rows, cols) row-major · codes (rows, cols), scales: 1, rows, or (rows, groups)
/// exact: means in double by 16 partials (element i into partial i mod 16, folded 8, 4, 2, 1),
///        rounded to float32; every other operation rounds once to float32
/// source: Ternary: arXiv 2402.17764 (absmean); Binary, centred: arXiv 2310.11453
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
                *scale = detail::absmax_scale<Weights, Isa>(from, n);
                detail::absmax_codes<Isa>(from, n, *scale, codes);
            } else {
                const float mean = detail::mean<Isa, true>(from, n);
                *scale = mean > 1e-5f ? mean : 1e-5f;
                if constexpr (Weights::float_rule == FloatRule::absmean) {
                    detail::ternary_codes<Isa>(from, n, *scale, codes);
                } else {
                    const float centre = options.centred ? detail::mean<Isa, false>(from, n) : 0.0f;
                    detail::binary_codes<Isa>(from, n, centre, codes);
                }
            }
            ++scale;
        }
    }
    return q;
}

} // namespace BITNET_NAMESPACE
