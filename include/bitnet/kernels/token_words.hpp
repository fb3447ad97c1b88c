// SPDX-License-Identifier: MIT
// How the words of a batch of tokens are written; quantized.hpp says where each is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include <bitnet/config.hpp>
#include <bitnet/format.hpp>
#include <bitnet/layout.hpp>
#include <bitnet/quantized.hpp>
#include <bitnet/simd/float_bits.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE::detail {

/// Where the parts of a batch are in scratch; nothing is written yet. group: of the weights
template <class Activations>
BITNET_INLINE Quantized<Activations> place(std::span<std::byte> scratch, std::size_t tokens,
                                           std::size_t cols, std::size_t group) noexcept {
    const auto at = layout_for<Activations>(tokens, cols, group);
    BITNET_ASSERT(scratch.size() >= at.bytes() && (group == 0 || is_group(group)));
    constexpr std::size_t alignment = AlignedBytes::alignment;
    std::byte* p = align(scratch.data());
    Quantized<Activations> q;
    q.codes = as<std::uint8_t>(p);
    p += round_up(at.code_bytes(), alignment);
    q.scales = as<float>(p);
    p += round_up(at.scale_groups() * tokens * sizeof(float), alignment);
    q.sums = as<std::int32_t>(p);
    q.tokens = tokens;
    q.cols = cols;
    q.group = at.group;
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
BITNET_INLINE constexpr std::int32_t popcount32(std::uint32_t v) noexcept {
    v -= (v >> 1) & 0x55555555u;
    v = (v & 0x33333333u) + ((v >> 2) & 0x33333333u);
    return static_cast<std::int32_t>((((v + (v >> 4)) & 0x0f0f0f0fu) * 0x01010101u) >> 24);
}

/// The scale of a token: value, or NaN where the token held a NaN or an infinity. Written as
/// bits, because -ffast-math lets compilers assume that no float is NaN.
BITNET_INLINE void set_scale(float& scale, bool finite, float value) noexcept {
    const std::int32_t bits = finite ? bits_of(value) : nan_bits;
    std::memcpy(&scale, &bits, sizeof bits);
}

/// Writes the codes (q.cols) of token t and their sums. Returns q.cols, or the first column whose
/// code is none.
template <class Isa, class Activations>
BITNET_HIDDEN std::size_t write_codes(const std::int8_t* codes, const Quantized<Activations>& q,
                                      std::size_t t) noexcept {
    using Codes = codes_of<Activations>;
    using L = token_layout<Codes>;
    const L at = q.layout();
    const std::size_t w = at.width(t), group = q.group ? q.group : q.cols;
    for (std::size_t g = 0; g < at.groups(); ++g) q.sums[g * q.tokens + t] = 0;
    std::uint8_t* const words = q.codes + at.offset(t);
    for (std::size_t i = 0; i < at.steps() * L::planes; ++i) std::memset(words + i * 4 * w, 0, 4);
    for (std::size_t c = 0; c < q.cols; ++c) {
        const int code = codes[c];
        std::uint8_t* const word = words + L::word_offset(c, w);
        std::int32_t& sum = q.sums[c / group * q.tokens + t];
        if constexpr (L::is_int8) {
            word[c % 4] = static_cast<std::uint8_t>(code);
            sum += code;
        } else {
            if (!Codes::is_code(code)) return c;
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
    return q.cols;
}

} // namespace BITNET_NAMESPACE::detail
