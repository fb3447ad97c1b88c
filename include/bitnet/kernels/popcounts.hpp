// SPDX-License-Identifier: MIT
// The sums of W1A1, W1.58A1, W1A1.58 and W1.58A1.58: one bits of words that a weight and a token
// make. No multiply anywhere.
#pragma once

#include <algorithm>
#include <cstddef>

#include <bitnet/config.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/kernels/tile.hpp>
#include <bitnet/quantized.hpp>
#include <bitnet/simd/simd.hpp>

namespace BITNET_NAMESPACE::kernels {

/// Row blocks of a GEMM tile with a ternary operand: beside its sums it holds four words at once,
/// see add_ones(), which are worth more than a third block.
template <class Isa>
inline constexpr std::size_t masked_blocks =
    simd::ops<Isa>::gemm_blocks < 2 ? simd::ops<Isa>::gemm_blocks : 2;

/// counts += the one bits of the N words that words(block, part, token, u32 (&)[N]) gives for each
/// register; N calls of add_popcount. Two tokens times two row blocks are counted side by side: on
/// Zen 4, a VPTERNLOGD, a VPOPCNTD and a VPADDD take 1.95 cycles in turns, 1.7 in fours.
template <std::size_t N, class Isa, std::size_t Blocks, std::size_t Tokens, class F>
BITNET_INLINE void add_ones(TileBitCounts<Isa, Blocks, Tokens>& counts, F&& words) noexcept {
    using ops = simd::ops<Isa>;
    using u32 = typename ops::u32;
    using BitCounts = typename ops::BitCounts;
    constexpr bool in_fours = Blocks == 2 && ops::registers == 1 && requires {
        &ops::add_four_popcounts;
    };
    constexpr std::size_t paired = in_fours ? Tokens / 2 * 2 : 0;
    if constexpr (in_fours) {
        BITNET_UNROLL
        for (std::size_t t = 0; t < paired; t += 2) {
            u32 word[4][N];
            words(0, 0, t, word[0]);
            words(1, 0, t, word[1]);
            words(0, 0, t + 1, word[2]);
            words(1, 0, t + 1, word[3]);
            BitCounts four[4] = {counts.sum[0][0][t], counts.sum[1][0][t], counts.sum[0][0][t + 1],
                                 counts.sum[1][0][t + 1]};
            BITNET_UNROLL
            for (std::size_t n = 0; n < N; ++n) {
                ops::add_four_popcounts(four, word[0][n], word[1][n], word[2][n], word[3][n]);
            }
            counts.sum[0][0][t] = four[0];
            counts.sum[1][0][t] = four[1];
            counts.sum[0][0][t + 1] = four[2];
            counts.sum[1][0][t + 1] = four[3];
        }
    }
    counts.for_each([&](std::size_t b, std::size_t p, std::size_t t, BitCounts& count) noexcept {
        if (t < paired) return;
        u32 word[N];
        words(b, p, t, word);
        BITNET_UNROLL
        for (std::size_t n = 0; n < N; ++n) count = ops::add_popcount(count, word[n]);
    });
}

/// sums += counts
template <class Isa, std::size_t Blocks, std::size_t Tokens>
BITNET_INLINE void add_counts(TileSums<Isa, Blocks, Tokens>& sums,
                              const TileBitCounts<Isa, Blocks, Tokens>& counts) noexcept {
    using ops = simd::ops<Isa>;
    using i32 = typename ops::i32;
    sums.for_each([&](std::size_t b, std::size_t p, std::size_t t, i32& sum) noexcept {
        sum = sum + ops::popcount(counts.sum[b][p][t]);
    });
}

/// Whether the tiles of a product ask for the lines of y themselves, as they go.
template <class Codes, class Isa>
concept PopcountsAsk =
    !isa::is_scalar<Isa> && !token_layout<Codes>::is_int8 && simd::ops<Isa>::popcount_calls == 0;

/// totals += the one bits of a tile: step(counts...) passes each register of the counts, which have
/// the shapes of the totals, to add_popcount at most Calls times and goes on a chunk. Where counts
/// have no limit, it asks for the lines of y as it goes: see PopcountsAsk.
template <class Isa, std::size_t Calls, class F, std::size_t... Blocks, std::size_t... Tokens>
BITNET_INLINE void count_ones(const TileInput& in, F&& step,
                              TileSums<Isa, Blocks, Tokens>&... totals) noexcept {
    constexpr std::size_t calls = simd::ops<Isa>::popcount_calls;
    static_assert(calls == 0 || calls >= Calls,
                  "0 calls would mean that counts are never added up");
    if constexpr (calls != 0) {
        in_runs<calls / Calls, TileBitCounts<Isa, Blocks, Tokens>...>(
            in.chunks, step,
            [&](const TileBitCounts<Isa, Blocks, Tokens>&... counts)
                BITNET_INLINE_LAMBDA { (add_counts(totals, counts), ...); },
            std::integral_constant<std::size_t, simd::ops<Isa>::steps_a_turn>{});
    } else {
        constexpr std::size_t blocks = (std::max)({Blocks...}), tokens = (std::max)({Tokens...});
        const std::size_t share = in.chunks / (blocks + 1) + 1, part = share < 8 ? share : 8;
        const auto run = [&](TileBitCounts<Isa, Blocks, Tokens>... counts) BITNET_INLINE_LAMBDA {
            std::size_t chunk = 0;
            for (std::size_t b = 0; tokens > 1 && b <= blocks && in.output.stride != 0; ++b) {
                prefetch_output<blocks, tokens>(in.output, b);
                const std::size_t left = in.chunks - chunk, n = left < part ? left : part;
                for (const std::size_t end = chunk + n; chunk < end; ++chunk) step(counts...);
            }
            for (; chunk < in.chunks; ++chunk) step(counts...);
            (add_counts(totals, counts), ...);
        };
        run(TileBitCounts<Isa, Blocks, Tokens>()...);
    }
}

} // namespace BITNET_NAMESPACE::kernels
