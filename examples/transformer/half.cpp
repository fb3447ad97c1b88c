// SPDX-License-Identifier: MIT
// Rounding in integer arithmetic: the same on every machine, F16C or not.
#include "half.hpp"

#include <bitnet/dispatch.hpp>
#include <bitnet/math.hpp>

#include <algorithm>
#include <array>

#include <bit>

namespace bitnet::example {

std::uint16_t float_to_half(float value) noexcept {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
    const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000u);
    const std::uint32_t magnitude = bits & 0x7FFFFFFFu;
    if (magnitude > 0x7F800000u) {
        return static_cast<std::uint16_t>(sign | 0x7E00u); // NaN
    }
    if (magnitude >= 0x477FF000u) { // 65520 and more round to infinity
        return static_cast<std::uint16_t>(sign | 0x7C00u);
    }
    if (magnitude < 0x33000000u) { // below 2^-25 everything rounds to zero
        return sign;
    }
    // Significand with its hidden bit; `drop` low bits do not fit (more of them in a subnormal).
    const int exponent = static_cast<int>(magnitude >> 23) - 127;
    const std::uint32_t significand = (magnitude & 0x7FFFFFu) | 0x800000u;
    const int drop = exponent < -14 ? 13 + (-14 - exponent) : 13;
    std::uint32_t kept = significand >> drop;
    const std::uint32_t rest = significand & ((1u << drop) - 1);
    const std::uint32_t tie = 1u << (drop - 1);
    kept += rest > tie || (rest == tie && (kept & 1u) != 0) ? 1u : 0u;
    // A carry out of the fraction runs into the exponent, which is what rounding up means there.
    const std::uint32_t biased = exponent < -14 ? 0u : static_cast<std::uint32_t>(exponent + 14);
    return static_cast<std::uint16_t>(sign | ((biased << 10) + kept));
}

bool exact_halves(std::span<const float> floats, std::span<std::uint16_t> halves) {
    constexpr std::uint16_t infinity = 0x7C00;
    std::array<float, 256> back;
    for (std::size_t at = 0; at < floats.size(); at += back.size()) {
        const std::size_t count = std::min(back.size(), floats.size() - at);
        const std::span<const float> in = floats.subspan(at, count);
        const std::span<std::uint16_t> out = halves.subspan(at, count);
        std::transform(in.begin(), in.end(), out.begin(), float_to_half);
        if (std::any_of(out.begin(), out.end(),
                        [](std::uint16_t half) { return (half & infinity) == infinity; })) {
            return false;
        }
        halves_to_floats<isa::dynamic>(out.data(), back.data(), count);
        if (!std::equal(in.begin(), in.end(), back.begin())) return false;
    }
    return true;
}

} // namespace bitnet::example
