// SPDX-License-Identifier: MIT
// TileRunner: cuts a product into tiles, and gives each tile's operands to its kernel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <bitnet/config.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/kernels/scalar.hpp>
#include <bitnet/kernels/tile.hpp>
#include <bitnet/layout.hpp>
#include <bitnet/quantized.hpp>
#include <bitnet/simd/simd.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE::kernels {

/// Row blocks of a kernel's tiles: the cluster's, or what the kernel says.
template <class Tile, class Isa>
inline constexpr std::size_t gemm_blocks = simd::ops<Isa>::gemm_blocks;
template <class Tile, class Isa>
requires requires {
    Tile::template gemm_blocks<Isa>;
}
inline constexpr std::size_t gemm_blocks<Tile, Isa> = Tile::template gemm_blocks<Isa>;

/// The dots of one tile over each of the groups [first, last), at least one: those of the tokens,
/// or the one of all columns. The tile has 1 or max_blocks row blocks, and at most max_tokens
/// tokens, which are in one panel.
/// dots (last - first, blocks, tokens, tile_rows)
template <class Weights, class Codes, class Layout, class Isa>
struct TileRunner {
    using Kernel = Tile<Weights, Codes, Layout>;
    static constexpr std::size_t max_blocks = gemm_blocks<Kernel, Isa>;
    static constexpr std::size_t max_tokens = simd::ops<Isa>::gemm_tokens;
    static constexpr std::size_t max_values = tile_rows * max_blocks * max_tokens;
    /// Room for the dots of several groups: of 4, and of more the smaller the tile.
    static constexpr std::size_t max_dots = 4 * max_values;

    const PackedView<Weights, Layout>& weights;
    const Quantized<Codes>& x;
    std::size_t counted_block = ~std::size_t{0}; ///< first block of those counted in row_ones
    std::int32_t row_ones[tile_rows * max_blocks] = {};

    BITNET_INLINE void operator()(const TileRange& tile, std::size_t first, std::size_t last,
                                  const OutputLines& output, std::int32_t* dots) noexcept {
        const auto at = x.layout();
        const std::size_t block_bytes = weights.mapping().block_bytes();
        const std::uint8_t* const block = weights.data + tile.block * block_bytes;
        TileInput in{block,
                     block_bytes,
                     block + block_bytes,
                     x.codes + at.offset(tile.token),
                     4 * at.width(tile.token),
                     0,
                     0,
                     0,
                     x.sums + tile.token,
                     nullptr,
                     output};
        advance(in, first, first);
        constexpr std::make_index_sequence<max_tokens> widths{};
        if (tile.blocks == 1) {
            run<1>(in, tile, first, last, dots, widths);
        } else {
            run<max_blocks>(in, tile, first, last, dots, widths);
        }
    }

private:
    /// Moves the operands on by so many groups, to the columns of group g.
    BITNET_INLINE void advance(TileInput& in, std::size_t groups, std::size_t g) const noexcept {
        using layout::tile_cols;
        using Mapping = typename Layout::template mapping<Weights>;
        static_assert(Mapping::step_cols % tile_cols == 0 && 256 % Mapping::step_cols == 0,
                      "groups divide steps, or steps them");
        const std::size_t chunks = groups * x.group / tile_cols;
        const std::size_t col = g * x.group;
        in.weights = in.block_end - in.block_bytes + col / Mapping::step_cols * Mapping::step_bytes;
        in.before = col % Mapping::step_cols;
        in.tokens += chunks * token_layout<Codes>::chunk_words * in.panel_bytes;
        in.sums += groups * x.tokens;
        const std::size_t left = x.cols - col;
        const std::size_t cols = x.group == 0 || left < x.group ? left : x.group;
        in.chunks = (cols + tile_cols - 1) / tile_cols;
        in.cols = static_cast<std::int32_t>(cols);
    }

    template <std::size_t Blocks, std::size_t... T>
    BITNET_INLINE void run(TileInput& in, const TileRange& tile, std::size_t first,
                           std::size_t last, std::int32_t* dots,
                           std::index_sequence<T...>) noexcept {
        // Worth a pass of its own where several tiles want the same.
        if constexpr (requires { &Kernel::template count_rows<Isa, Blocks>; }) {
            if (tile.tokens == max_tokens && x.tokens >= 2 * tile.tokens && x.group == 0) {
                if (tile.block != counted_block) {
                    Kernel::template count_rows<Isa, Blocks>(in, row_ones);
                }
                counted_block = tile.block;
                in.row_ones = row_ones;
            }
        }
        BITNET_ASSERT(tile.tokens != 1 || may_leave_one(max_tokens) || in.panel_bytes == 4);
        // A token that is alone meets one row block at a time: see compute().
        constexpr bool may_be_one = Blocks == 1 || may_leave_one(max_tokens);
        const auto run_width = [&](auto t) BITNET_INLINE_LAMBDA {
            constexpr std::size_t width = decltype(t)::value + 1;
            if constexpr (width > 1 || may_be_one) {
                if (tile.tokens == width) run_groups<Blocks, width>(in, first, last, dots);
            }
        };
        (run_width(std::integral_constant<std::size_t, T>{}), ...);
    }

    /// Advances `in` itself: a copy would load together what was just stored field by field, and
    /// wait for the stores.
    template <std::size_t Blocks, std::size_t Tokens>
    BITNET_NOINLINE void run_groups(TileInput& in, std::size_t first, std::size_t last,
                                    std::int32_t* dots) const noexcept {
        for (std::size_t g = first;;) {
            Kernel::template run<Isa, Blocks, Tokens>(in, dots);
            if (++g == last) return;
            advance(in, 1, g);
            dots += tile_rows * Blocks * Tokens;
        }
    }
};

/// What runs the tiles of a product in a cluster.
template <class Weights, class Codes, class Layout, class Isa>
using Runner = std::conditional_t<isa::is_scalar<Isa>, ScalarRunner<Weights, Codes, Layout, Isa>,
                                  TileRunner<Weights, Codes, Layout, Isa>>;

/// Whether the kernels of a cluster read weights in this layout; the scalar ones read any.
template <class Weights, class Codes, class Layout, class Isa>
inline constexpr bool has_kernel = isa::is_scalar<Isa> || requires {
    sizeof(Tile<Weights, Codes, Layout>);
};

/// Calls f(stripe) for stripes of 1 or max_blocks row blocks that cover [block_begin, block_end)
/// and all tokens. Tokens go in parts whose words fit the L2 cache beside a stripe of weights;
/// within such a part every stripe meets all tokens, so weights are read once for it.
template <class Codes, class F>
BITNET_INLINE void for_each_stripe(const Quantized<Codes>& x, std::size_t block_begin,
                                   std::size_t block_end, std::size_t max_blocks, F&& f) noexcept {
    constexpr std::size_t part_bytes = std::size_t{1} << 20; // 256 KiB to 1 MiB are level
    const std::size_t fitting = part_bytes / x.layout().token_bytes() / panel_tokens * panel_tokens;
    const std::size_t part = fitting > panel_tokens ? fitting : panel_tokens;
    for (std::size_t first = 0, last; first < x.tokens; first = last) {
        // No part ends within the last two panels, which may have shared their tokens.
        const bool is_last = x.tokens - first < part + panel_tokens;
        last = is_last ? x.tokens : first + part;
        for (std::size_t b = block_begin; b < block_end;) {
            const std::size_t blocks = block_end - b < max_blocks ? 1 : max_blocks;
            f(TileRange{b, blocks, first, last - first});
            b += blocks;
        }
    }
}

/// Calls f(tile) for tiles of at most max_tokens tokens, of one panel each, that cover a stripe.
/// Unless may_leave_one(max_tokens), none has one token of a panel of more.
template <class Codes, class F>
BITNET_INLINE void for_each_tile(const Quantized<Codes>& x, const TileRange& stripe,
                                 std::size_t max_tokens, F&& f) noexcept {
    const std::size_t end = stripe.token + stripe.tokens;
    for (std::size_t t = stripe.token; t < end;) {
        const std::size_t left = x.layout().panel_end(t) - t;
        std::size_t tokens = left < max_tokens ? left : max_tokens;
        if (left == max_tokens + 1 && !may_leave_one(max_tokens)) --tokens;
        f(TileRange{stripe.block, stripe.blocks, t, tokens});
        t += tokens;
    }
}

} // namespace BITNET_NAMESPACE::kernels
