// SPDX-License-Identifier: MIT
// Products of many int8 tokens: codes of weights are unpacked to a byte each, once for 64 tokens.
// A tile of packed weights does the shifts, masks or lookups again for every 8 tokens, on the ports
// that its dots want; here nothing but dots is left to it, whatever the format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <type_traits>
#include <utility>

#include <bitnet/config.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/kernels/epilogue.hpp>
#include <bitnet/kernels/panel_dots.hpp>
#include <bitnet/kernels/tile.hpp>
#include <bitnet/kernels/tile_runner.hpp>
#include <bitnet/kernels/unpacked_tile.hpp>
#include <bitnet/layout.hpp>
#include <bitnet/quantized.hpp>
#include <bitnet/simd/i32x16.hpp>
#include <bitnet/simd/simd.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE::kernels {

/// A kernel with unpack(), and an epilogue for which the cluster unpacks.
template <class Kernel, class Isa>
concept HasUnpack = !isa::is_scalar<Isa> && requires {
    &Kernel::template unpack<Isa, 1>;
};
template <class Epilogue, class Isa>
inline constexpr bool unpacks_rows =
    Epilogue::without_groups ? simd::ops<Isa>::unpacks_without_groups : false;
template <class Epilogue, class Isa>
inline constexpr bool unpacks_any = unpacks_rows<Epilogue, Isa> || Epilogue::with_groups;
template <class Kernel, class Epilogue, class Isa>
concept Unpacks = HasUnpack<Kernel, Isa> && unpacks_any<Epilogue, Isa>;

/// Whether x has enough tokens to unpack for. alderlake keeps packed codes for groups: its eight
/// sums wait for each other, and codes are shifted meanwhile. But groups of 32 columns are too
/// short for a tile each, and where groups begin within a step, a tile asks each line for its part.
template <class Mapping, class Epilogue, class Isa>
BITNET_INLINE bool unpacking_pays(const Quantized<Int8>& x) noexcept {
    constexpr bool waits = has_byte_dot<Isa> && !HasPanelSums<Isa> && simd::ops<Isa>::registers > 1;
    constexpr bool whole_steps = Mapping::step_cols == layout::tile_cols;
    if (x.group == 0 && !unpacks_rows<Epilogue, Isa>) return false;
    if (x.group != 0 && !Epilogue::with_groups) return false;
    if (waits && whole_steps && x.group > layout::tile_cols) return false;
    if constexpr (HasPanelSums<Isa>) { // a narrower panel costs as much as a full one
        const std::size_t places = round_up(x.tokens, panel_tokens);
        return x.tokens >= panel_tokens && 3 * x.tokens >= 2 * places;
    }
    return x.tokens >= 2 * panel_tokens;
}

/// Row blocks of a stripe that is unpacked.
template <class Isa>
inline constexpr std::size_t unpacked_blocks = simd::ops<Isa>::gemm_blocks;

/// Packed weights, and how to unpack them. Their format is not in the type, so that one
/// UnpackedRunner serves all formats.
struct PackedCodes {
    using Unpack = void (*)(const std::uint8_t* line, std::size_t block_bytes, std::size_t words,
                            std::uint8_t* codes) noexcept;

    const std::uint8_t* data;
    std::size_t block_bytes;            ///< from one row block to the next
    std::size_t step_words, step_bytes; ///< of the layout
    int least;                          ///< codes are u = w - least
    Unpack unpack_block, unpack_stripe; ///< of 1 row block, of unpacked_blocks
};

/// Kernel::unpack(), in the order that the cluster's dots want.
template <class Kernel, class Isa, std::size_t Blocks>
BITNET_NOINLINE void unpack_words(const std::uint8_t* line, std::size_t block_bytes,
                                  std::size_t words, std::uint8_t* codes) noexcept {
    Kernel::template unpack<Isa, Blocks>(line, block_bytes, words, codes);
    if constexpr (HasPanelSums<Isa>) arrange_panel_codes<Isa>(codes, words);
}

template <class Isa, class Weights, class Layout>
BITNET_INLINE PackedCodes packed_codes(const PackedView<Weights, Layout>& weights) noexcept {
    using Kernel = Tile<Weights, Int8, Layout>;
    using Mapping = typename Layout::template mapping<Weights>;
    static_assert(unpacked_cols % Mapping::step_cols == 0, "whole steps of the layout");
    return {weights.data,
            weights.mapping().block_bytes(),
            Mapping::step_cols / 4,
            Mapping::step_bytes,
            Weights::minimum,
            unpack_words<Kernel, Isa, 1>,
            unpack_words<Kernel, Isa, unpacked_blocks<Isa>>};
}

/// A product with unpacked codes. Calls: see narrow_calls.
template <class Isa, std::size_t Calls, class Epilogue, class T>
struct UnpackedRunner {
    static constexpr std::size_t max_blocks = unpacked_blocks<Isa>;
    static constexpr std::size_t max_tokens =
        HasPanelSums<Isa> ? panel_tokens : simd::ops<Isa>::gemm_tokens;
    static_assert(!HasPanelSums<Isa> || max_blocks == 1, "see PanelTile");

    const PackedCodes weights;
    const Quantized<Int8>& x;
    const Epilogue& epilogue;
    const OutputRows<T>& rows;

    /// Row blocks [begin, end) of y. pre: unpacking_pays(x)
    BITNET_NOINLINE void operator()(std::size_t begin, std::size_t end) const noexcept {
        for_each_stripe(x, begin, end, max_blocks, [&](const TileRange& stripe) noexcept {
            const std::size_t last = stripe.token + stripe.tokens;
            TileRange part = stripe;
            for (std::size_t t = stripe.token; t < last; t += part.tokens) {
                const std::size_t left = last - t;
                part.token = t;
                part.tokens =
                    left <= unpacked_tokens ? left : x.layout().panel(t + unpacked_tokens) - t;
                if constexpr (max_blocks > 1) {
                    if (part.blocks == max_blocks) run<max_blocks>(part);
                }
                if (part.blocks == 1) run<1>(part);
            }
        });
    }

private:
    template <std::size_t Blocks>
    BITNET_INLINE void run(const TileRange& part) const noexcept {
        if constexpr (Epilogue::with_groups) {
            if (x.group != 0) return run<Blocks, true>(part);
        }
        if constexpr (unpacks_rows<Epilogue, Isa>) run<Blocks, false>(part);
    }

    template <std::size_t Blocks, bool Grouped>
    BITNET_NOINLINE void run(const TileRange& part) const noexcept {
        using Values = typename Epilogue::Values;
        using Dots = simd::i32x16<Isa>;
        using Sum = std::conditional_t<Grouped, T, std::int32_t>; // over groups, or a dot
        static_assert(unpacked_cols >= std::end(group_sizes)[-1], "a group at least");
        constexpr std::size_t room = unpacked_cols / 4; // words
        constexpr std::size_t token_values = Blocks * tile_rows;
        constexpr std::make_index_sequence<max_tokens> widths{};
        const auto unpack = Blocks == 1 ? weights.unpack_block : weights.unpack_stripe;
        alignas(64) std::uint8_t codes[room * Blocks * layout::line_bytes];
        alignas(64) Sum sums[unpacked_tokens * token_values];
        if constexpr (Grouped) {
            for (std::size_t i = 0; i < part.values(); i += tile_rows) {
                epilogue.zero().store(sums + i);
            }
        }
        const std::size_t group_words = Grouped ? x.group / 4 : 1;
        const std::size_t most_words = room / group_words * group_words;
        const std::size_t block_bytes = weights.block_bytes;
        const std::uint8_t* const block = weights.data + part.block * block_bytes;
        const std::size_t words = (x.cols + 3) / 4, steps = (words + most_words - 1) / most_words;
        for (std::size_t step = 0; step < steps; ++step) {
            const std::size_t word = step * most_words;
            const bool is_last = words - word <= most_words;
            const std::size_t now = is_last ? words - word : most_words;
            const std::uint8_t* const line = block + word / weights.step_words * weights.step_bytes;
            unpack(line, block_bytes, now, codes);
            // Each tile asks for a share of the lines of one block of the next stripe, 16 bytes a
            // word; and at each step for those of some tokens that it will write at the last.
            const std::size_t line_bytes = now * weights.step_bytes / weights.step_words;
            const auto next = reinterpret_cast<std::uintptr_t>(line) + Blocks * block_bytes;
            std::size_t tiles = 0;
            const std::size_t share = max_tokens * step / steps;
            const std::size_t share_end = max_tokens * (step + 1) / steps;
            for_each_tile(x, part, max_tokens, [&](const TileRange& tile) BITNET_INLINE_LAMBDA {
                const auto at = x.layout();
                const std::size_t panel_bytes = 4 * at.width(tile.token);
                const std::size_t asked = tiles / Blocks * 16 * now;
                const auto ahead = asked < line_bytes ? next + tiles % Blocks * block_bytes + asked
                                                      : reinterpret_cast<std::uintptr_t>(codes);
                ++tiles;
                const UnpackedInput in{
                    codes,         x.codes + at.offset(tile.token) + word * panel_bytes,
                    panel_bytes,   now,
                    weights.least, ahead};
                rows.prefetch(tile, share, share_end);
                Sum* const to = sums + (tile.token - part.token) * token_values;
                const std::size_t g = word / group_words;
                const std::int32_t* const token_sums = x.sums + tile.token;
                if constexpr (Grouped) {
                    const UnpackedGroups groups{group_words, g,          token_sums + g * x.tokens,
                                                x.tokens,    tile.block, tile.token};
                    add_groups<Blocks>(in, tile.tokens, groups, to, widths);
                } else {
                    add_dots<Blocks>(in, tile.tokens, word == 0 ? token_sums : nullptr, to, widths);
                }
                if (is_last) {
                    finish_tile(epilogue, rows, tile, Grouped, [&](std::size_t i) noexcept {
                        if constexpr (Grouped) {
                            return Values::load(to + i);
                        } else {
                            return epilogue.convert(Dots::load(to + i));
                        }
                    });
                }
            });
        }
    }

    template <std::size_t Blocks, std::size_t... N>
    static BITNET_INLINE void add_dots(const UnpackedInput& in, std::size_t tokens,
                                       const std::int32_t* sums, std::int32_t* dots,
                                       std::index_sequence<N...>) noexcept {
        if constexpr (HasPanelSums<Isa>) {
            PanelTile<Isa>(in, tokens).add_dots(sums, dots);
        } else {
            ((tokens == N + 1 ? add_unpacked_dots<Isa, Calls, Blocks, N + 1>(in, sums, dots)
                              : void()),
             ...);
        }
    }
    template <std::size_t Blocks, std::size_t... N>
    BITNET_INLINE void add_groups(const UnpackedInput& in, std::size_t tokens,
                                  const UnpackedGroups& groups, T* sums,
                                  std::index_sequence<N...>) const noexcept {
        if constexpr (HasPanelSums<Isa>) {
            PanelTile<Isa>(in, tokens).add_groups(groups, epilogue, sums);
        } else {
            ((tokens == N + 1
                  ? add_unpacked_groups<Isa, Calls, Blocks, N + 1>(in, groups, epilogue, sums)
                  : void()),
             ...);
        }
    }
};

} // namespace BITNET_NAMESPACE::kernels
