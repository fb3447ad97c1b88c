// SPDX-License-Identifier: MIT
// W6A8: six-bit weights, int8 activations: output heads.
//
// With codes u = w + 32 in [0, 63]:   dot = sum of u q  -  32 (sum of q), modulo 2^32.
// |dot| <= 32 * 128 * cols < 2^31, which is max_cols_of<Int6>; the two sums may wrap.
// Three lines hold the codes of 16 columns: three registers in their low six bits, and the fourth
// in their upper two.
//
// icelake, per three lines and token: four VPDPBUSD; the tokens of a tile share 3 shifts and 8
// logic operations.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/format.hpp>
#include <bitnet/kernels/tile.hpp>
#include <bitnet/layout.hpp>

namespace BITNET_NAMESPACE::kernels {

template <>
struct Tile<Int6, Int8, layout::Six16> {
    template <class Isa, std::size_t Blocks, std::size_t Tokens>
    static BITNET_INLINE void run(const TileInput& in, std::int32_t* dots) noexcept {
        using ops = simd::ops<Isa>;
        constexpr std::size_t chains = dot_chains<Isa, Blocks, Tokens>;
        TileSums<Isa, Blocks, Tokens> acc[chains];
        using u32 = typename ops::u32;
        using i32 = typename ops::i32;
        constexpr std::size_t line_bytes = layout::line_bytes;
        const u32 six_bits(0x3f3f3f3fu);

        const std::uint8_t* line = in.weights;
        const std::uint8_t* x = in.tokens;
        for (std::size_t i = 0; i < 2 * in.chunks; ++i) {
            for_constants<3>([&](auto l) BITNET_INLINE_LAMBDA {
                prefetch_streams<Isa, Blocks, Tokens>(in, line + l * line_bytes);
                acc[l % chains].for_each([&](std::size_t b, std::size_t p, std::size_t t,
                                             i32& sum) noexcept {
                    const u32 w =
                        ops::load(line + l * line_bytes + b * in.block_bytes + p * 4 * ops::lanes);
                    sum = ops::dot4(sum, w & six_bits, ops::broadcast(x + 4 * t));
                });
                x += word_stride<Isa, Tokens>(in);
            });
            acc[chains - 1].for_each(
                [&](std::size_t b, std::size_t p, std::size_t t, i32& sum) noexcept {
                    const u32 codes = fourth<Isa>(line + b * in.block_bytes + p * 4 * ops::lanes);
                    sum = ops::dot4(sum, codes, ops::broadcast(x + 4 * t));
                });
            x += word_stride<Isa, Tokens>(in);
            line += 3 * line_bytes;
        }
        store_chains<5>(acc, in.sums, dots);
    }

    template <class Isa, std::size_t Blocks>
    static BITNET_INLINE void unpack(const std::uint8_t* line, std::size_t block_bytes,
                                     std::size_t words, std::uint8_t* codes) noexcept {
        using ops = simd::ops<Isa>;
        const typename ops::u32 six_bits(0x3f3f3f3fu);
        for (std::size_t w = 0; w < words; w += 4, line += 3 * layout::line_bytes) {
            for_lines<Isa, Blocks>([&](std::size_t b, std::size_t part) BITNET_INLINE_LAMBDA {
                constexpr std::size_t next = Blocks * layout::line_bytes;
                const std::uint8_t* const from = line + b * block_bytes + part;
                std::uint8_t* const to = codes + w * next + b * layout::line_bytes + part;
                BITNET_UNROLL
                for (std::size_t l = 0; l < 3; ++l) {
                    store_codes(ops::load(from + l * layout::line_bytes) & six_bits, to + l * next);
                }
                store_codes(fourth<Isa>(from), to + 3 * next);
            });
        }
    }

private:
    /// The fourth register of codes, from the upper bits of the part of three lines at `from`.
    template <class Isa>
    static BITNET_INLINE auto fourth(const std::uint8_t* from) noexcept {
        using ops = simd::ops<Isa>;
        using u32 = typename ops::u32;
        constexpr std::size_t line_bytes = layout::line_bytes;
        const u32 first(0x03030303u), second(0x0c0c0c0cu), third(0x30303030u);
        return ((ops::load(from) >> 6) & first) | ((ops::load(from + line_bytes) >> 4) & second) |
               ((ops::load(from + 2 * line_bytes) >> 2) & third);
    }
};

} // namespace BITNET_NAMESPACE::kernels
