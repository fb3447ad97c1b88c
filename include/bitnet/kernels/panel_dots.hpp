// SPDX-License-Identifier: MIT
// The dots of unpacked codes with whole panels of tokens, for clusters that have sums of their own
// for them: on ARM a dot takes a token's word from any lane of a register, so that eight tokens
// cost two loads and no broadcast.
//
// simd::ops<Isa>::PanelSums, where it is there: sums of `rows` rows with a panel of 8 tokens.
//   add(codes, x)   += the dots of `words` words: codes of the rows, 64 bytes from one word to the
//                   next, and words of the tokens (words, 8)
//   store(dots)     dots[16 t + r] = row r with token t
//   arrange(codes)  if there: brings the codes of `words` words into the order that add() takes
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <bitnet/config.hpp>
#include <bitnet/kernels/tile.hpp>
#include <bitnet/layout.hpp>
#include <bitnet/quantized.hpp>
#include <bitnet/simd/i32x16.hpp>
#include <bitnet/simd/simd.hpp>

namespace BITNET_NAMESPACE::kernels {

template <class Isa>
concept HasPanelSums = !isa::is_scalar<Isa> && requires {
    typename simd::ops<Isa>::PanelSums;
};

inline constexpr std::size_t panel_word_bytes = 4 * panel_tokens;

/// Brings `words` words of codes, unpacked, into the order of PanelSums; what is missing of its
/// last step becomes zero. codes: (words, 64), with room for whole steps
template <class Isa>
BITNET_INLINE void arrange_panel_codes(std::uint8_t* codes, std::size_t words) noexcept {
    using Sums = typename simd::ops<Isa>::PanelSums;
    if constexpr (requires { &Sums::arrange; }) {
        using layout::line_bytes;
        const std::size_t end = round_up(words, Sums::words);
        std::memset(codes + words * line_bytes, 0, (end - words) * line_bytes);
        for (std::size_t i = 0; i < end; i += Sums::words) Sums::arrange(codes + i * line_bytes);
    }
}

/// x (words, 8) = the words (words, tokens) at `from` of a panel of fewer tokens, zeros for those
/// that it lacks. room for whole steps of PanelSums
template <class Isa>
BITNET_INLINE void widen_panel(const std::uint8_t* from, std::size_t tokens, std::size_t words,
                               std::uint8_t* x) noexcept {
    constexpr std::size_t step = simd::ops<Isa>::PanelSums::words;
    std::memset(x, 0, round_up(words, step) * panel_word_bytes);
    for_constants<panel_tokens>([&](auto count) BITNET_INLINE_LAMBDA { // copies of known sizes
        if (count != tokens) return;
        for (std::size_t i = 0; i < words; ++i) {
            std::memcpy(x + i * panel_word_bytes, from + i * 4 * count, 4 * count);
        }
    });
}

/// dots (8, tile_rows) = sum of u q over `words` words
/// codes: as arrange_panel_codes() left them · x: (words, 8), whole steps of PanelSums
/// ahead: address to prefetch, 16 bytes for each word
template <class Isa>
BITNET_NOINLINE void panel_dots(const std::uint8_t* codes, const std::uint8_t* x, std::size_t words,
                                std::uintptr_t ahead, std::int32_t* dots) noexcept {
    using Sums = typename simd::ops<Isa>::PanelSums;
    constexpr std::size_t at_once = 8;
    static_assert(at_once % Sums::words == 0 && tile_rows == 2 * Sums::rows);
    for (std::size_t row = 0; row < tile_rows; row += Sums::rows) {
        Sums sums;
        const std::uint8_t* c = codes + 4 * row;
        const std::uint8_t* v = x;
        const auto step = [&]() BITNET_INLINE_LAMBDA {
            sums.add(c, v);
            c += Sums::words * layout::line_bytes;
            v += Sums::words * panel_word_bytes;
        };
        for (std::size_t left = words / at_once; left > 0; --left) {
            BITNET_PREFETCH_L2(ahead); // a half of them in each of two passes
            ahead += layout::line_bytes;
            BITNET_UNROLL
            for (std::size_t k = 0; k < at_once; k += Sums::words) step();
        }
        for (std::size_t i = words / at_once * at_once; i < words; i += Sums::words) step();
        sums.store(dots + row);
    }
}

} // namespace BITNET_NAMESPACE::kernels
