// SPDX-License-Identifier: MIT
// W8A8: int8 weights, int8 activations: output heads.
//
// With codes u = w + 128 in [0, 255]:   dot = sum of u q  -  128 (sum of q), modulo 2^32.
// The two sums may wrap (255 * 128 * cols is up to 2^32); the dot does not: |dot| <= 128 * 128 *
// cols < 2^31, which is max_cols_of<Int8>.
//
// icelake, per line and token: one VPDPBUSD. A line is 16 rows x 4 columns: memory binds a GEMV.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/format.hpp>
#include <bitnet/kernels/tile.hpp>
#include <bitnet/layout.hpp>

namespace BITNET_NAMESPACE::kernels {

template <>
struct Tile<Int8, Int8, layout::Rows16> {
    template <class Isa, std::size_t Blocks, std::size_t Tokens>
    static BITNET_INLINE void run(const TileInput& in, std::int32_t* dots) noexcept {
        using ops = simd::ops<Isa>;
        constexpr std::size_t chains = dot_chains<Isa, Blocks, Tokens>;
        TileSums<Isa, Blocks, Tokens> acc[chains];
        using u32 = typename ops::u32;
        using i32 = typename ops::i32;

        const std::uint8_t* line = in.weights;
        const std::uint8_t* x = in.tokens;
        for (std::size_t i = 0; i < 8 * in.chunks; i += chains) {
            for_constants<chains>([&](auto chain) BITNET_INLINE_LAMBDA {
                prefetch_streams<Isa, Blocks, Tokens>(in, line);
                acc[chain].for_each(
                    [&](std::size_t b, std::size_t p, std::size_t t, i32& sum) noexcept {
                        const u32 codes = ops::load(line + b * in.block_bytes + p * 4 * ops::lanes);
                        sum = ops::dot4_wide(sum, codes, ops::broadcast(x + 4 * t));
                    });
                x += word_stride<Isa, Tokens>(in);
                line += layout::line_bytes;
            });
        }
        store_chains<7>(acc, in.sums, dots);
    }
};

} // namespace BITNET_NAMESPACE::kernels
