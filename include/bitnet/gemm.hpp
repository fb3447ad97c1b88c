// SPDX-License-Identifier: MIT
// Matrix products of packed weights with quantized tokens. One driver for every pair of formats;
// what differs is Tile<Weights, Codes, Layout> in kernels/. One token is the GEMV.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/config.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/kernels/gemm.hpp>
#include <bitnet/kernels/tile_runner.hpp>
#include <bitnet/products.hpp>
#include <bitnet/quantized.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE {

namespace detail {
template <class Isa, class Weights, class Codes, class Layout, class T>
BITNET_INLINE void check_product([[maybe_unused]] const PackedView<Weights, Layout>& weights,
                                 [[maybe_unused]] const Quantized<Codes>& x,
                                 [[maybe_unused]] const Matrix<T>& y,
                                 [[maybe_unused]] std::size_t row_begin,
                                 [[maybe_unused]] std::size_t row_end) noexcept {
    static_assert(kernels::has_kernel<Weights, Codes, Layout, Isa>,
                  "no kernel for these weights, codes and layout: see products.hpp; repack() "
                  "changes the layout");
    BITNET_ASSERT(weights.cols == x.cols && y.rows == x.tokens && y.cols == weights.rows);
    BITNET_ASSERT(row_begin <= row_end && row_end <= weights.rows);
    BITNET_ASSERT(x.group == 0 || is_group(x.group));
}
} // namespace detail

/// y[t, r] = sum over c of W[r, c] * q[t, c], for rows r in [row_begin, row_end)
/// W (rows, cols) packed · x: quantized tokens (tokens, cols) · y (tokens, rows) int32
/// pre:   W.cols == x.cols; y is (x.tokens, W.rows); row_begin <= row_end <= W.rows;
///        x.group is 0 or one of is_group()
/// exact: yes, the same integers on every ISA
/// cost:  reads W once per MiB of x; no allocation; concurrent calls on disjoint rows are safe
template <class Isa = isa::native, class Weights, class Codes, class Layout>
BITNET_INLINE void gemm_dots(PackedView<Weights, Layout> weights, Quantized<Codes> x,
                             Matrix<std::int32_t> y, std::size_t row_begin,
                             std::size_t row_end) noexcept {
    detail::check_product<Isa>(weights, x, y, row_begin, row_end);
    isa::call<functions::GemmDots<Product<Weights, Codes, Layout>>, Isa>(weights, x, y, row_begin,
                                                                         row_end);
}

/// y[t, r] = ((float(dot) / a[t]) * scale[r]) + bias[r]                    Int8
/// y[t, r] = ((float(dot) * scale_x[t]) * scale[r]) + bias[r]              other kinds
/// with scales per group: s = 0; s = s + float(dot_g) * scale[r, g] for each group g in order; then
/// s takes the place of float(dot) * scale[r]:
/// y[t, r] = s / a[t] + bias[r],  y[t, r] = s * scale_x[t] + bias[r]
/// W (rows, cols) packed · x: quantized tokens (tokens, cols) · y (tokens, rows) float
/// tokens with scales per group too (Int8Groups): s = 0; s = s + float(dot_g) * (scale[r, g] *
/// scale_x[t, g]) for each g in order of the finer groups, where scale[r, g] and scale_x[t, g] are
/// those of the group's columns; y[t, r] = s + bias[r]
/// bias: tile_rows floats per row block, or nullptr for none
/// pre:   W.cols == x.cols; y is (x.tokens, W.rows); row_begin <= row_end <= W.rows;
///        x.group is the finer of scales.group and x.scale_group: 0 or one of is_group()
/// exact: the expression above, one rounding to float32 per operation, the same bits on every ISA
/// cost:  reads W once per MiB of x; no allocation; concurrent calls on disjoint rows are safe
template <class Isa = isa::native, class Weights, class Codes, class Layout>
BITNET_INLINE void gemm(PackedView<Weights, Layout> weights, Quantized<Codes> x, ScaleView scales,
                        const float* bias, Matrix<float> y, std::size_t row_begin,
                        std::size_t row_end) noexcept {
    detail::check_product<Isa>(weights, x, y, row_begin, row_end);
    BITNET_ASSERT(x.group == finer_group(scales.group, x.scale_group));
    isa::call<functions::Gemm<Product<Weights, Codes, Layout>>, Isa>(weights, x, scales, bias, y,
                                                                     row_begin, row_end);
}

} // namespace BITNET_NAMESPACE
