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
#include <bitnet/layout.hpp>
#include <bitnet/quantized.hpp>
#include <bitnet/simd/i32x16.hpp>
#include <bitnet/simd/simd.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE::kernels {

/// Columns that are unpacked at a time: whole steps of every layout, of 32 columns or of 256. Their
/// codes take 24 KiB of three row blocks, the sums of so many tokens 12 KiB: L1 and the stack hold
/// both.
inline constexpr std::size_t unpacked_cols = 512, unpacked_tokens = 64;

/// What a tile of unpacked codes reads.
struct UnpackedInput {
    const std::uint8_t* codes;  ///< (words, Blocks, 64)
    const std::uint8_t* tokens; ///< word of the first token, at the first column
    std::size_t panel_bytes;    ///< from one word of a token to its next
    std::size_t words;          ///< columns / 4
    int least;                  ///< codes are u = w - least
    std::uintptr_t ahead;       ///< address to prefetch; 16 bytes further with each word

    /// Where a sum of u q has to begin to become one of w q.
    BITNET_INLINE std::int32_t begin(std::int32_t token_sum) const noexcept {
        return static_cast<std::int32_t>(static_cast<std::uint32_t>(token_sum) *
                                         static_cast<std::uint32_t>(least));
    }
};

/// The groups of columns that a tile of unpacked codes covers.
struct UnpackedGroups {
    std::size_t words;        ///< of a group; the last may have fewer
    std::size_t first;        ///< group
    const std::int32_t* sums; ///< of the first token and group, see Quantized::sums
    std::size_t sums_stride;  ///< from one group to the next
    std::size_t block, token; ///< the first row block and token
};

/// Dots that add_words() adds to an int16 before an int32 takes their sum: 0, none at all, with a
/// byte dot and where an int16 takes so few that it does not pay.
template <class Weights, class Isa>
inline constexpr std::size_t narrow_calls = [] {
    if (has_byte_dot<Isa>) return std::size_t{0};
    const std::size_t calls = simd::ops<Isa>::dot4_calls(Weights::maximum - Weights::minimum);
    return calls < 8 ? std::size_t{0} : calls;
}();

/// acc += sum of u q over the words [first, last), u < 128. Calls: see narrow_calls.
template <class Isa, std::size_t Calls, std::size_t Blocks, std::size_t Tokens>
BITNET_INLINE void add_words(const UnpackedInput& in, std::size_t first, std::size_t last,
                             TileSums<Isa, Blocks, Tokens>& acc) noexcept {
    using ops = simd::ops<Isa>;
    using i32 = typename ops::i32;

    const std::uint8_t* codes = in.codes + first * Blocks * layout::line_bytes;
    const std::uint8_t* x = in.tokens + first * in.panel_bytes;
    std::uintptr_t ahead = in.ahead + 16 * first;
    const auto step = [&](auto& sums) BITNET_INLINE_LAMBDA {
        sums.for_each([&](std::size_t b, std::size_t p, std::size_t t, auto& sum) noexcept {
            const auto u = ops::load(codes + b * layout::line_bytes + p * 4 * ops::lanes);
            if constexpr (Calls != 0) {
                sum = ops::add_dot4(sum, u, ops::broadcast(x + 4 * t));
            } else {
                sum = ops::dot4(sum, u, ops::broadcast(x + 4 * t));
            }
        });
        codes += Blocks * layout::line_bytes;
        x += in.panel_bytes;
    };
    const auto run = [&](std::size_t words, auto& sums) BITNET_INLINE_LAMBDA {
        for (; words >= 4; words -= 4) {
            BITNET_PREFETCH_L2(ahead);
            ahead += layout::line_bytes;
            BITNET_UNROLL
            for (int i = 0; i < 4; ++i) step(sums);
        }
        for (; words > 0; --words) step(sums);
    };
    if constexpr (Calls != 0) {
        for (std::size_t word = first, end; word < last; word = end) {
            end = last - word < Calls ? last : word + Calls;
            TileDotSums<Isa, Blocks, Tokens> sums;
            run(end - word, sums);
            acc.for_each([&](std::size_t b, std::size_t p, std::size_t t, i32& sum) noexcept {
                sum = sum + ops::dot4_sum(sums.sum[b][p][t]);
            });
        }
    } else {
        run(last - first, acc);
    }
}

/// dots (Blocks, Tokens, tile_rows) += sum of u q; with token_sums, at the first columns, they
/// begin anew, and become the dots of w.
template <class Isa, std::size_t Calls, std::size_t Blocks, std::size_t Tokens>
BITNET_NOINLINE void add_unpacked_dots(const UnpackedInput& in, const std::int32_t* token_sums,
                                       std::int32_t* dots) noexcept {
    using ops = simd::ops<Isa>;
    using i32 = typename ops::i32;
    TileSums<Isa, Blocks, Tokens> acc;
    acc.for_each([&](std::size_t b, std::size_t p, std::size_t t, i32& sum) noexcept {
        sum = token_sums
                  ? i32(in.begin(token_sums[t]))
                  : i32::load_unaligned(dots + (b * Tokens + t) * tile_rows + p * ops::lanes);
    });
    add_words<Isa, Calls>(in, 0, in.words, acc);
    acc.store(dots);
}

/// sums (Blocks, Tokens, tile_rows) += what the epilogue makes of the dots of each group
template <class Isa, std::size_t Calls, std::size_t Blocks, std::size_t Tokens, class Epilogue,
          class T>
BITNET_NOINLINE void add_unpacked_groups(const UnpackedInput& in, UnpackedGroups groups,
                                         const Epilogue& epilogue, T* sums) noexcept {
    using Values = typename Epilogue::Values;
    for (std::size_t word = 0, end; word < in.words; word = end) {
        end = in.words - word < groups.words ? in.words : word + groups.words;
        TileSums<Isa, Blocks, Tokens> acc([&](std::size_t t) { return in.begin(groups.sums[t]); });
        add_words<Isa, Calls>(in, word, end, acc);
        BITNET_UNROLL
        for (std::size_t b = 0; b < Blocks; ++b) {
            const auto group = epilogue.of_group(groups.block + b, groups.first);
            BITNET_UNROLL
            for (std::size_t t = 0; t < Tokens; ++t) {
                simd::i32x16<Isa> dot;
                BITNET_UNROLL
                for (std::size_t p = 0; p < dot.parts; ++p) dot.v[p] = acc.sum[b][p][t];
                T* const sum = sums + (b * Tokens + t) * tile_rows;
                epilogue.add(Values::load(sum), dot, group, groups.token + t, groups.first)
                    .store(sum);
            }
        }
        ++groups.first;
        groups.sums += groups.sums_stride;
    }
}

/// The two above for a cluster with PanelSums, of one row block and any panel.
template <class Isa>
struct PanelTile {
    using Dots = simd::i32x16<Isa>;
    const UnpackedInput& in;
    std::size_t tokens;                                          ///< of the panel
    alignas(64) std::uint8_t wide[unpacked_cols * panel_tokens]; ///< a narrower panel's words

    BITNET_INLINE PanelTile(const UnpackedInput& input, std::size_t count) noexcept
        : in(input), tokens(count) {
        if (tokens < panel_tokens) widen_panel<Isa>(in.tokens, tokens, in.words, wide);
    }

    /// f(t, dot) for each token: dot = sum of u q over the words [first, last)
    template <class F>
    BITNET_INLINE void for_dots(std::size_t first, std::size_t last, F&& f) const noexcept {
        alignas(64) std::int32_t dots[panel_tokens * tile_rows];
        const std::uint8_t* const x = tokens < panel_tokens ? wide : in.tokens;
        panel_dots<Isa>(in.codes + first * layout::line_bytes, x + first * panel_word_bytes,
                        last - first, in.ahead + 16 * first, dots);
        for (std::size_t t = 0; t < tokens; ++t) f(t, Dots::load(dots + t * tile_rows));
    }

    BITNET_INLINE void add_dots(const std::int32_t* token_sums, std::int32_t* dots) const noexcept {
        for_dots(0, in.words, [&](std::size_t t, const Dots& dot) BITNET_INLINE_LAMBDA {
            std::int32_t* const to = dots + t * tile_rows;
            const Dots sum = token_sums ? Dots::set1(in.begin(token_sums[t])) : Dots::load(to);
            (sum + dot).store(to);
        });
    }

    template <class Epilogue, class T>
    BITNET_INLINE void add_groups(UnpackedGroups groups, const Epilogue& epilogue,
                                  T* sums) const noexcept {
        using Values = typename Epilogue::Values;
        for (std::size_t word = 0, end; word < in.words; word = end) {
            end = in.words - word < groups.words ? in.words : word + groups.words;
            const auto group = epilogue.of_group(groups.block, groups.first);
            for_dots(word, end, [&](std::size_t t, const Dots& dot) BITNET_INLINE_LAMBDA {
                const Dots sum = Dots::set1(in.begin(groups.sums[t])) + dot;
                T* const to = sums + t * tile_rows;
                epilogue.add(Values::load(to), sum, group, groups.token + t, groups.first)
                    .store(to);
            });
            ++groups.first;
            groups.sums += groups.sums_stride;
        }
    }
};

/// A kernel with unpack(), and an epilogue for which the cluster unpacks.
template <class Kernel, class Isa>
concept HasUnpack = !isa::is_scalar<Isa> && requires {
    &Kernel::template unpack<Isa, 1>;
};
template <class Epilogue, class Isa>
inline constexpr bool unpacks_rows =
    Epilogue::without_groups ? simd::ops<Isa>::unpacks_without_groups : false;
template <class Kernel, class Epilogue, class Isa>
concept Unpacks = HasUnpack<Kernel, Isa> &&(unpacks_rows<Epilogue, Isa> || Epilogue::with_groups);

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
