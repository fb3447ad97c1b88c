// SPDX-License-Identifier: MIT
// Quantized<Activations>: a batch of quantized tokens, as kernels read it. Made by quantize(),
// bitglu() and the stochastic signs, or from codes of the caller's own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>

#include <bitnet/config.hpp>
#include <bitnet/errors.hpp>
#include <bitnet/format.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/layout.hpp>
#include <bitnet/result.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE {

/// Tokens stand in panels of this many, so that a GEMM tile finds the words of its tokens side by
/// side: 8 tokens x 3 row blocks fill the 32 AVX-512 registers. The last panel may be narrower; of
/// 1 to 3 tokens it takes more from the one before it, up to 4: 9 tokens are 5 and 4, since tiles
/// of few tokens are slow.
inline constexpr std::size_t panel_tokens = 8;

/// Where the words of a batch stand. A word is 32 bits of one token: 4 columns of Int8, or 32
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

    BITNET_INLINE constexpr std::size_t steps() const noexcept {
        return round_up(cols, layout::tile_cols) / word_cols;
    }
    BITNET_INLINE constexpr std::size_t groups() const noexcept { return groups_of(cols, group); }
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
    /// Bytes of codes, scales and sums, with room to align them to 64 bytes.
    BITNET_INLINE constexpr std::size_t bytes() const noexcept {
        return 64 + round_up(code_bytes(), 64) + round_up(tokens * sizeof(float), 64) +
               groups() * tokens * sizeof(std::int32_t);
    }
};

/// A view of quantized tokens.
///   codes   words as token_layout says
///   scales  (tokens) Int8, Int4: a, by which the dot is divided; other kinds: by which it is
///   multiplied.
///           NaN for a token that held a NaN or an infinity, so that all its outputs are NaN.
///   sums    (groups, tokens) Int8's codes: the sum of q over the group; Ternary's: its nonzeros;
///           Sign's: unused
template <class Activations>
struct Quantized {
    std::uint8_t* codes = nullptr;
    float* scales = nullptr;
    std::int32_t* sums = nullptr;
    std::size_t tokens = 0, cols = 0, group = 0;

    BITNET_INLINE constexpr token_layout<codes_of<Activations>> layout() const noexcept {
        return {tokens, cols, group};
    }
    /// The same tokens as the kernels see them: Sign for all the sign kinds.
    BITNET_INLINE constexpr Quantized<codes_of<Activations>> as_codes() const noexcept {
        return {codes, scales, sums, tokens, cols, group};
    }
    /// The code of column c of token t: -128 .. 127, -1 or 1, or -1, 0, 1.
    BITNET_INLINE int operator()(std::size_t t, std::size_t c) const noexcept {
        using L = token_layout<codes_of<Activations>>;
        const L at = layout();
        const std::size_t w = at.width(t);
        const std::uint8_t* word = codes + at.offset(t) + c / L::word_cols * L::planes * w * 4;
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

/// Bytes that a batch of quantized tokens takes, wherever they start.
/// group: 0, or 32, 64, 128, 256 when the weights have scales per group
template <class Activations>
BITNET_INLINE constexpr std::size_t scratch_bytes(std::size_t tokens, std::size_t cols,
                                                  std::size_t group = 0) noexcept {
    return token_layout<codes_of<Activations>>{tokens, cols, group}.bytes();
}

namespace detail {

/// Lays a batch out in memory; nothing is written yet.
template <class Activations>
BITNET_INLINE Quantized<Activations> place(std::span<std::byte> scratch, std::size_t tokens,
                                           std::size_t cols, std::size_t group) noexcept {
    const token_layout<codes_of<Activations>> at{tokens, cols, group};
    BITNET_ASSERT(scratch.size() >= at.bytes() && (group == 0 || is_group(group)));
    const std::size_t misaligned = reinterpret_cast<std::uintptr_t>(scratch.data()) % 64;
    std::byte* p = scratch.data() + (64 - misaligned) % 64;
    Quantized<Activations> q;
    q.codes = as<std::uint8_t>(p);
    p += round_up(at.code_bytes(), 64);
    q.scales = as<float>(p);
    p += round_up(tokens * sizeof(float), 64);
    q.sums = as<std::int32_t>(p);
    q.tokens = tokens;
    q.cols = cols;
    q.group = group;
    return q;
}

/// Moves bit k of 32 columns to bit lane_bit(k), which turns the five bits of k by two places. Each
/// line exchanges two of these five: 1 and 4, 0 and 3, 1 and 2, 0 and 1.
BITNET_INLINE constexpr std::uint32_t to_lane_order(std::uint32_t v) noexcept {
    std::uint32_t t = (v ^ (v >> 14)) & 0x0000ccccu;
    v ^= t ^ (t << 14);
    t = (v ^ (v >> 7)) & 0x00aa00aau;
    v ^= t ^ (t << 7);
    t = (v ^ (v >> 2)) & 0x0c0c0c0cu;
    v ^= t ^ (t << 2);
    t = (v ^ (v >> 1)) & 0x22222222u;
    v ^= t ^ (t << 1);
    return v;
}

/// The number of one bits.
BITNET_INLINE constexpr std::int32_t ones(std::uint32_t v) noexcept {
    v -= (v >> 1) & 0x55555555u;
    v = (v & 0x33333333u) + ((v >> 2) & 0x33333333u);
    return static_cast<std::int32_t>((((v + (v >> 4)) & 0x0f0f0f0fu) * 0x01010101u) >> 24);
}

/// The scale of a token: `finite`, or NaN where the token held a NaN or an infinity. Written as
/// bits, because -ffast-math lets compilers assume that no float is NaN.
BITNET_INLINE void set_scale(float& scale, bool is_finite, float finite) noexcept {
    std::uint32_t bits;
    std::memcpy(&bits, &finite, sizeof bits);
    bits = is_finite ? bits : 0x7fc00000u;
    std::memcpy(&scale, &bits, sizeof bits);
}

} // namespace detail

/// A batch from the caller's own codes.
/// codes (tokens, cols) row-major, tokens >= 0: Int8 any int8; Sign kinds -1 or 1; Ternary -1, 0, 1
/// scales (tokens), see Quantized; {} = all 1 · scratch: scratch_bytes(tokens, cols, group) bytes
/// err: empty_shape (no cols), too_large, bad_group, wrong_size; bad_code (where: index in codes);
///      bad_scale (where: token)
template <class Activations, class Isa = isa::native>
BITNET_HIDDEN Result<Quantized<Activations>>
quantized_from_codes(std::span<const std::int8_t> codes, std::size_t tokens, std::size_t cols,
                     std::span<const float> scales, std::span<std::byte> scratch,
                     std::size_t group = 0) noexcept {
    using Codes = codes_of<Activations>;
    using L = token_layout<Codes>;
    if (Result<void> shape = check_shape(tokens ? tokens : 1, cols); !shape) return shape.error();
    if (group != 0 && !is_group(group)) return detail::bad_group();
    const L at{tokens, cols, group};
    if (codes.size() != tokens * cols) {
        return detail::wrong_size(codes.size(), tokens * cols,
                                  "number of codes is not tokens * cols");
    }
    if (!scales.empty() && scales.size() != tokens) {
        return detail::wrong_size(scales.size(), tokens, "number of scales is not tokens");
    }
    if (scratch.size() < at.bytes()) {
        return detail::wrong_size(scratch.size(), at.bytes(),
                                  "scratch has fewer than scratch_bytes()");
    }

    Quantized<Activations> q = detail::place<Activations>(scratch, tokens, cols, group);
    std::memset(q.codes, 0, at.code_bytes());
    std::memset(q.sums, 0, at.groups() * tokens * sizeof(std::int32_t));
    for (std::size_t t = 0; t < tokens; ++t) {
        q.scales[t] = scales.empty() ? 1.0f : scales[t];
        std::uint32_t bits;
        std::memcpy(&bits, &q.scales[t], sizeof bits);
        if ((bits & 0x7fffffffu) >= 0x7f800000u) return Error{Errc::bad_scale, t};
        const std::size_t w = at.width(t);
        std::uint8_t* const words = q.codes + at.offset(t);
        for (std::size_t c = 0; c < cols; ++c) {
            const int code = codes[t * cols + c];
            std::uint8_t* const word = words + c / L::word_cols * L::planes * w * 4;
            std::int32_t& sum = q.sums[(group ? c / group : 0) * tokens + t];
            if constexpr (L::is_int8) {
                word[c % 4] = static_cast<std::uint8_t>(code);
                sum += code;
            } else {
                if (!Codes::is_code(code)) return detail::bad_code<Codes>(t * cols + c);
                const unsigned bit = layout::lane_bit(c);
                std::uint8_t* byte = word + bit / 8;
                if constexpr (L::planes == 2) {
                    *byte = static_cast<std::uint8_t>(*byte | (code != 0) << (bit % 8));
                    byte += 4 * w;
                    sum += code != 0;
                }
                *byte = static_cast<std::uint8_t>(*byte | (code > 0) << (bit % 8));
            }
        }
    }
    return q;
}

} // namespace BITNET_NAMESPACE
