// SPDX-License-Identifier: MIT
// Quantized tokens from float activations, or from codes of the caller's own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include <bitnet/config.hpp>
#include <bitnet/errors.hpp>
#include <bitnet/format.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/kernels/quantize.hpp>
#include <bitnet/kernels/token_words.hpp>
#include <bitnet/layout.hpp>
#include <bitnet/parallel.hpp>
#include <bitnet/quantized.hpp>
#include <bitnet/result.hpp>
#include <bitnet/simd/float_bits.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE {

/// Int8:     a = 127 / max(max|x|, 1e-5), q = round-half-even(x * a)
/// Int8Groups<G>: of each G columns
///           m = max(max|x|, 1e-5), q = round-half-even(x * (127 / m)), scale m / 127;
///           of a last group with fewer columns, of these
/// Int4:     as Int8 with a = 7 / max(max|x|, 1e-5)
/// Int2:     m = max(max|x|, 1e-5), q = round-half-even(x * (1 / m)), scale m
/// Sign:     q = -1 where x < 0, else +1; scale 1
/// SignNorm: the same signs; m = mean|x|, scale = sqrt(mean of (|x| - m)^2)
/// SignMean: the same signs; scale = mean|x|
/// x (tokens, cols) float · scratch: scratch_bytes<Activations>(tokens, cols, group) bytes, with
/// any alignment, owned by the caller as long as the result is used
/// group: that of the weights which q will meet (0, 32, 64, 128 or 256); q.group is the finer one
/// pre:   x.cols <= max_cols; group is 0 or one of is_group(); scratch is large enough and does
///        not overlap x
/// exact: one rounding to float32 per operation; sums by 16 interleaved partials (element i into
///        i mod 16) folded 8, 4, 2, 1. A token with a NaN or an infinity (of Int8Groups: a group
///        with one) gets the scale NaN.
/// cost:  reads x once (Sign, SignMean) or twice (other kinds); no allocation
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

/// A batch from the caller's own codes.
/// codes (tokens, cols) row-major, tokens >= 0: Int8, Int8Groups and Int4 any int8; Sign kinds -1
///       or 1; Ternary and Int2 -1, 0, 1
/// scales (tokens), see Quantized; Int8Groups<G>: (tokens, ceil(cols / G)) row-major; {} = all 1
/// group: of the weights · scratch: scratch_bytes<Activations>(tokens, cols, group) bytes
/// err: empty_shape (no cols), too_large, bad_group, wrong_size; bad_code (where: index in codes);
///      bad_scale (where: index in scales)
template <class Activations, class Isa = isa::native>
BITNET_HIDDEN Result<Quantized<Activations>>
quantized_from_codes(std::span<const std::int8_t> codes, std::size_t tokens, std::size_t cols,
                     std::span<const float> scales, std::span<std::byte> scratch,
                     std::size_t group = 0) noexcept {
    if (Result<void> shape = check_shape(tokens ? tokens : 1, cols); !shape) return shape.error();
    if (group != 0 && !is_group(group)) return detail::bad_group();
    if (codes.size() != tokens * cols) {
        return detail::wrong_size(codes.size(), tokens * cols,
                                  "number of codes is not tokens * cols");
    }
    const std::size_t groups = groups_of(cols, Activations::scale_group);
    if (!scales.empty() && scales.size() != tokens * groups) {
        return detail::wrong_size(scales.size(), tokens * groups,
                                  Activations::scale_group != 0
                                      ? "number of scales is not tokens * groups"
                                      : "number of scales is not tokens");
    }
    const std::size_t bytes = scratch_bytes<Activations>(tokens, cols, group);
    if (scratch.size() < bytes) {
        return detail::wrong_size(scratch.size(), bytes, "scratch has fewer than scratch_bytes()");
    }

    const Quantized<Activations> q = detail::place<Activations>(scratch, tokens, cols, group);
    for (std::size_t t = 0; t < tokens; ++t) {
        for (std::size_t g = 0; g < groups; ++g) {
            float& scale = q.scales[g * tokens + t];
            scale = scales.empty() ? 1.0f : scales[t * groups + g];
            if (!detail::is_finite(scale)) return Error{Errc::bad_scale, t * groups + g};
        }
        const std::size_t c = detail::write_codes<Isa>(codes.data() + t * cols, q, t);
        if (c != cols) return detail::bad_code<codes_of<Activations>>(t * cols + c);
    }
    return q;
}

} // namespace BITNET_NAMESPACE
