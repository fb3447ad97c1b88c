// SPDX-License-Identifier: MIT
// Products of many int8 tokens: codes of weights are unpacked to a byte each, once for 64 tokens.
// A tile of packed weights does the shifts, masks or lookups again for every 8 tokens, on the ports
// that its dots want; here nothing but dots is left to it, whatever the format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <bitnet/config.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/kernels/tile.hpp>
#include <bitnet/kernels/tile_runner.hpp>
#include <bitnet/layout.hpp>
#include <bitnet/quantized.hpp>
#include <bitnet/simd/simd.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE::kernels {

/// Columns that are unpacked at a time: whole steps of every layout, of 20 columns or of 32. Their
/// codes take 23 KiB of three row blocks, the sums of so many tokens 12 KiB: L1 and the stack hold
/// both.
inline constexpr std::size_t unpacked_cols = 480, unpacked_tokens = 64;

/// A kernel with unpack().
template <class Kernel, class Isa>
concept Unpacks = !isa::is_scalar<Isa> && requires {
    &Kernel::template unpack<Isa, 1>;
};

/// f(block, part) for every register of a line of each of Blocks row blocks; it begins at byte
/// `part` of the line.
template <class Isa, std::size_t Blocks, class F>
BITNET_INLINE void for_lines(const F& f) noexcept {
    constexpr std::size_t wide = 4 * simd::ops<Isa>::lanes;
    BITNET_UNROLL
    for (std::size_t b = 0; b < Blocks; ++b) {
        BITNET_UNROLL
        for (std::size_t part = 0; part < layout::line_bytes; part += wide) f(b, part);
    }
}

template <class Register>
BITNET_INLINE void store_codes(const Register& u, std::uint8_t* to) noexcept {
    u.store_unaligned(static_cast<std::uint32_t*>(static_cast<void*>(to)));
}

/// What a tile of unpacked codes reads.
struct UnpackedInput {
    const std::uint8_t* codes;  ///< (words, Blocks, 64)
    const std::uint8_t* tokens; ///< word of the first token, at the first column
    std::size_t panel_bytes;    ///< from one word of a token to its next
    std::size_t words;          ///< columns / 4
    std::uintptr_t ahead;       ///< address to prefetch; 16 bytes further with each word
};

/// dots (Blocks, Tokens, tile_rows) += sum of u q. With token_sums, at the first columns, they
/// begin at -token_sums[t], so that they become the dots of w = u - 1.
template <class Isa, std::size_t Blocks, std::size_t Tokens>
BITNET_NOINLINE void add_unpacked_dots(const UnpackedInput& in, const std::int32_t* token_sums,
                                       std::int32_t* dots) noexcept {
    using ops = simd::ops<Isa>;
    using i32 = typename ops::i32;
    TileSums<Isa, Blocks, Tokens> acc;
    acc.for_each([&](std::size_t b, std::size_t p, std::size_t t, i32& sum) noexcept {
        sum = token_sums
                  ? i32(-token_sums[t])
                  : i32::load_unaligned(dots + (b * Tokens + t) * tile_rows + p * ops::lanes);
    });
    const std::uint8_t* codes = in.codes;
    const std::uint8_t* x = in.tokens;
    std::uintptr_t ahead = in.ahead;
    const auto step = [&](auto& sums) BITNET_INLINE_LAMBDA {
        BITNET_PREFETCH_L2(ahead);
        ahead += 16;
        sums.for_each([&](std::size_t b, std::size_t p, std::size_t t, auto& sum) noexcept {
            const auto u = ops::load(codes + b * layout::line_bytes + p * 4 * ops::lanes);
            if constexpr (std::is_same_v<decltype(sum), i32&>) { // not sums of a narrower kind
                sum = ops::dot4(sum, u, ops::broadcast(x + 4 * t));
            } else {
                sum = ops::add_dot4(sum, u, ops::broadcast(x + 4 * t));
            }
        });
        codes += Blocks * layout::line_bytes;
        x += in.panel_bytes;
    };
    if constexpr (constexpr std::size_t calls = ops::dot4_calls(2); calls >= max_cols / 4) {
        for (std::size_t i = 0; i < in.words; ++i) step(acc);
    } else {
        using Narrow = TileDotSums<Isa, Blocks, Tokens>;
        in_runs<calls, Narrow>(in.words, step, [&](const Narrow& sums) BITNET_INLINE_LAMBDA {
            acc.for_each([&](std::size_t b, std::size_t p, std::size_t t, i32& sum) noexcept {
                sum = sum + ops::dot4_sum(sums.sum[b][p][t]);
            });
        });
    }
    acc.store(dots);
}

/// Runs a stripe of 1 or max_blocks row blocks and any number of tokens.
template <class Weights, class Codes, class Layout, class Isa>
struct UnpackedRunner {
    using Kernel = Tile<Weights, Codes, Layout>;
    static constexpr std::size_t max_blocks = simd::ops<Isa>::gemm_blocks;
    static constexpr std::size_t max_tokens = simd::ops<Isa>::gemm_tokens;

    const PackedView<Weights, Layout>& weights;
    const Quantized<Codes>& x;

    /// Whether x has enough tokens, and one group.
    static BITNET_INLINE bool pays(const Quantized<Codes>& x) noexcept {
        return x.tokens >= 2 * panel_tokens && x.group == 0;
    }

    /// before(tile) shortly before, and done(tile, dots) when the dots of a tile, (blocks, tokens,
    /// tile_rows), are there
    template <class Before, class Done>
    BITNET_INLINE void operator()(const TileRange& stripe, const Before& before,
                                  const Done& done) const noexcept {
        const std::size_t end = stripe.token + stripe.tokens;
        TileRange part = stripe;
        for (std::size_t t = stripe.token; t < end; t += part.tokens) {
            const std::size_t left = end - t;
            part.token = t;
            part.tokens =
                left <= unpacked_tokens ? left : x.layout().panel(t + unpacked_tokens) - t;
            if constexpr (max_blocks > 1) {
                if (stripe.blocks == max_blocks) run<max_blocks>(part, before, done);
            }
            if (stripe.blocks == 1) run<1>(part, before, done);
        }
    }

private:
    template <std::size_t Blocks, class Before, class Done>
    BITNET_INLINE void run(const TileRange& part, const Before& before,
                           const Done& done) const noexcept {
        using Mapping = typename Layout::template mapping<Weights>;
        static_assert(unpacked_cols % Mapping::step_cols == 0, "whole steps of the layout");
        constexpr std::size_t step_bytes = unpacked_cols / Mapping::step_cols * Mapping::step_bytes;
        constexpr std::size_t most_words = unpacked_cols / 4;
        constexpr std::size_t token_values = Blocks * tile_rows;
        constexpr std::make_index_sequence<max_tokens> widths{};
        alignas(64) std::uint8_t codes[most_words * Blocks * layout::line_bytes];
        alignas(64) std::int32_t dots[unpacked_tokens * token_values];

        const std::size_t block_bytes = weights.mapping().block_bytes();
        const std::uint8_t* const block = weights.data + part.block * block_bytes;
        const std::size_t words = (x.cols + 3) / 4;
        for (std::size_t word = 0; word < words; word += most_words) {
            const bool is_last = words - word <= most_words;
            const std::size_t now = is_last ? words - word : most_words;
            const std::uint8_t* const line = block + word / most_words * step_bytes;
            Kernel::template unpack<Isa, Blocks>(line, block_bytes, now, codes);
            // Each tile asks for lines of one block of the next stripe.
            const auto idle = reinterpret_cast<std::uintptr_t>(codes);
            std::uintptr_t next = reinterpret_cast<std::uintptr_t>(line) + Blocks * block_bytes;
            const std::uintptr_t last = next + (Blocks - 1) * block_bytes;
            for_each_tile(x, part, max_tokens, [&](const TileRange& tile) BITNET_INLINE_LAMBDA {
                const auto at = x.layout();
                const std::size_t panel_bytes = 4 * at.width(tile.token);
                const UnpackedInput in{codes, x.codes + at.offset(tile.token) + word * panel_bytes,
                                       panel_bytes, now, next <= last ? next : idle};
                std::int32_t* const sums = dots + (tile.token - part.token) * token_values;
                if (is_last) before(tile);
                add<Blocks>(in, tile.tokens, word == 0 ? x.sums + tile.token : nullptr, sums,
                            widths);
                if (is_last) done(tile, sums);
                next += block_bytes;
            });
        }
    }

    template <std::size_t Blocks, std::size_t... T>
    static BITNET_INLINE void add(const UnpackedInput& in, std::size_t tokens,
                                  const std::int32_t* sums, std::int32_t* dots,
                                  std::index_sequence<T...>) noexcept {
        ((tokens == T + 1 ? add_unpacked_dots<Isa, Blocks, T + 1>(in, sums, dots) : void()), ...);
    }
};

} // namespace BITNET_NAMESPACE::kernels
