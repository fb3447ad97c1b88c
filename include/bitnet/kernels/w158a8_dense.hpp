// SPDX-License-Identifier: MIT
// W1.58A8 with five ternary weights a byte: for layers that memory cannot bring fast enough.
//
// With codes u = w + 1 in {0, 1, 2}:   dot = sum of u q  -  sum of q,   as in w158a8.hpp.
// A line becomes five registers of codes, 16 rows x 4 columns each, which all tokens of the tile
// share. |dot| <= 2 * 128 * cols < 2^31.
//
// icelake, per line and row block: 4 cheap instructions and 5 VPERMB (port 5), and 5 VPDPBUSD a
// token: 14 for 320 weights of one token (one line in 13 has 256), where two bits a weight take 11
// for 256.
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
        Sums<Isa, Blocks, Tokens> sums{in};
        std::size_t words = 8 * in.chunks;
        const std::uint8_t* line = in.weights;
        const std::uint8_t* x = in.tokens;
        const std::size_t word_bytes = word_stride<Isa, Tokens>(in);
        // What a line meets that is not met whole: zeros for the digits of other columns.
        std::uint8_t padded[digits * 4 * Tokens];
        std::size_t at = in.before / 4 / digits, first = in.before / 4 % digits;
        line += at * layout::line_bytes;
        while (words > 0) {
            const std::size_t left = words / digits, room = Layout::step_lines - at;
            std::size_t line_count = first != 0 ? 0 : left < room ? left : room;
            const std::uint8_t* from = x;
            std::size_t stride = word_bytes;
            if (line_count == 0) {
                std::memset(padded, 0, sizeof padded);
                for (std::size_t s = first; s < digits && s < first + words; ++s) {
                    std::memcpy(padded + s * 4 * Tokens, x + (s - first) * word_bytes, 4 * Tokens);
                }
                line_count = 1;
                from = padded;
                stride = 4 * Tokens;
            }
            for (std::size_t i = 0; i < line_count; ++i) {
                sums.template add<0, digits>(line, from, stride);
                line += layout::line_bytes;
                from += digits * stride;
            }
            // The last line of a step met a word of the next step too, with codes 0.
            at += line_count;
            const bool is_end = at == Layout::step_lines;
            if (is_end) at = 0;
            const std::size_t met = line_count * digits - first - (is_end ? 1 : 0);
            const std::size_t count = words < met ? words : met;
            words -= count;
            x += count * word_bytes;
            first = 0;
        }
        sums.store(dots);
    }

    /// The same for one token and columns of one step, a straight line. in.tokens: of the step
    template <class Isa, std::size_t Before, std::size_t Cols>
    static BITNET_INLINE void run_in_step(const TileInput& in, std::int32_t* dots) noexcept {
        Sums<Isa, 1, 1> sums{in};
        sums.template add_words<Before / 4, (Before + Cols) / 4>(in.weights, in.tokens);
        sums.store(dots);
    }

    template <class Isa, std::size_t Blocks>
    static BITNET_INLINE void unpack(const std::uint8_t* line, std::size_t block_bytes,
                                     std::size_t words, std::uint8_t* codes) noexcept {
        using ops = simd::ops<Isa>;
        for (std::size_t word = 0, count; word < words; word += count) {
            count = digits_of_line(word % step_words / digits);
            for_lines<Isa, Blocks>([&](std::size_t b, std::size_t part) BITNET_INLINE_LAMBDA {
                const auto split = ops::split_trits(ops::load(line + b * block_bytes + part));
                for_constants<digits>([&](auto s) BITNET_INLINE_LAMBDA {
                    if (s == Layout::last_digits && count < digits) return;
                    store_codes(ops::template trit<s>(split),
                                codes + ((word + s) * Blocks + b) * layout::line_bytes + part);
                });
            });
            line += layout::line_bytes;
        }
    }

private:
    using Layout = layout::Dense16;
    static constexpr std::size_t digits = Layout::digits, step_words = Layout::step_cols / 4;
    static BITNET_INLINE constexpr std::size_t digits_of_line(std::size_t line) noexcept {
        return line + 1 == Layout::step_lines ? Layout::last_digits : digits;
    }

    template <class Isa, std::size_t Blocks, std::size_t Tokens>
    struct Sums {
        using ops = simd::ops<Isa>;
        using u32 = typename ops::u32;
        using i32 = typename ops::i32;
        // One for each digit of a line, where one alone would wait for the last dot to end.
        static constexpr bool waits = dot_chains<Isa, Blocks, Tokens> != 1;
        static constexpr std::size_t chains = waits ? digits : 1, token_sums = Tokens * chains;
        // Row blocks that go side by side, so that a word of a token is broadcast once for them:
        // all where 32 registers hold what they need, else one.
        static constexpr std::size_t at_once = ops::registers == 1 ? Blocks : 1;
        static constexpr bool is_single = Blocks * Tokens == 1;

        const TileInput& in;
        TileSums<Isa, Blocks, token_sums> acc = {};

        /// The digits [First, End) of a line. x: words of its digit 0
        template <std::size_t First, std::size_t End>
        BITNET_INLINE void add(const std::uint8_t* line, const std::uint8_t* x,
                               std::size_t word_bytes) noexcept {
            prefetch_stripe<Isa, Blocks, Tokens>(in, line);
            if constexpr (First == 0 && is_single && ops::asks_three_times) {
                // Codes take nearly as long as memory does, and a core seems to drop some requests
                // while many are under way: what is asked for again is there in time.
                BITNET_PREFETCH_L2(reinterpret_cast<std::uintptr_t>(line) + 12288);
            }
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
                    for_constants<End - First>([&](auto i) BITNET_INLINE_LAMBDA {
                        constexpr int s = First + i;
                        u32 codes[at_once];
                        BITNET_UNROLL
                        for (std::size_t k = 0; k < at_once; ++k) {
                            codes[k] = ops::template trit<s>(split[k]);
                        }
                        if constexpr (is_single && requires { &ops::add_dot_at; }) {
                            ops::add_dot_at(acc.sum[b][p][s % chains], codes[0],
                                            x + s * word_bytes);
                        } else {
                            BITNET_UNROLL
                            for (std::size_t t = 0; t < Tokens; ++t) {
                                const u32 word = ops::broadcast(x + s * word_bytes + 4 * t);
                                BITNET_UNROLL
                                for (std::size_t k = 0; k < at_once; ++k) {
                                    i32& sum = acc.sum[b + k][p][t + s % chains];
                                    sum = ops::dot4(sum, codes[k], word);
                                }
                            }
                        }
                    });
                }
            }
        }

        /// The words [Begin, End) of a step and of one token, in a straight line.
        template <std::size_t Begin, std::size_t End>
        BITNET_INLINE void add_words(const std::uint8_t* step, const std::uint8_t* x) noexcept {
            constexpr std::size_t line_count = (End + digits - 1) / digits - Begin / digits;
            for_constants<line_count>([&](auto i) BITNET_INLINE_LAMBDA {
                constexpr std::size_t line = Begin / digits + i, word = line * digits;
                constexpr std::size_t first = word < Begin ? Begin - word : 0;
                constexpr std::size_t end = word + digits > End ? End - word : digits;
                add<first, end>(step + line * layout::line_bytes, x + 4 * word, 4);
            });
        }

        BITNET_INLINE void store(std::int32_t* dots) noexcept {
            TileSums<Isa, Blocks, Tokens> totals([&](std::size_t t) { return -in.sums[t]; });
            totals.for_each([&](std::size_t b, std::size_t p, std::size_t t, i32& total) noexcept {
                BITNET_UNROLL
                for (std::size_t k = 0; k < chains; ++k) total = total + acc.sum[b][p][t + k];
            });
            totals.store(dots);
        }
    };
};

} // namespace BITNET_NAMESPACE::kernels
