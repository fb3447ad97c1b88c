// SPDX-License-Identifier: MIT
// W1.58A1: ternary weights as mask m and sign s, one-bit activations.
//
//   dot = popcount(m) - 2 popcount(m and (s xor x))
// No multiply anywhere. icelake, per pair of lines and token: one VPTERNLOGD, VPOPCNTD, VPADDD, 1.5
// cycles by ports as for W1A1; 1.7 on Zen 4, see add_ones(). popcount(m) belongs to the rows: where
// two tiles of all tokens or more want it, they have it from one pass over the stripe; other tiles
// count it as they go.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/format.hpp>
#include <bitnet/kernels/popcounts.hpp>
#include <bitnet/kernels/tile.hpp>
#include <bitnet/layout.hpp>

namespace BITNET_NAMESPACE::kernels {

template <>
struct Tile<Ternary, Sign, layout::Planes16> {
    template <class Isa>
    static constexpr std::size_t gemm_blocks = masked_blocks<Isa>;

    /// row_ones (Blocks, tile_rows) = popcount(m) of each row, for the tiles of gemm_tokens tokens
    template <class Isa, std::size_t Blocks>
    static BITNET_INLINE void count_rows(const TileInput& in, std::int32_t* row_ones) noexcept {
        TileSums<Isa, Blocks, 1> ones;
        const std::uint8_t* line = in.weights;
        const auto step = [&](auto& counts) BITNET_INLINE_LAMBDA {
            add_masks<Isa>(in, line, counts);
            line += 2 * layout::line_bytes;
        };
        count_ones<Isa, 1>(in, step, ones);
        ones.store(row_ones);
    }

    template <class Isa, std::size_t Blocks, std::size_t Tokens>
    static BITNET_INLINE void run(const TileInput& in, std::int32_t* dots) noexcept {
        using ops = simd::ops<Isa>;
        TileSums<Isa, Blocks, Tokens> differing;
        using u32 = typename ops::u32;
        using i32 = typename ops::i32;

        const std::uint8_t* line = in.weights;
        const std::uint8_t* x = in.tokens;
        const auto step = [&](auto& counts, auto&... masks) BITNET_INLINE_LAMBDA {
            prefetch_streams<Isa, Blocks, Tokens>(in, line);
            prefetch_streams<Isa, Blocks, Tokens>(in, line + layout::line_bytes);
            (add_masks<Isa>(in, line, masks), ...);
            add_ones<1>(counts, [&](std::size_t b, std::size_t p, std::size_t t,
                                    u32(&word)[1]) BITNET_INLINE_LAMBDA {
                const std::uint8_t* at = line + b * in.block_bytes + p * 4 * ops::lanes;
                const u32 mask = ops::load(at), sign = ops::load(at + layout::line_bytes);
                word[0] = mask & (sign ^ ops::broadcast(x + 4 * t));
            });
            line += 2 * layout::line_bytes;
            x += word_stride<Isa, Tokens>(in);
        };
        if (Tokens == ops::gemm_tokens && in.row_ones) {
            count_ones<Isa, 1>(in, step, differing);
            differing.store(
                dots, [&](std::size_t b, std::size_t p, std::size_t, const i32& sum) noexcept {
                    return i32::load_unaligned(in.row_ones + b * tile_rows + p * ops::lanes) -
                           (sum + sum);
                });
        } else {
            TileSums<Isa, Blocks, 1> ones;
            count_ones<Isa, 1>(in, step, differing, ones);
            differing.store(
                dots, [&](std::size_t b, std::size_t p, std::size_t, const i32& sum) noexcept {
                    return ones.sum[b][p][0] - (sum + sum);
                });
        }
    }

private:
    template <class Isa, class Counts>
    static BITNET_INLINE void add_masks(const TileInput& in, const std::uint8_t* line,
                                        Counts& counts) noexcept {
        using ops = simd::ops<Isa>;
        counts.for_each([&](std::size_t b, std::size_t p, std::size_t, auto& count) noexcept {
            count =
                ops::add_popcount(count, ops::load(line + b * in.block_bytes + p * 4 * ops::lanes));
        });
    }
};

} // namespace BITNET_NAMESPACE::kernels
