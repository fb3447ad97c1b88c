// SPDX-License-Identifier: MIT
// Rounding in integer arithmetic: the same on every machine, F16C or not.
#include "half.hpp"

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

} // namespace bitnet::example
