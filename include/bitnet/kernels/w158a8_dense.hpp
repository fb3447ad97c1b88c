// SPDX-License-Identifier: MIT
// W1.58A8 with five ternary weights a byte: for layers that memory cannot bring fast enough.
//
// With codes u = w + 1 in {0, 1, 2}:   dot = sum of u q  -  sum of q,   as in w158a8.hpp.
// A line becomes five registers of codes, 16 rows x 4 columns each, which all tokens of the tile
// share. |dot| <= 2 * 128 * cols < 2^31.
//
// icelake, per line and row block: 4 cheap instructions and 5 VPERMB (port 5), and 5 VPDPBUSD a
// token: 14 for 320 weights of one token, where two bits a weight take 11 for 256.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include <bitnet/format.hpp>
#include <bitnet/kernels/tile.hpp>
#include <bitnet/layout.hpp>

namespace BITNET_NAMESPACE::kernels {

template <>
struct Tile<Ternary, Int8, layout::Dense16> {
    template <class Isa, std::size_t Blocks, std::size_t Tokens>
    static BITNET_INLINE void run(const TileInput& in, std::int32_t* dots) noexcept {
        using ops = simd::ops<Isa>;
        // A sum for each of the five words, where one would wait for the last dot to end.
        constexpr bool waits = dot_chains<Isa, Blocks, Tokens> != 1;
        constexpr std::size_t chains = waits ? 5 : 1;
        TileSums<Isa, Blocks, Tokens * chains> acc;
        using u32 = typename ops::u32;
        using i32 = typename ops::i32;

        // Columns of a line end at a multiple of 20, those of a token at one of 32: where the last
        // line reaches past the token, it meets a copy of the token's last words and zeros.
        const std::size_t words = 8 * in.chunks;
        const std::size_t line_count = (static_cast<std::size_t>(in.cols) + 19) / 20;
        const std::size_t whole = words / 5 < line_count ? words / 5 : line_count;
        std::uint8_t last[5 * 4 * Tokens] = {};
        for (std::size_t i = 5 * whole; whole < line_count && i < words; ++i) {
            std::memcpy(last + (i - 5 * whole) * 4 * Tokens, in.tokens + i * in.panel_bytes,
                        4 * Tokens);
        }

        // Row blocks that go side by side, so that a word of a token is broadcast once for them:
        // all where 32 registers hold what they need, else one.
        constexpr std::size_t at_once = ops::registers == 1 ? Blocks : 1;

        const std::uint8_t* line = in.weights;
        const std::uint8_t* x = in.tokens;
        std::size_t word_bytes = in.panel_bytes;
        for (std::size_t i = 0; i < line_count; ++i) {
            if (i == whole) {
                x = last;
                word_bytes = 4 * Tokens;
            }
            prefetch_stripe<Isa, Blocks, Tokens>(in, line);
            BITNET_UNROLL
            for (std::size_t b = 0; b < Blocks; b += at_once) {
                BITNET_UNROLL
                for (std::size_t p = 0; p < ops::registers; ++p) {
                    typename ops::Trits split[at_once];
                    BITNET_UNROLL
                    for (std::size_t k = 0; k < at_once; ++k) {
                        split[k] = ops::split_trits(
                            ops::load(line + (b + k) * in.block_bytes + p * 4 * ops::lanes));
                    }
                    const auto digit = [&](auto s) BITNET_INLINE_LAMBDA {
                        u32 codes[at_once];
                        BITNET_UNROLL
                        for (std::size_t k = 0; k < at_once; ++k) {
                            codes[k] = ops::template trit<s>(split[k]);
                        }
                        BITNET_UNROLL
                        for (std::size_t t = 0; t < Tokens; ++t) {
                            const u32 word = ops::broadcast(x + s * word_bytes + 4 * t);
                            BITNET_UNROLL
                            for (std::size_t k = 0; k < at_once; ++k) {
                                i32& sum = acc.sum[b + k][p][t + s % chains];
                                sum = ops::dot4(sum, codes[k], word);
                            }
                        }
                    };
                    digit(std::integral_constant<int, 0>{});
                    digit(std::integral_constant<int, 1>{});
                    digit(std::integral_constant<int, 2>{});
                    digit(std::integral_constant<int, 3>{});
                    digit(std::integral_constant<int, 4>{});
                }
            }
            x += 5 * word_bytes;
            line += layout::line_bytes;
        }
        TileSums<Isa, Blocks, Tokens> totals([&](std::size_t t) { return -in.sums[t]; });
        totals.for_each([&](std::size_t b, std::size_t p, std::size_t t, i32& total) noexcept {
            BITNET_UNROLL
            for (std::size_t k = 0; k < chains; ++k) total = total + acc.sum[b][p][t + k];
        });
        totals.store(dots);
    }

    template <class Isa, std::size_t Blocks>
    static BITNET_INLINE void unpack(const std::uint8_t* line, std::size_t block_bytes,
                                     std::size_t words, std::uint8_t* codes) noexcept {
        using ops = simd::ops<Isa>;
        for (std::size_t w = 0; w < words; w += 5, line += layout::line_bytes) {
            for_lines<Isa, Blocks>([&](std::size_t b, std::size_t part) BITNET_INLINE_LAMBDA {
                const auto split = ops::split_trits(ops::load(line + b * block_bytes + part));
                for_constants<5>([&](auto s) BITNET_INLINE_LAMBDA {
                    store_codes(ops::template trit<s>(split),
                                codes + ((w + s) * Blocks + b) * layout::line_bytes + part);
                });
            });
        }
    }
};

} // namespace BITNET_NAMESPACE::kernels
