// SPDX-License-Identifier: MIT
// Quantized<Activations>: a batch of quantized tokens, as kernels read it. quantize(),
// quantized_from_codes(), bitglu() and stochastic_sign() make one.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/config.hpp>
#include <bitnet/format.hpp>
#include <bitnet/layout.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE {

/// Tokens are in panels of this many, so that a GEMM tile finds the words of its tokens side by
/// side: 8 tokens x 3 row blocks fill the 32 AVX-512 registers. The last panel may be narrower; of
/// 1 to 3 tokens it takes more from the one before it, up to 4: 9 tokens are 5 and 4, since tiles
/// of few tokens are slow.
inline constexpr std::size_t panel_tokens = 8;

/// Where the words of a batch are. A word is 32 bits of one token: 4 columns of Int8, or 32
/// columns of one plane (in the order of layout::lane_bit) of Sign and Ternary.
///   word (step, plane, token) of a panel of width w is word ((step * planes + plane) * w + token).
/// Columns pad to a multiple of 32 with zero bits.
template <class Codes>
struct token_layout {
    static constexpr bool is_int8 = Codes::bits == 8;
    static constexpr std::size_t word_cols = is_int8 ? 4 : 32;
    static constexpr std::size_t planes = is_int8 ? 1 : Codes::bits; // Ternary: mask, sign
    /// Words of a token in layout::tile_cols columns.
    static constexpr std::size_t chunk_words = layout::tile_cols / word_cols * planes;

    std::size_t tokens, cols, group; // group: columns per sum; 0 = all
    std::size_t scale_group = 0;     // columns per scale; 0 = all

    BITNET_INLINE constexpr std::size_t steps() const noexcept {
        return round_up(cols, layout::tile_cols) / word_cols;
    }
    BITNET_INLINE constexpr std::size_t groups() const noexcept { return groups_of(cols, group); }
    BITNET_INLINE constexpr std::size_t scale_groups() const noexcept {
        return groups_of(cols, scale_group);
    }
    BITNET_INLINE constexpr std::size_t token_bytes() const noexcept {
        return steps() * planes * 4;
    }
    BITNET_INLINE constexpr std::size_t code_bytes() const noexcept {
        return tokens * token_bytes();
    }
    /// Where the last, narrower panel begins; `tokens` when all are full.
    BITNET_INLINE constexpr std::size_t last_panel() const noexcept {
        const std::size_t rest = tokens % panel_tokens, least = panel_tokens / 2;
        return tokens - (tokens > panel_tokens && rest > 0 && rest < least ? least : rest);
    }
    /// The first token of the panel of token t.
    BITNET_INLINE constexpr std::size_t panel(std::size_t t) const noexcept {
        const std::size_t last = last_panel();
        return t < last ? t / panel_tokens * panel_tokens : last;
    }
    /// The first token after the panel of token t.
    BITNET_INLINE constexpr std::size_t panel_end(std::size_t t) const noexcept {
        const std::size_t first = panel(t), last = last_panel();
        if (first == last) return tokens;
        return last - first < panel_tokens ? last : first + panel_tokens;
    }
    /// Tokens in the panel of token t.
    BITNET_INLINE constexpr std::size_t width(std::size_t t) const noexcept {
        return panel_end(t) - panel(t);
    }
    /// Byte offset of word (step 0, plane 0) of token t.
    BITNET_INLINE constexpr std::size_t offset(std::size_t t) const noexcept {
        const std::size_t first = panel(t);
        return first * token_bytes() + (t - first) * 4;
    }
    /// Bytes from there to the first word of column c, in a panel of width w.
    static BITNET_INLINE constexpr std::size_t word_offset(std::size_t c, std::size_t w) noexcept {
        return c / word_cols * planes * w * 4;
    }
    /// Bytes of codes, scales and sums, with room to align each.
    BITNET_INLINE constexpr std::size_t bytes() const noexcept {
        constexpr std::size_t alignment = AlignedBytes::alignment;
        return alignment + round_up(code_bytes(), alignment) +
               round_up(scale_groups() * tokens * sizeof(float), alignment) +
               groups() * tokens * sizeof(std::int32_t);
    }
};

/// A view of quantized tokens.
///   codes   words as token_layout says
///   scales  (tokens) Int8, Int4: a, by which the dot is divided; other kinds: by which it is
///           multiplied. (scale groups, tokens) Int8Groups: by which the dots of a group are
///           multiplied. NaN for a token, or group of it, that held a NaN or an infinity: all
///           outputs of the token are NaN.
///   sums    (groups, tokens) Int8's codes: the sum of q over the group; Ternary's: its nonzeros;
///           Sign's: unused
///   group   columns per sum and dot: the finer of the weights' group and of scale_group; 0 = all
template <class Activations>
struct Quantized {
    std::uint8_t* codes = nullptr;
    float* scales = nullptr;
    std::int32_t* sums = nullptr;
    std::size_t tokens = 0, cols = 0, group = 0, scale_group = Activations::scale_group;

    BITNET_INLINE constexpr token_layout<codes_of<Activations>> layout() const noexcept {
        return {tokens, cols, group, scale_group};
    }
    /// The same tokens as the kernels see them: Sign for all the sign kinds.
    BITNET_INLINE constexpr Quantized<codes_of<Activations>> as_codes() const noexcept {
        return {codes, scales, sums, tokens, cols, group, scale_group};
    }
    /// The code of column c of token t: -128 .. 127, -1 or 1, or -1, 0, 1.
    BITNET_INLINE int operator()(std::size_t t, std::size_t c) const noexcept {
        using L = token_layout<codes_of<Activations>>;
        const L at = layout();
        const std::size_t w = at.width(t);
        const std::uint8_t* word = codes + at.offset(t) + L::word_offset(c, w);
        if constexpr (L::is_int8) {
            return static_cast<std::int8_t>(word[c % 4]);
        } else {
            const unsigned bit = layout::lane_bit(c);
            const int first = word[bit / 8] >> (bit % 8) & 1;
            if constexpr (L::planes == 1) return first * 2 - 1;
            const int sign = word[4 * w + bit / 8] >> (bit % 8) & 1;
            return first ? sign * 2 - 1 : 0;
        }
    }
};

namespace detail {
/// Where the words, scales and sums of a batch are that meets weights with this group.
template <class Activations>
BITNET_INLINE constexpr token_layout<codes_of<Activations>>
layout_for(std::size_t tokens, std::size_t cols, std::size_t weight_group) noexcept {
    constexpr std::size_t scale_group = Activations::scale_group;
    return {tokens, cols, finer_group(weight_group, scale_group), scale_group};
}
} // namespace detail

/// Bytes that a batch of quantized tokens takes, wherever they start; size_t's maximum on overflow.
/// group: 0, or 32, 64, 128, 256 when the weights have scales per group · pre: cols <= max_cols
template <class Activations>
BITNET_INLINE constexpr std::size_t scratch_bytes(std::size_t tokens, std::size_t cols,
                                                  std::size_t group = 0) noexcept {
    std::size_t bound = 0; // no token takes more than 16 bytes a column, of 64 at least
    if (!checked_mul(tokens, 16 * round_up(cols + 1, 64), bound)) {
        return static_cast<std::size_t>(-1);
    }
    return detail::layout_for<Activations>(tokens, cols, group).bytes();
}

} // namespace BITNET_NAMESPACE
