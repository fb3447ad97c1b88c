// SPDX-License-Identifier: MIT
// Tiles of unpacked codes: a byte a code, met by int8 tokens. Weights of all formats have them in
// common.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/config.hpp>
#include <bitnet/kernels/accumulators.hpp>
#include <bitnet/kernels/panel_dots.hpp>
#include <bitnet/kernels/tile.hpp>
#include <bitnet/layout.hpp>
#include <bitnet/quantized.hpp>
#include <bitnet/simd/i32x16.hpp>
#include <bitnet/simd/simd.hpp>

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

} // namespace BITNET_NAMESPACE::kernels
