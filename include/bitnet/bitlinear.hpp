// SPDX-License-Identifier: MIT
// BitLinear: a linear layer of packed weights: 1 or 1.58 bits, and 4, 6 or 8 for what needs them,
// as output heads. The header most users include.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

#include <bitnet/config.hpp>
#include <bitnet/format.hpp>
#include <bitnet/gemm.hpp>
#include <bitnet/image/blocks_image.hpp>
#include <bitnet/image/layer_image.hpp>
#include <bitnet/image/new_image.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/layout.hpp>
#include <bitnet/parallel.hpp>
#include <bitnet/quantize.hpp>
#include <bitnet/quantize_weights.hpp>
#include <bitnet/quantized.hpp>
#include <bitnet/result.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE {

/// y = dequantized(W q(x)) + bias
///   Int8, Int4: y = ((float(dot) / a) * scale_w) + bias,  a = 127 (7) / max(max|x|, 1e-5)
///   Int2:       y = ((float(dot) * scale_x) * scale_w) + bias,  scale_x = max(max|x|, 1e-5)
///   sign kinds: the same with scale_x = 1, std|x| or mean|x|
///   scales per group: s = 0; s = s + float(dot_g) * scale[r, g] for each g in order; then s takes
///   the place of float(dot) * scale_w
///   Int8Groups: s = 0; s = s + float(dot_g) * (scale_w * scale_x) for each g in order of the finer
///   groups of weights and activations; y = s + bias,  scale_x = max(max|x|, 1e-5) / 127 of a group
/// W (rows, cols) of a format · x (tokens, cols) float · y (tokens, rows) float
/// exact: dots are exact; every float operation is rounded once to float32 and never contracted:
///        the same bits on every ISA, compiler, flag set and thread count, for codes that verify()
///        accepts (on others a result is some number); a NaN is a NaN of any payload
/// source: arXiv 2310.11453 (b1), 2402.17764 (b1.58)
///
/// Weights: Binary, Ternary. Activations: Int8, Int8Groups, Int4, Int2, Sign, SignNorm, SignMean;
/// Ternary takes quantized input only (what bitglu() yields). Weights of more bits meet Int8,
/// Int8Groups and Int4. A layer is one block of bytes, owned or mapped, and carries no ISA: it may
/// be made in one translation unit and run in another. Layout: of the codes. products.hpp lists the
/// layouts that each pair has kernels for; docs/formats.md says which is worth it when.
template <class Weights, class Activations, class L = preferred_layout<Weights, Activations>>
class BitLinear {
public:
    using Codes = codes_of<Activations>;
    using Layout = L;

    /// A layer from integer codes.
    /// codes (rows, cols) row-major, each one of the format's: Weights::is_code()
    /// scales: 1, rows, or (rows, groups) row-major with groups = ceil(cols / group); with group =
    ///       64 also (ceil(rows / 64), groups), one per 64 x 64 block, which is kept once per row
    /// bias (rows) or {} for none
    /// group: 0, or 32, 64, 128, 256 columns that share a scale
    /// err: empty_shape, too_large, bad_group, wrong_size; bad_code, bad_scale, bad_bias (where:
    ///      index); out_of_memory
    template <class Isa = isa::native>
    BITNET_HIDDEN static Result<BitLinear>
    from_codes(std::span<const std::int8_t> codes, std::size_t rows, std::size_t cols,
               std::span<const float> scales, std::span<const float> bias = {},
               std::size_t group = 0) noexcept {
        auto image =
            detail::make_image<Weights, Layout, Isa>(codes, rows, cols, scales, bias, group);
        if (!image) return image.error();
        return BitLinear(std::move(*image));
    }

    /// The same with scales of groups that are IEEE 754 halves, given by their bits: the layer
    /// keeps them so, in half the bytes. A result has the bits that it has with the same scales as
    /// floats. err: as above; bad_group where group is 0
    template <class Isa = isa::native>
    BITNET_HIDDEN static Result<BitLinear>
    from_codes(std::span<const std::int8_t> codes, std::size_t rows, std::size_t cols,
               std::span<const std::uint16_t> scales, std::span<const float> bias,
               std::size_t group) noexcept {
        auto image =
            detail::make_image<Weights, Layout, Isa>(codes, rows, cols, scales, bias, group);
        if (!image) return image.error();
        return BitLinear(std::move(*image));
    }

    /// A layer from float weights.
    ///   scale = max(mean|W|, 1e-5) of the tensor (or of each row, or group, see WeightOptions)
    ///   Ternary: clamp(round-half-even(W * (1 / scale)), -1, 1)
    ///   Binary: -1 where W < 0, else +1; with options.centred, where W < mean W
    ///   more bits: scale = max(max|W|, 1e-30) / max_code, round-half-even(W / scale)
    /// weights (rows, cols) row-major · bias (rows) or {} for none
    /// err: empty_shape, too_large, bad_group, wrong_size; bad_weight, bad_bias (where: index);
    ///      out_of_memory
    template <class Isa = isa::native>
    BITNET_HIDDEN static Result<BitLinear>
    from_float(std::span<const float> weights, std::size_t rows, std::size_t cols,
               std::span<const float> bias = {}, WeightOptions options = {}) noexcept {
        auto q = quantize_weights<Weights, Isa>(weights, rows, cols, options);
        if (!q) return q.error();
        constexpr bool codes_are_sound = true;
        auto image = detail::make_image<Weights, Layout, Isa, codes_are_sound>(
            q->codes(), rows, cols, std::span<const float>(q->scales()), bias, options.group);
        if (!image) return image.error();
        return BitLinear(std::move(*image));
    }

    /// A layer from the blocks of a file of another program, without its codes in between.
    /// Blocks: one of block_types (blocks.hpp); a weight is code * scale * options.factor, the
    ///       product of the scales rounded once
    /// bytes: block_bytes<Blocks>(rows, cols), which the layer does not refer to
    /// exact: the layer has one scale if all blocks agree, else one per row if the blocks of each
    ///       row do, else one per group: the largest within which neighbours agree. A block whose
    ///       weights are all 0 agrees with any, and weights that share a scale and are all 0 get
    ///       the scale 0: so files of the same weights give the same layer, whatever their types.
    ///       (Binary weights are never 0: for them a scale of 0 is a scale.)
    ///       With options.half_scales, scales per group are halves in it, if each is one.
    /// cost: beside the layer, memory for the codes and scales of 16 rows
    /// err: as block_bytes(), wrong_size; bad_bias (where: index); bad_scale, bad_code (where: row
    ///      * cols + col of the first weight with it); out_of_memory
    template <class Blocks, class Isa = isa::native>
    BITNET_HIDDEN static Result<BitLinear> from_blocks(std::span<const std::byte> bytes,
                                                       std::size_t rows, std::size_t cols,
                                                       BlockOptions options = {}) noexcept {
        auto image =
            detail::make_image_of_blocks<Weights, Layout, Blocks, Isa>(bytes, rows, cols, options);
        if (!image) return image.error();
        return BitLinear(std::move(*image));
    }

    /// A layer from what bytes() gave, copied. Codes and padding are not scanned: see verify().
    /// err: wrong_size, bad_header, too_large, empty_shape, bad_scale, bad_bias (where: byte);
    ///      out_of_memory
    template <class Isa = isa::native>
    BITNET_HIDDEN static Result<BitLinear> from_packed(std::span<const std::byte> bytes) noexcept {
        auto image = detail::copy_image<Weights, Layout, Isa>(bytes);
        if (!image) return image.error();
        return BitLinear(std::move(*image));
    }

    /// A layer that reads bytes (from bytes(), in a file mapping, say) in place; they must outlive
    /// it and start at a multiple of 64 bytes. Codes and padding are not scanned: see verify().
    /// err: as from_packed, and misaligned
    template <class Isa = isa::native>
    BITNET_HIDDEN static Result<BitLinear> map_packed(std::span<const std::byte> bytes) noexcept {
        auto image = detail::map_image<Weights, Layout, Isa>(bytes);
        if (!image) return image.error();
        return BitLinear(std::move(*image));
    }

    /// An empty layer (false): no rows, no cols, no bytes. So is one that was moved from.
    BITNET_INLINE BitLinear() noexcept = default;
    BITNET_INLINE BitLinear(BitLinear&&) noexcept = default;
    BITNET_INLINE BitLinear& operator=(BitLinear&&) noexcept = default;
    BITNET_INLINE ~BitLinear() = default;
    BITNET_INLINE explicit operator bool() const noexcept { return rows() != 0; }

    /// Everything the layer is; the same bytes on every CPU. docs/formats.md has the layout.
    BITNET_INLINE std::span<const std::byte> bytes() const noexcept { return image_.bytes(); }

    /// Scans codes, and the padding of codes, scales and bias.
    /// err: bad_code (where: row * cols + col), bad_padding (where: byte of bytes())
    // In parentheses, since macOS has a macro verify(x).
    template <class Isa = isa::native>
    BITNET_HIDDEN Result<void>(verify)() const noexcept {
        return detail::verify_image<Weights, Layout, Isa>(image_);
    }

    BITNET_INLINE std::size_t rows() const noexcept { return image_.rows(); }
    BITNET_INLINE std::size_t cols() const noexcept { return image_.cols(); }
    /// Columns per scale of the weights; 0 = all.
    BITNET_INLINE std::size_t group() const noexcept { return image_.group(); }
    /// Columns per sum: the finer of group() and of the activations' groups; 0 = all. Layers of the
    /// same activations, cols() and sum_group() may share a quantized input.
    BITNET_INLINE std::size_t sum_group() const noexcept {
        return finer_group(group(), Activations::scale_group);
    }
    BITNET_INLINE bool has_bias() const noexcept { return image_.bias() != nullptr; }
    /// (rows), or empty without a bias.
    BITNET_INLINE std::span<const float> bias() const noexcept {
        return {image_.bias(), has_bias() ? rows() : 0};
    }
    BITNET_INLINE PackedView<Weights, Layout> weights() const noexcept {
        return {image_.codes(), rows(), cols()};
    }
    BITNET_INLINE ScaleView scales() const noexcept { return image_.scales(); }
    /// The code at (row, col), and the scale of a row (and group of columns).
    BITNET_INLINE int code(std::size_t row, std::size_t col) const noexcept {
        return weights()(row, col);
    }
    BITNET_INLINE float scale(std::size_t row, std::size_t g = 0) const noexcept {
        return detail::scale_of(image_.scales(), row, g);
    }

    /// Bytes of scratch for quantize() and forward(); size_t's maximum on overflow.
    BITNET_INLINE std::size_t scratch_bytes(std::size_t tokens) const noexcept {
        return bitnet::scratch_bytes<Activations>(tokens, cols(), group());
    }

    /// Quantizes x once, for all layers that share it (q, k, v; gate, up).
    /// x (tokens, cols) · scratch: scratch_bytes(tokens) bytes, which the result refers to
    template <class Isa = isa::native, class E = Serial>
    BITNET_HIDDEN Quantized<Activations> quantize(Matrix<const float> x,
                                                  std::span<std::byte> scratch,
                                                  const E& executor = serial) const noexcept {
        BITNET_ASSERT(x.cols == cols());
        return bitnet::quantize<Activations, Isa>(x, scratch, group(), executor);
    }
    template <class Isa = isa::native, class E = Serial>
    BITNET_HIDDEN Quantized<Activations> quantize(std::span<const float> x, std::size_t tokens,
                                                  std::span<std::byte> scratch,
                                                  const E& executor = serial) const noexcept {
        BITNET_ASSERT(x.size() == tokens * cols());
        return quantize<Isa>(Matrix<const float>(x.data(), tokens, cols()), scratch, executor);
    }

    /// y = this layer of x (the formula is at the class)
    /// x (tokens, cols), y (tokens, rows), row-major · scratch: scratch_bytes(tokens) bytes
    /// pre:  sizes fit; x, y and scratch do not overlap; natural alignment suffices
    /// cost: reads W once per MiB of quantized x; no allocation; concurrent calls with their own y
    ///       and scratch are safe
    template <class Isa = isa::native, class E = Serial>
    BITNET_HIDDEN void forward(std::span<const float> x, std::span<float> y, std::size_t tokens,
                               std::span<std::byte> scratch,
                               const E& executor = serial) const noexcept {
        BITNET_ASSERT(x.size() == tokens * cols() && y.size() == tokens * rows());
        forward<Isa>(Matrix<const float>(x.data(), tokens, cols()),
                     Matrix<float>(y.data(), tokens, rows()), scratch, executor);
    }

    /// The same with row strides.
    template <class Isa = isa::native, class E = Serial>
    BITNET_HIDDEN void forward(Matrix<const float> x, Matrix<float> y, std::span<std::byte> scratch,
                               const E& executor = serial) const noexcept {
        forward<Isa>(quantize<Isa>(x, scratch, executor), y, executor);
    }

    /// The same from input that is quantized already, by a layer with this sum_group().
    template <class Isa = isa::native, class E = Serial>
    BITNET_HIDDEN void forward(const Quantized<Activations>& x, Matrix<float> y,
                               const E& executor = serial) const noexcept {
        for_row_ranges<Isa>(executor, {rows()},
                            [&](std::size_t, std::size_t begin, std::size_t end) noexcept {
                                forward_rows<Isa>(x, y, begin, end);
                            });
    }
    template <class Isa = isa::native, class E = Serial>
    BITNET_HIDDEN void forward(const Quantized<Activations>& x, std::span<float> y,
                               const E& executor = serial) const noexcept {
        BITNET_ASSERT(y.size() == x.tokens * rows());
        forward<Isa>(x, Matrix<float>(y.data(), x.tokens, rows()), executor);
    }

    /// Rows [begin, end) of the same, on the calling thread: what a task of an engine's own calls,
    /// see for_row_ranges(). The rest of y is not touched.
    /// pre:  begin <= end <= rows()
    /// cost: as forward(); a range that begins or ends between multiples of 16 computes the rows
    ///       of the block around it too. Concurrent calls on disjoint rows are safe
    template <class Isa = isa::native>
    BITNET_HIDDEN void forward_rows(const Quantized<Activations>& x, Matrix<float> y,
                                    std::size_t begin, std::size_t end) const noexcept {
        BITNET_ASSERT(begin <= end);
        gemm<Isa>(weights(), x.as_codes(), image_.scales(), image_.bias(), y, begin, end);
    }

    /// y[t, r] = sum over c of W[r, c] * q[t, c], as int32, without scales and bias
    template <class Isa = isa::native, class E = Serial>
    BITNET_HIDDEN void dots(const Quantized<Activations>& x, Matrix<std::int32_t> y,
                            const E& executor = serial) const noexcept {
        for_row_ranges<Isa>(executor, {rows()},
                            [&](std::size_t, std::size_t begin, std::size_t end) noexcept {
                                gemm_dots<Isa>(weights(), x.as_codes(), y, begin, end);
                            });
    }
    template <class Isa = isa::native, class E = Serial>
    BITNET_HIDDEN void dots(const Quantized<Activations>& x, std::span<std::int32_t> y,
                            const E& executor = serial) const noexcept {
        BITNET_ASSERT(y.size() == x.tokens * rows());
        dots<Isa>(x, Matrix<std::int32_t>(y.data(), x.tokens, rows()), executor);
    }

private:
    BITNET_INLINE explicit BitLinear(detail::LayerImage image) noexcept
        : image_(std::move(image)) {}

    detail::LayerImage image_;
};

/// A layer and where its result goes: Output{layer, y}
template <class Layer>
struct Output {
    const Layer& layer;
    Matrix<float> y;
};
template <class Layer>
Output(const Layer&, Matrix<float>) -> Output<Layer>;

/// Several layers of one input, as q, k, v and gate, up are, in one call of the executor:
/// forward(x, executor, Output{q, y_q}, Output{k, y_k}, Output{v, y_v}), each y = its layer of x
/// x (tokens, cols) quantized by any of the layers · y (tokens, rows of its layer) float
/// pre:   the layers are of Activations, and of one cols() and sum_group(); no y overlaps another,
///        or x
/// exact: the bits of layer.forward(x, y)
/// cost:  as layer.forward() of all their rows together: one parallel_for, not one a layer
template <class Isa = isa::native, class Activations, class E, class... Layers>
requires(sizeof...(Layers) != 0) BITNET_HIDDEN
    void forward(const Quantized<Activations>& x, const E& executor,
                 const Output<Layers>&... outputs) noexcept {
    for_row_ranges<Isa>(executor, {outputs.layer.rows()...},
                        [&](std::size_t part, std::size_t begin, std::size_t end) noexcept {
                            std::size_t i = 0;
                            const auto run = [&](const auto& layer, Matrix<float> y) noexcept {
                                if (i++ == part) layer.template forward_rows<Isa>(x, y, begin, end);
                            };
                            (run(outputs.layer, outputs.y), ...);
                        });
}

} // namespace BITNET_NAMESPACE
