// SPDX-License-Identifier: MIT
// TileRunner: cuts a product into tiles, and gives each tile's operands to its kernel.
#pragma once

#include <cstddef>
#include <cstdint>

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

/// The kernels of tiles of so many row blocks, for any weights.
template <class Codes>
struct TileKernels {
    /// dots (last - first, blocks, tokens, tile_rows) over each of the groups [first, last), at
    /// least one: those of x, or the one of all columns. in: the tile over all columns
    using Run = void (*)(const Quantized<Codes>& x, TileInput& in, std::size_t first,
                         std::size_t last, std::int32_t* dots) noexcept;
    using CountRows = void (*)(const TileInput& in, std::int32_t* row_ones) noexcept;

    Run run[panel_tokens] = {};     ///< [tokens - 1]
    CountRows count_rows = nullptr; ///< see Tile, or nullptr
};

/// Packed weights and the kernels of their tiles. The weights' format is not in the type, so that
/// one driver serves all formats.
template <class Codes>
struct PackedTiles {
    const std::uint8_t* data;
    std::size_t block_bytes; ///< from one row block to the next
    std::size_t max_blocks;  ///< row blocks of a tile: 1, or so many
    TileKernels<Codes> of_one, of_most;
};

/// What calls Tile<Weights, Codes, Layout> in a cluster.
template <class Weights, class Codes, class Layout, class Isa>
struct TileCalls {
    using Kernel = Tile<Weights, Codes, Layout>;
    using Mapping = typename Layout::template mapping<Weights>;
    static constexpr std::size_t max_blocks = gemm_blocks<Kernel, Isa>;
    static constexpr std::size_t max_tokens = simd::ops<Isa>::gemm_tokens;
    static_assert(max_blocks <= simd::ops<Isa>::gemm_blocks && max_tokens <= panel_tokens);

    /// Moves the operands of a tile from the columns of one group to those of a later one.
    static BITNET_INLINE void move(const Quantized<Codes>& x, TileInput& in, std::size_t from,
                                   std::size_t to) noexcept {
        using layout::tile_cols;
        static_assert(Mapping::step_cols % tile_cols == 0 && 256 % Mapping::step_cols == 0,
                      "groups divide steps, or steps them");
        const std::size_t col = to * x.group, left = x.cols - col;
        const std::size_t cols = left < x.group ? left : x.group;
        const std::size_t words =
            (to - from) * x.group / tile_cols * token_layout<Codes>::chunk_words;
        in.weights = in.block_end - in.block_bytes + col / Mapping::step_cols * Mapping::step_bytes;
        in.before = col % Mapping::step_cols;
        in.tokens += words * in.panel_bytes;
        in.sums += (to - from) * x.tokens;
        in.chunks = (cols + tile_cols - 1) / tile_cols;
        in.cols = static_cast<std::int32_t>(cols);
    }

    /// Moves `in` itself from group to group: a copy would load together what was just stored field
    /// by field, and wait for the stores.
    template <std::size_t Blocks, std::size_t Tokens>
    static BITNET_NOINLINE void run_groups(const Quantized<Codes>& x, TileInput& in,
                                           std::size_t first, std::size_t last,
                                           std::int32_t* dots) noexcept {
        for (std::size_t g = first, before = 0; g < last; before = g++) {
            if (x.group != 0) move(x, in, before, g);
            Kernel::template run<Isa, Blocks, Tokens>(in, dots);
            dots += tile_rows * Blocks * Tokens;
        }
    }

    template <std::size_t Blocks>
    static BITNET_NOINLINE void count_rows(const TileInput& in, std::int32_t* row_ones) noexcept {
        Kernel::template count_rows<Isa, Blocks>(in, row_ones);
    }

    /// Made at each call: as a constant, a variable template, g++ would export it from a plugin.
    template <std::size_t Blocks>
    static BITNET_INLINE TileKernels<Codes> kernels() noexcept {
        TileKernels<Codes> all{};
        for_constants<max_tokens>([&](auto t) BITNET_INLINE_LAMBDA {
            // A token that is alone meets one row block at a time: see run_tiles().
            if constexpr (Blocks == 1 || t > 0 || may_leave_one(max_tokens)) {
                all.run[t] = run_groups<Blocks, t + 1>;
            }
        });
        if constexpr (requires { &Kernel::template count_rows<Isa, Blocks>; }) {
            all.count_rows = count_rows<Blocks>;
        }
        return all;
    }

    static BITNET_INLINE PackedTiles<Codes>
    tiles(const PackedView<Weights, Layout>& weights) noexcept {
        return {weights.data, weights.mapping().block_bytes(), max_blocks, kernels<1>(),
                kernels<max_blocks>()};
    }
};

/// Runs the tiles of a product. A tile has 1 or max_blocks row blocks, and at most max_tokens
/// tokens, which are in one panel.
template <class Codes, class Isa>
struct TileRunner {
    static constexpr std::size_t max_tokens = simd::ops<Isa>::gemm_tokens;
    static constexpr std::size_t max_values = tile_rows * simd::ops<Isa>::gemm_blocks * max_tokens;
    /// Room for the dots of several groups: of 4, and of more the smaller the tile.
    static constexpr std::size_t max_dots = 4 * max_values;

    const PackedTiles<Codes> weights;
    const Quantized<Codes>& x;
    std::size_t counted_block = ~std::size_t{0}; ///< first block of those counted in row_ones
    std::int32_t row_ones[tile_rows * simd::ops<Isa>::gemm_blocks] = {};

    BITNET_INLINE std::size_t max_blocks() const noexcept { return weights.max_blocks; }

    /// The dots of a tile, see TileKernels::Run.
    BITNET_INLINE void operator()(const TileRange& tile, std::size_t first, std::size_t last,
                                  const OutputLines& output, std::int32_t* dots) noexcept {
        const auto at = x.layout();
        const std::uint8_t* const block = weights.data + tile.block * weights.block_bytes;
        TileInput in{block,
                     weights.block_bytes,
                     block + weights.block_bytes,
                     x.codes + at.offset(tile.token),
                     4 * at.width(tile.token),
                     (x.cols + layout::tile_cols - 1) / layout::tile_cols,
                     static_cast<std::int32_t>(x.cols),
                     0,
                     x.sums + tile.token,
                     nullptr,
                     output};
        BITNET_ASSERT(tile.tokens != 1 || may_leave_one(max_tokens) || in.panel_bytes == 4);
        const auto& kernels = tile.blocks == 1 ? weights.of_one : weights.of_most;
        // Worth a pass of its own where several tiles want the same.
        if (kernels.count_rows && tile.tokens == max_tokens && x.tokens >= 2 * tile.tokens &&
            x.group == 0) {
            if (tile.block != counted_block) kernels.count_rows(in, row_ones);
            counted_block = tile.block;
            in.row_ones = row_ones;
        }
        kernels.run[tile.tokens - 1](x, in, first, last, dots);
    }
};

/// What runs the tiles of a product in a cluster.
template <class Isa, class Weights, class Codes, class Layout>
BITNET_INLINE auto runner(const PackedView<Weights, Layout>& weights,
                          const Quantized<Codes>& x) noexcept {
    if constexpr (isa::is_scalar<Isa>) {
        return ScalarRunner<Codes>{weights.data, weights.rows,
                                   scalar_dot<Weights, Codes, Layout, Isa>, x};
    } else {
        return TileRunner<Codes, Isa>{TileCalls<Weights, Codes, Layout, Isa>::tiles(weights), x};
    }
}

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
