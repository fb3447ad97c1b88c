// SPDX-License-Identifier: MIT
// Files of blocks, the layers made of them, and the scales and codes that the tests give them.
#pragma once

#include <bitnet/bitlinear.hpp>
#include <bitnet/blocks.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "block_oracle.hpp"
#include "support.hpp"

namespace block_layers {

using namespace bitnet;
using oracle::BlockFile;

inline constexpr std::uint32_t one = 0x3c00, half = 0x3800, minus_two = 0xc000, infinite = 0x7c00,
                               not_a_number = 0x7e01, minus_zero = 0x8000;

using Dense = BitLinear<Ternary, Int8, layout::Dense16>;
template <class Blocks>
using Weights = std::conditional_t<std::is_same_v<Blocks, blocks::Q1_0>, Binary, Ternary>;
template <class Blocks>
using Layer = BitLinear<Weights<Blocks>, Int8>;

template <class L, class Blocks>
Result<L> made(const BlockFile& file, BlockOptions options = {}) {
    return L::template from_blocks<Blocks>(std::as_bytes(std::span(file.bytes)), file.rows,
                                           file.cols, options);
}
template <class L>
std::string outcome(const Result<L>& result) {
    if (result) return "ok";
    return std::string(to_string(result.error().code)) + " at " +
           std::to_string(result.error().where);
}
inline constexpr auto equal = [](const auto& a, const auto& b) {
    return std::ranges::equal(a.bytes(), b.bytes());
};
inline float float_of(std::uint32_t bits_of_half) {
    return static_cast<float>(oracle::half_value(static_cast<std::uint16_t>(bits_of_half)));
}
inline std::vector<float> floats_of(const std::vector<std::uint32_t>& halves, float factor = 1) {
    std::vector<float> out;
    for (std::uint32_t h : halves) out.push_back(float_of(h) * factor);
    return out;
}
/// Scales of blocks, all different, none 0, of both signs.
inline std::vector<std::uint32_t> different_scales(support::Random& random, std::size_t n) {
    std::vector<std::uint32_t> out;
    const std::size_t first = 1 + random.below(0x7c00 - n);
    for (std::size_t i = 0; i < n; ++i) {
        out.push_back(static_cast<std::uint32_t>((first + i) | random.below(2) << 15));
    }
    return out;
}
/// Codes that are nowhere all zero.
template <class Format>
std::vector<std::int8_t> some_codes(support::Random& random, std::size_t n) {
    auto codes = random.codes<Format>(n);
    for (std::size_t i = 0; i < n; i += 32) codes[i] = 1;
    return codes;
}
/// Each scale `times` times.
inline std::vector<std::uint32_t> repeated(const std::vector<std::uint32_t>& scales,
                                           std::size_t times) {
    std::vector<std::uint32_t> out;
    for (std::uint32_t s : scales) out.insert(out.end(), times, s);
    return out;
}

} // namespace block_layers
