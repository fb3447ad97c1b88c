// SPDX-License-Identifier: MIT
// W4A8: four-bit weights, int8 activations: the first pass of a screened head.
//
// With codes u = w + 8 in [0, 15]:   dot = sum of u q  -  8 (sum of q), modulo 2^32.
// |dot| <= 8 * 128 * cols < 2^31, which is max_cols_of<Int4>.
//
// icelake, per line and token: two VPDPBUSD; a line is 16 rows x 8 columns: memory binds a GEMV.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/format.hpp>
#include <bitnet/kernels/tile.hpp>
#include <bitnet/layout.hpp>

namespace bitnet::kernels {

template <>
struct Tile<Int4, Int8, layout::Rows16> {
    template <class Isa, std::size_t Blocks, std::size_t Tokens>
    static BITNET_INLINE void run(const TileInput& in, std::int32_t* dots) noexcept {
        using ops = simd::ops<Isa>;
        Accumulators<Isa, Blocks, Tokens> acc;
        using u32 = typename decltype(acc)::u32;
        using i32 = typename decltype(acc)::i32;
        const u32 four_bits(0x0f0f0f0fu);

        const std::uint8_t* line = in.weights;
        const std::uint8_t* x = in.tokens;
        for (std::size_t i = 0; i < 4 * in.chunks; ++i) {
            prefetch_next_tile<Isa, Blocks, Tokens>(in, line);
            BITNET_UNROLL
            for (int s = 0; s < 2; ++s) {
                acc.for_each([&](std::size_t b, std::size_t p, std::size_t t, i32& sum) noexcept {
                    const u32 w = ops::load(line + b * in.block_bytes + p * 4 * ops::lanes);
                    sum = ops::dot4(sum, (w >> (4 * s)) & four_bits, ops::broadcast(x + 4 * t));
                });
                x += in.panel_bytes;
            }
            line += layout::line_bytes;
        }
        acc.store(dots, [&](std::size_t, std::size_t, std::size_t t, const i32& sum) noexcept {
            return sum - (i32(in.sums[t]) << 3);
        });
    }
};

} // namespace bitnet::kernels
