// SPDX-License-Identifier: MIT
// Matrix products of packed weights with quantized tokens. One driver for every pair of formats;
// what differs is Tile<Weights, Codes, Layout> in kernels/. One token is the GEMV.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <bitnet/config.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/kernels/scalar.hpp>
#include <bitnet/products.hpp>
#include <bitnet/quantized.hpp>
#include <bitnet/simd/simd.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE {

namespace detail {

/// Blocks of 16 rows of a kernel's tiles: the cluster's, or what the kernel says.
template <class Isa, class Tile>
inline constexpr std::size_t gemm_blocks = simd::ops<Isa>::gemm_blocks;
template <class Isa, class Tile>
requires requires {
    Tile::template gemm_blocks<Isa>;
}
inline constexpr std::size_t gemm_blocks<Isa, Tile> = Tile::template gemm_blocks<Isa>;

/// The largest tile of a kernel.
template <class Isa, class Tile, bool = isa::is_scalar<Isa>>
struct tile_shape {
    static constexpr std::size_t blocks = 1, tokens = 1;
};
template <class Isa, class Tile>
struct tile_shape<Isa, Tile, false> {
    static constexpr std::size_t blocks = gemm_blocks<Isa, Tile>;
    static constexpr std::size_t tokens = simd::ops<Isa>::gemm_tokens;
};

/// Whether the kernels of Isa read weights in this layout; the scalar ones read any.
template <class Weights, class Codes, class Layout, class Isa>
inline constexpr bool reads = isa::is_scalar<Isa> || requires {
    sizeof(kernels::Tile<Weights, Codes, Layout>);
};

/// The dots of one tile, blocks (1 or gemm_blocks) of 16 rows x tokens, over each of the groups
/// [first, last), at least one: those of the tokens, or the one of all columns.
/// dots (last - first, blocks, tokens, 16)
template <class Weights, class Codes, class Layout, class Isa>
struct TileRunner {
    using Tile = kernels::Tile<Weights, Codes, Layout>;
    using Shape = tile_shape<Isa, Tile>;
    static constexpr std::size_t max_values = 16 * Shape::blocks * Shape::tokens;
    /// Room for the dots of several groups: of 4, and of more the smaller the tile.
    static constexpr std::size_t max_dots = (has_groups<Layout> ? 4 : 1) * max_values;

    const PackedView<Weights, Layout>& weights;
    const Quantized<Codes>& x;
    std::size_t counted_block = ~std::size_t{0}; ///< first block of those counted in row_ones
    std::int32_t row_ones[16 * Shape::blocks] = {};

    void operator()(std::size_t block, std::size_t blocks, std::size_t token, std::size_t tokens,
                    std::size_t first, std::size_t last, std::int32_t* dots) noexcept {
        if constexpr (isa::is_scalar<Isa>) {
            for (std::size_t g = first; g < last; ++g) {
                const std::size_t begin = g * x.group;
                const std::size_t end = g + 1 == x.layout().groups() ? x.cols : begin + x.group;
                for (std::size_t i = 0; i < 16; ++i) {
                    const std::size_t row = block * 16 + i;
                    *dots++ = row < weights.rows
                                  ? kernels::scalar_dot<Isa>(weights, x, row, token, begin, end)
                                  : 0;
                }
            }
        } else {
            const auto at = x.layout();
            const std::size_t block_bytes = weights.mapping().block_bytes();
            const std::uint8_t* const lines = weights.data + block * block_bytes;
            kernels::TileInput in{lines,
                                  block_bytes,
                                  lines + block_bytes,
                                  x.codes + at.offset(token),
                                  4 * at.width(token),
                                  0,
                                  0,
                                  x.sums + token,
                                  nullptr};
            advance(in, first, first);
            if (blocks == 1) {
                run<1>(in, block, tokens, first, last, dots,
                       std::make_index_sequence<Shape::tokens>{});
            } else {
                run<Shape::blocks>(in, block, tokens, first, last, dots,
                                   std::make_index_sequence<Shape::tokens>{});
            }
        }
    }

private:
    /// Moves the operands on by so many groups, to the columns of group g.
    BITNET_INLINE void advance(kernels::TileInput& in, std::size_t groups,
                               std::size_t g) const noexcept {
        using L = token_layout<Codes>;
        constexpr std::size_t words = 32 / L::word_cols * L::planes; // of a token, in 32 columns
        const std::size_t chunks = groups * x.group / 32;
        if constexpr (has_groups<Layout>) {
            constexpr std::size_t bytes =
                typename Layout::template mapping<Weights>{16, 32}.block_bytes();
            in.weights += chunks * bytes;
        }
        in.tokens += chunks * words * in.panel_bytes;
        in.sums += groups * x.tokens;
        const std::size_t left = x.cols - g * x.group;
        const std::size_t cols = x.group == 0 || left < x.group ? left : x.group;
        in.chunks = (cols + 31) / 32;
        in.cols = static_cast<std::int32_t>(cols);
    }

    template <std::size_t Blocks, std::size_t... T>
    BITNET_INLINE void run(kernels::TileInput& in, std::size_t block, std::size_t tokens,
                           std::size_t first, std::size_t last, std::int32_t* dots,
                           std::index_sequence<T...>) noexcept {
        // Worth a pass of its own where several tiles want the same.
        if constexpr (requires { &Tile::template count_rows<Isa, Blocks>; }) {
            if (tokens == Shape::tokens && x.tokens >= 2 * tokens && x.group == 0) {
                if (block != counted_block) Tile::template count_rows<Isa, Blocks>(in, row_ones);
                counted_block = block;
                in.row_ones = row_ones;
            }
        }
        // One token meets one block, and no panel of more ends in one where tiles are as wide.
        constexpr bool leaves_one = Blocks == 1 || Shape::tokens < panel_tokens;
        const auto run_tile = [&](auto t) BITNET_INLINE_LAMBDA {
            constexpr std::size_t width = decltype(t)::value + 1;
            if constexpr (width > 1 || leaves_one) {
                if (tokens == width) tile<Blocks, width>(in, first, last, dots);
            }
        };
        (run_tile(std::integral_constant<std::size_t, T>{}), ...);
    }

    /// Uses the operands up. A copy would read words together that were just written one by one,
    /// and wait for them.
    template <std::size_t Blocks, std::size_t Tokens>
    BITNET_NOINLINE void tile(kernels::TileInput& in, std::size_t first, std::size_t last,
                              std::int32_t* dots) const noexcept {
        for (std::size_t g = first;;) {
            Tile::template run<Isa, Blocks, Tokens>(in, dots);
            if (!has_groups<Layout> || ++g == last) return;
            advance(in, 1, g);
            dots += 16 * Blocks * Tokens;
        }
    }
};

/// Calls emit(block, blocks, token, tokens) for tiles that cover the row blocks and all tokens.
/// Tokens go in chunks whose words fit the L2 cache beside a stripe of weights; within a chunk
/// every stripe of row blocks meets all tokens, so weights are read once a chunk.
template <class Shape, class Codes, class F>
BITNET_INLINE void for_each_tile(const Quantized<Codes>& x, std::size_t block_begin,
                                 std::size_t block_end, F&& emit) noexcept {
    constexpr std::size_t chunk_bytes = std::size_t{1} << 20; // half of a 2 MiB L2
    const std::size_t fitting =
        chunk_bytes / x.layout().token_bytes() / panel_tokens * panel_tokens;
    const std::size_t chunk = fitting > panel_tokens ? fitting : panel_tokens;
    for (std::size_t first = 0, last; first < x.tokens; first = last) {
        // No chunk ends within the last two panels, which may have shared their tokens.
        const bool is_last = x.tokens - first < chunk + panel_tokens;
        last = is_last ? x.tokens : first + chunk;
        // One token meets one block at a time: one stream, which hardware foresees.
        const std::size_t want = x.tokens == 1 ? 1 : Shape::blocks;
        for (std::size_t b = block_begin; b < block_end;) {
            const std::size_t blocks = block_end - b < want ? 1 : want;
            for (std::size_t t = first; t < last;) {
                const std::size_t in_panel = x.layout().panel_end(t) - t;
                const std::size_t tokens = in_panel < Shape::tokens ? in_panel : Shape::tokens;
                emit(b, blocks, t, tokens);
                t += tokens;
            }
            b += blocks;
        }
    }
}

} // namespace detail

namespace functions {

/// P: a Product. gemm_dots() has the contract.
template <class P>
struct GemmDots {
    static constexpr const char* name = P::name;
    template <class Isa>
    static void run(PackedView<typename P::Weights, typename P::Layout> weights,
                    Quantized<typename P::Codes> x, Matrix<std::int32_t> y, std::size_t row_begin,
                    std::size_t row_end) noexcept {
        using Weights = typename P::Weights;
        using Codes = typename P::Codes;
        using Layout = typename P::Layout;
        using Runner = detail::TileRunner<Weights, Codes, Layout, Isa>;
        Runner run{weights, x};
        detail::for_each_tile<typename Runner::Shape>(
            x, row_begin / 16, (row_end + 15) / 16,
            [&](std::size_t block, std::size_t blocks, std::size_t token,
                std::size_t tokens) noexcept {
                alignas(64) std::int32_t dots[Runner::max_values];
                run(block, blocks, token, tokens, 0, 1, dots);
                for (std::size_t g = 1; g < x.layout().groups(); ++g) {
                    alignas(64) std::int32_t more[Runner::max_values];
                    run(block, blocks, token, tokens, g, g + 1, more);
                    for (std::size_t i = 0; i < blocks * tokens * 16; ++i) dots[i] += more[i];
                }
                for (std::size_t b = 0; b < blocks; ++b) {
                    const std::size_t row = (block + b) * 16;
                    for (std::size_t t = 0; t < tokens; ++t) {
                        for (std::size_t i = 0; i < 16; ++i) {
                            if (row + i < row_begin || row + i >= row_end) continue;
                            y.row(token + t)[row + i] = dots[(b * tokens + t) * 16 + i];
                        }
                    }
                }
            });
    }
};

/// P: a Product. gemm() has the contract.
template <class P>
struct Gemm {
    static constexpr const char* name = P::name;
    template <class Isa>
    static void run(PackedView<typename P::Weights, typename P::Layout> weights,
                    Quantized<typename P::Codes> x, ScaleView scales, const float* bias,
                    Matrix<float> y, std::size_t row_begin, std::size_t row_end) noexcept {
        using Weights = typename P::Weights;
        using Codes = typename P::Codes;
        using Layout = typename P::Layout;
        using V = simd::f32x16<Isa>;
        using I = simd::i32x16<Isa>;
        constexpr bool divides = std::is_same_v<Codes, Int8>;
        using Runner = detail::TileRunner<Weights, Codes, Layout, Isa>;
        Runner run{weights, x};
        const std::size_t groups = x.layout().groups();

        const auto store = [&](V v, std::size_t row, std::size_t token) BITNET_INLINE_LAMBDA {
            if (bias) v = v + V::load(bias + row);
            const std::size_t skip = row < row_begin ? row_begin - row : 0;
            const std::size_t end = row_end - row < 16 ? row_end - row : 16;
            float* const out = y.row(token) + row;
            if (skip == 0 && end == 16) return v.store(out);
            float lane[16];
            v.store(lane);
            for (std::size_t i = skip; i < end; ++i) out[i] = lane[i];
        };

        detail::for_each_tile<typename Runner::Shape>(
            x, row_begin / 16, (row_end + 15) / 16,
            [&](std::size_t block, std::size_t blocks, std::size_t token,
                std::size_t tokens) BITNET_INLINE_LAMBDA {
                alignas(64) std::int32_t dots[Runner::max_dots];
                alignas(64) float sums[Runner::max_values];
                const std::size_t values = blocks * tokens * 16;
                for (std::size_t t = 0; t < tokens && x.tokens > 1; ++t) {
                    // Lines of a matrix that is larger than the cache: under way while the tile
                    // is computed, not when it is done.
                    for (std::size_t b = 0; b <= blocks; ++b) { // one more: y may be unaligned
                        BITNET_PREFETCH(reinterpret_cast<std::uintptr_t>(y.row(token + t)) +
                                        (block + b) * 16 * sizeof(float));
                    }
                }
                const std::size_t at_once = x.group == 0 ? 1 : Runner::max_dots / values;
                for (std::size_t first = 0; first < groups; first += at_once) {
                    const std::size_t last = groups - first < at_once ? groups : first + at_once;
                    run(block, blocks, token, tokens, first, last, dots);
                    if (x.group == 0) break;
                    for (std::size_t i = 0; i < values; i += 16) {
                        const std::size_t b = i / 16 / tokens;
                        V sum = first == 0 ? simd::zeros<Isa>() : V::load(sums + i);
                        for (std::size_t g = first; g < last; ++g) {
                            const V dot = V::from(I::load(dots + (g - first) * values + i));
                            sum = sum + dot * V::load(scales.at(block + b, g));
                        }
                        sum.store(sums + i);
                    }
                }
                for (std::size_t t = 0; t < tokens; ++t) {
                    const V factor = V::set1(x.scales[token + t]);
                    for (std::size_t b = 0; b < blocks; ++b) {
                        const std::size_t at = (b * tokens + t) * 16;
                        const V s = x.group == 0 ? V::from(I::load(dots + at)) : V::load(sums + at);
                        V v = divides ? s / factor : s * factor;
                        if (x.group == 0) v = v * V::load(scales.at(block + b, 0));
                        store(v, (block + b) * 16, token + t);
                    }
                }
            });
    }
};

} // namespace functions

/// y[t, r] = sum over c of W[r, c] * q[t, c], for rows r in [row_begin, row_end)
/// W (rows, cols) packed · x: quantized tokens (tokens, cols) · y (tokens, rows) int32
/// pre:   W.cols == x.cols; y is (x.tokens, W.rows); row_end <= W.rows; x.group is 0 or, if
///        has_groups<Layout>, one of is_group()
/// exact: yes, the same integers on every ISA
/// cost:  reads W once per MiB of x; no allocation; concurrent calls on disjoint rows are safe
template <class Isa = isa::native, class Weights, class Layout, class Codes>
BITNET_INLINE void gemm_dots(PackedView<Weights, Layout> weights, Quantized<Codes> x,
                             Matrix<std::int32_t> y, std::size_t row_begin,
                             std::size_t row_end) noexcept {
    static_assert(detail::reads<Weights, Codes, Layout, Isa>, "repack() the weights first");
    BITNET_ASSERT(weights.cols == x.cols && y.rows == x.tokens && y.cols == weights.rows);
    BITNET_ASSERT(row_end <= weights.rows);
    BITNET_ASSERT(x.group == 0 || (has_groups<Layout> && is_group(x.group)));
    isa::call<functions::GemmDots<Product<Weights, Codes, Layout>>, Isa>(weights, x, y, row_begin,
                                                                         row_end);
}

/// y[t, r] = ((float(dot) / a[t]) * scale[r]) + bias[r]                    Int8
/// y[t, r] = ((float(dot) * scale_x[t]) * scale[r]) + bias[r]              other kinds
/// with scales per group: s = 0; s = s + float(dot_g) * scale[r, g] for each group g in order; then
/// s takes the place of float(dot) * scale[r]:
/// y[t, r] = s / a[t] + bias[r],  y[t, r] = s * scale_x[t] + bias[r]
/// W (rows, cols) packed · x: quantized tokens (tokens, cols) · y (tokens, rows) float
/// bias: 16 floats per block of 16 rows, or nullptr for none
/// pre:   W.cols == x.cols; y is (x.tokens, W.rows); row_end <= W.rows; scales.group == x.group,
///        which is 0 or, if has_groups<Layout>, one of is_group()
/// exact: the expression above, one rounding to float32 per operation, the same bits on every ISA
/// cost:  reads W once per MiB of x; no allocation; concurrent calls on disjoint rows are safe
template <class Isa = isa::native, class Weights, class Layout, class Codes>
BITNET_INLINE void gemm(PackedView<Weights, Layout> weights, Quantized<Codes> x, ScaleView scales,
                        const float* bias, Matrix<float> y, std::size_t row_begin,
                        std::size_t row_end) noexcept {
    static_assert(detail::reads<Weights, Codes, Layout, Isa>, "repack() the weights first");
    BITNET_ASSERT(weights.cols == x.cols && y.rows == x.tokens && y.cols == weights.rows);
    BITNET_ASSERT(row_end <= weights.rows && scales.group == x.group);
    BITNET_ASSERT(x.group == 0 || (has_groups<Layout> && is_group(x.group)));
    isa::call<functions::Gemm<Product<Weights, Codes, Layout>>, Isa>(weights, x, scales, bias, y,
                                                                     row_begin, row_end);
}

} // namespace BITNET_NAMESPACE
