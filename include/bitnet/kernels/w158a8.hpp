// SPDX-License-Identifier: MIT
// W1.58A8: ternary weights, int8 activations.
//
// With codes u = w + 1 in {0, 1, 2}:   dot = sum of u q  -  sum of q.
// A 2-bit shift and one AND turn a line into the codes of 16 rows x 4 columns, which the byte dot
// wants; no horizontal sum, no multiply by a scale inside. |dot| <= 2 * 128 * cols < 2^31.
//
// icelake, per line and token: 4 VPDPBUSD on ports 0 and 5; shift (port 0) and AND (0, 5) are
// shared by the tokens of the tile. Bound of a wide GEMM: two VPDPBUSD a cycle.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/format.hpp>
#include <bitnet/kernels/tile.hpp>
#include <bitnet/layout.hpp>

namespace bitnet::kernels {

template <>
struct Tile<Ternary, Int8, layout::Rows16> {
    template <class Isa, std::size_t Blocks, std::size_t Tokens>
    static BITNET_INLINE void run(const TileInput& in, std::int32_t* dots) noexcept {
        using ops = simd::ops<Isa>;
        Accumulators<Isa, Blocks, Tokens> acc;
        using u32 = typename decltype(acc)::u32;
        using i32 = typename decltype(acc)::i32;
        const u32 two_bits(0x03030303u);

        const std::uint8_t* line = in.weights;
        const std::uint8_t* x = in.tokens;
        for (std::size_t i = 0; i < 2 * in.chunks; ++i) {
            prefetch_next_tile<Isa, Blocks, Tokens>(in, line);
            BITNET_UNROLL
            for (int s = 0; s < 4; ++s) {
                acc.for_each([&](std::size_t b, std::size_t p, std::size_t t, i32& sum) noexcept {
                    const u32 w = ops::load(line + b * in.block_bytes + p * 4 * ops::lanes);
                    const u32 codes = (w >> (2 * s)) & two_bits;
                    sum = ops::dot4(sum, codes, ops::broadcast(x + 4 * t));
                });
                x += in.panel_bytes;
            }
            line += layout::line_bytes;
        }
        acc.store(dots, [&](std::size_t, std::size_t, std::size_t t, const i32& sum) noexcept {
            return sum - i32(in.sums[t]);
        });
    }
};

} // namespace bitnet::kernels
