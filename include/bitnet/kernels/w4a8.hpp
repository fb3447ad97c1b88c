// SPDX-License-Identifier: MIT
// W4A8: four-bit weights, int8 activations: layers, and the first pass of a screened head.
//
// With codes u = w + 8 in [0, 15]:   dot = sum of u q  -  8 (sum of q), modulo 2^32.
// |dot| <= 8 * 128 * cols < 2^31, which is max_cols_of<Int4>.
//
// icelake, per line and token: two VPDPBUSD; a line is 16 rows x 8 columns: memory binds a GEMV.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/format.hpp>
#include <bitnet/kernels/byte_dots.hpp>
#include <bitnet/kernels/tile.hpp>
#include <bitnet/layout.hpp>

namespace BITNET_NAMESPACE::kernels {

template <>
struct Tile<Int4, Int8, layout::Rows16> {
    template <class Isa, std::size_t Blocks, std::size_t Tokens>
    static BITNET_INLINE void run(const TileInput& in, std::int32_t* dots) noexcept {
        using ops = simd::ops<Isa>;
        constexpr std::size_t chains = dot_chains<Isa, Blocks, Tokens>;
        constexpr std::size_t words = chains > 1 ? chains : 2; // of a token that a step meets
        TileSums<Isa, Blocks, Tokens> acc[chains];
        using u32 = typename ops::u32;
        using i32 = typename ops::i32;
        const u32 four_bits(0x0f0f0f0fu);

        const std::uint8_t* line = in.weights;
        const std::uint8_t* x = in.tokens;
        for (std::size_t i = 0; i < 8 * in.chunks; i += words) {
            for_constants<words>([&](auto j) BITNET_INLINE_LAMBDA { // a line has two
                if (j % 2 == 0) prefetch_streams<Isa, Blocks, Tokens>(in, line);
                const int shift = static_cast<int>(j % 2 * 4);
                acc[j % chains].for_each(
                    [&](std::size_t b, std::size_t p, std::size_t t, i32& sum) noexcept {
                        const u32 w = ops::load(line + b * in.block_bytes + p * 4 * ops::lanes);
                        sum = ops::dot4(sum, (w >> shift) & four_bits, ops::broadcast(x + 4 * t));
                    });
                x += word_stride<Isa, Tokens>(in);
                if (j % 2 == 1) line += layout::line_bytes;
            });
        }
        store_chains<3>(acc, in.sums, dots);
    }

    template <class Isa, std::size_t Blocks>
    static BITNET_INLINE void unpack(const std::uint8_t* line, std::size_t block_bytes,
                                     std::size_t words, std::uint8_t* codes) noexcept {
        unpack_bytes<Isa, 4, Blocks>(line, block_bytes, words, codes);
    }
};

} // namespace BITNET_NAMESPACE::kernels
