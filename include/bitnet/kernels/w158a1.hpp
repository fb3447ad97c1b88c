// SPDX-License-Identifier: MIT
// W1.58A1: ternary weights as mask m and sign s, one-bit activations.
//
//   dot = popcount(m) - 2 popcount(m and (s xor x))
// No multiply anywhere. icelake, per pair of lines and token: one VPTERNLOGD, VPOPCNTD, VPADDD, 1.5
// cycles as for W1A1; popcount(m), a VPOPCNTD and a VPADDD, is shared by the tokens of the tile.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/format.hpp>
#include <bitnet/kernels/tile.hpp>
#include <bitnet/layout.hpp>

namespace bitnet::kernels {

template <>
struct Tile<Ternary, Sign, layout::Planes16> {
    template <class Isa, std::size_t Blocks, std::size_t Tokens>
    static BITNET_INLINE void run(const TileInput& in, std::int32_t* dots) noexcept {
        using ops = simd::ops<Isa>;
        Accumulators<Isa, Blocks, Tokens> differing;
        Accumulators<Isa, Blocks, 1> nonzero;
        using u32 = typename decltype(differing)::u32;
        using i32 = typename decltype(differing)::i32;

        const std::uint8_t* line = in.weights;
        const std::uint8_t* x = in.tokens;
        const auto step = [&](auto& masks, auto& counts) BITNET_INLINE_LAMBDA {
            prefetch_next_tile<Isa, Blocks, Tokens>(in, line);
            prefetch_next_tile<Isa, Blocks, Tokens>(in, line + layout::line_bytes);
            masks.for_each([&](std::size_t b, std::size_t p, std::size_t, i32& sum) noexcept {
                sum = ops::add_popcount(sum,
                                        ops::load(line + b * in.block_bytes + p * 4 * ops::lanes));
            });
            counts.for_each([&](std::size_t b, std::size_t p, std::size_t t, i32& sum) noexcept {
                const std::uint8_t* at = line + b * in.block_bytes + p * 4 * ops::lanes;
                const u32 mask = ops::load(at), sign = ops::load(at + layout::line_bytes);
                sum = ops::add_popcount(sum, mask & (sign ^ ops::broadcast(x + 4 * t)));
            });
            line += 2 * layout::line_bytes;
            x += in.panel_bytes;
        };
        count_ones<Isa, 1>(in.chunks, step, nonzero, differing);
        differing.store(dots,
                        [&](std::size_t b, std::size_t p, std::size_t, const i32& sum) noexcept {
                            return nonzero.sum[b][p][0] - (sum + sum);
                        });
    }
};

} // namespace bitnet::kernels
