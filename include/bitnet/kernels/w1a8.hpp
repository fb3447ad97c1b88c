// SPDX-License-Identifier: MIT
// W1A8: binary weights, int8 activations.
//
// With bits u = (w + 1) / 2 in {0, 1}:   dot = 2 (sum of u q)  -  sum of q.
// A shift and one AND turn a line of 16 rows x 32 columns into the bits of 4 columns at a time, one
// a byte. |dot| <= 2 * 128 * cols < 2^31.
//
// icelake, per line and token: 8 VPDPBUSD on ports 0 and 5; shift (port 0) and AND (0, 5) are
// shared by the tokens of the tile. Bound of a wide GEMM: two VPDPBUSD a cycle.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/format.hpp>
#include <bitnet/kernels/tile.hpp>
#include <bitnet/layout.hpp>

namespace bitnet::kernels {

template <>
struct Tile<Binary, Int8, layout::Rows16> {
    template <class Isa, std::size_t Blocks, std::size_t Tokens>
    static BITNET_INLINE void run(const TileInput& in, std::int32_t* dots) noexcept {
        using ops = simd::ops<Isa>;
        Accumulators<Isa, Blocks, Tokens> acc;
        using u32 = typename decltype(acc)::u32;
        using i32 = typename decltype(acc)::i32;
        const u32 one_bit(0x01010101u);

        const std::uint8_t* line = in.weights;
        const std::uint8_t* x = in.tokens;
        for (std::size_t i = 0; i < in.chunks; ++i) {
            prefetch_next_tile<Isa, Blocks, Tokens>(in, line);
            BITNET_UNROLL
            for (int s = 0; s < 8; ++s) {
                acc.for_each([&](std::size_t b, std::size_t p, std::size_t t, i32& sum) noexcept {
                    const u32 w = ops::load(line + b * in.block_bytes + p * 4 * ops::lanes);
                    const u32 codes = (w >> s) & one_bit;
                    sum = ops::dot4(sum, codes, ops::broadcast(x + 4 * t));
                });
                x += in.panel_bytes;
            }
            line += layout::line_bytes;
        }
        acc.store(dots, [&](std::size_t, std::size_t, std::size_t t, const i32& sum) noexcept {
            return sum + sum - i32(in.sums[t]);
        });
    }
};

} // namespace bitnet::kernels
