// SPDX-License-Identifier: MIT
// The sums of W1A8 and W1.58A8: codes of one or two bits, packed as Rows16, times int8 tokens; and
// such codes, and W4A8's, unpacked to bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <bitnet/config.hpp>
#include <bitnet/format.hpp>
#include <bitnet/kernels/tile.hpp>
#include <bitnet/layout.hpp>

namespace BITNET_NAMESPACE::kernels {

/// totals += sum of u q, u = w + 1: 0 or 2 for Bits = 1; 0, 1 or 2 for Bits = 2
///
/// A tile of many tokens shifts every code to the bottom of its byte: an AND and a shift, shared by
/// its tokens. A tile of one token shares them with nobody, so it leaves codes where they are, as
/// 2^k u, and gives each place in a byte a sum of its own, a chain, which is shifted once, at the
/// end. More chains than one also hide the latency of the dot. No sum overflows: it is added to the
/// totals after dot4_calls(largest) calls at most.
template <class Isa, unsigned Bits, std::size_t Chains, std::size_t Blocks, std::size_t Tokens>
BITNET_INLINE void byte_dots_in_chains(const TileInput& in,
                                       TileSums<Isa, Blocks, Tokens>& totals) noexcept {
    using ops = simd::ops<Isa>;
    using u32 = typename ops::u32;
    using i32 = typename ops::i32;
    using layout::line_bytes;

    constexpr std::size_t in_line = 8 / Bits;               // words of a token that a line meets
    constexpr std::size_t words = Chains > 1 ? 8 : in_line; // that a step meets
    // The lowest bit of a code of word j in its byte, and where chain k wants it.
    constexpr auto place = [](std::size_t j) { return static_cast<int>(j % in_line * Bits); };
    constexpr int bottom = Bits == 1; // there a code is u: a bit b is 2 b
    constexpr auto wanted = [=](std::size_t k) { return Chains > 1 ? place(k) : bottom; };
    constexpr std::size_t largest = Bits << wanted(Chains - 1);
    static_assert(largest < 128 || ops::dot4_calls(largest) > 1, "see add_dot4");

    const std::uint8_t* line = in.weights;
    const std::uint8_t* x = in.tokens;
    const auto codes = [&](std::size_t j, std::size_t b, std::size_t p) BITNET_INLINE_LAMBDA {
        const u32 w = ops::load(line + b * in.block_bytes + p * 4 * ops::lanes);
        const u32 mask(((1u << Bits) - 1) * 0x01010101u << wanted(j % Chains));
        const int shift = place(j) - wanted(j % Chains);
        return (shift < 0 ? w << -shift : w >> shift) & mask;
    };
    const auto step = [&](auto& sums) BITNET_INLINE_LAMBDA {
        // Of one token, where the cluster has an order of its own for it.
        constexpr bool in_pairs = Chains > 1 && requires {
            &ops::add_two_dots;
        };
        constexpr std::size_t at_once = in_pairs ? 2 : 1;
        BITNET_UNROLL
        for (std::size_t pair = 0; pair < words / at_once; ++pair) {
            const std::size_t j = pair * at_once;
            if (j % in_line == 0) prefetch_stripe<Isa, Blocks, Tokens>(in, line);
            totals.for_each([&](std::size_t b, std::size_t p, std::size_t t, i32&) noexcept {
                auto& sum = sums.sum[b][p][t + j % Chains];
                if constexpr (in_pairs) {
                    ops::add_two_dots(sum, codes(j, b, p), x, sums.sum[b][p][(j + 1) % Chains],
                                      codes(j + 1, b, p), x + word_stride<Isa, Tokens>(in));
                } else if constexpr (std::is_same_v<decltype(sum), i32&>) {
                    sum = ops::dot4(sum, codes(j, b, p), ops::broadcast(x + 4 * t));
                } else {
                    sum = ops::add_dot4(sum, codes(j, b, p), ops::broadcast(x + 4 * t));
                }
            });
            x += at_once * word_stride<Isa, Tokens>(in);
            if ((j + at_once) % in_line == 0) line += line_bytes;
        }
    };
    constexpr std::size_t calls = ops::dot4_calls(largest); // a call meets four columns of a row
    if constexpr (Chains == 1 && calls >= max_cols / 4) {
        for (std::size_t i = 0; i < in.chunks * 8 / words; ++i) step(totals);
    } else {
        static_assert(calls >= words / Chains, "a step must not overflow a sum");
        using Narrow = TileDotSums<Isa, Blocks, Tokens * Chains>;
        in_runs<calls / (words / Chains), Narrow>(
            in.chunks * 8 / words, step, [&](const Narrow& sums) BITNET_INLINE_LAMBDA {
                totals.for_each([&](std::size_t b, std::size_t p, std::size_t t, i32& total) {
                    BITNET_UNROLL
                    for (std::size_t k = 0; k < Chains; ++k) {
                        const i32 s = ops::dot4_sum(sums.sum[b][p][t + k]);
                        const int shift = wanted(k) - bottom;
                        total = total + (shift < 0 ? s << -shift : s >> shift);
                    }
                });
            });
    }
}

/// The same for a cluster that has sums of its own for one token, simd::ops<Isa>::LineSums, whose
/// words lie side by side. On ARM one instruction takes a code out of its line.
template <class Isa, unsigned Bits>
BITNET_NOINLINE void line_dots(const TileInput& in, TileSums<Isa, 1, 1>& totals) noexcept {
    using ops = simd::ops<Isa>;
    using Sums = typename ops::template LineSums<Bits>;
    struct Narrow {
        Sums part[ops::registers];
    };
    const std::uint8_t* line = in.weights;
    const std::uint8_t* x = in.tokens;
    const auto step = [&](Narrow& sums) BITNET_INLINE_LAMBDA { // a chunk: Bits lines
        BITNET_UNROLL
        for (std::size_t i = 0; i < Bits; ++i) {
            BITNET_UNROLL
            for (std::size_t p = 0; p < ops::registers; ++p) {
                sums.part[p].add(ops::load(line + p * 4 * ops::lanes), x);
            }
            line += layout::line_bytes;
            x += 4 * 8 / Bits;
        }
    };
    in_runs<Sums::calls / Bits, Narrow>(
        in.chunks, step, [&](const Narrow& sums) BITNET_INLINE_LAMBDA {
            totals.for_each([&](std::size_t, std::size_t p, std::size_t, auto& total) noexcept {
                total = total + sums.part[p].value();
            });
        });
}

/// The same, in as many chains as pay: at the end of few columns each costs a shift and a sum.
template <class Isa, unsigned Bits, std::size_t Blocks, std::size_t Tokens>
BITNET_INLINE void byte_dots(const TileInput& in, TileSums<Isa, Blocks, Tokens>& totals) noexcept {
    if constexpr (Blocks * Tokens == 1 &&
                  requires { sizeof(typename simd::ops<Isa>::template LineSums<Bits>); }) {
        if (word_stride<Isa, Tokens>(in) == 4) return line_dots<Isa, Bits>(in, totals);
    }
    constexpr std::size_t most = Tokens > 1 ? 1 : simd::ops<Isa>::add_dot4_chains(Bits), few = 4;
    constexpr std::size_t few_chunks = 256 / 32; // of the largest group
    if constexpr (most <= few) {
        byte_dots_in_chains<Isa, Bits, most>(in, totals);
    } else if (in.chunks <= few_chunks) {
        byte_dots_in_chains<Isa, Bits, few>(in, totals);
    } else {
        byte_dots_in_chains<Isa, Bits, most>(in, totals);
    }
}

/// codes (words, Blocks, 64) of the first `words` words of Blocks row blocks, one a byte: the
/// number that is packed in Bits bits; for Bits = 1, twice the bit
template <class Isa, unsigned Bits, std::size_t Blocks>
BITNET_INLINE void unpack_bytes(const std::uint8_t* line, std::size_t block_bytes,
                                std::size_t words, std::uint8_t* codes) noexcept {
    using u32 = typename simd::ops<Isa>::u32;
    constexpr std::size_t in_line = 8 / Bits; // words
    constexpr int bottom = Bits == 1;
    const u32 mask(((1u << Bits) - 1) * 0x01010101u << bottom);
    for (std::size_t w = 0; w < words; w += in_line, line += layout::line_bytes) {
        for_lines<Isa, Blocks>([&](std::size_t b, std::size_t part) BITNET_INLINE_LAMBDA {
            const u32 packed = simd::ops<Isa>::load(line + b * block_bytes + part);
            BITNET_UNROLL
            for (std::size_t j = 0; j < in_line; ++j) {
                const int shift = static_cast<int>(j * Bits) - bottom;
                const u32 u = (shift < 0 ? packed << -shift : packed >> shift) & mask;
                store_codes(u, codes + ((w + j) * Blocks + b) * layout::line_bytes + part);
            }
        });
    }
}

} // namespace BITNET_NAMESPACE::kernels
