// SPDX-License-Identifier: MIT
// Both directions, and whether nothing is lost.
#include "half.hpp"

#include <bitnet/dispatch.hpp>
#include <bitnet/math.hpp>

#include <algorithm>
#include <array>

namespace bitnet::example {

std::uint16_t float_to_half(float value) noexcept {
    return nearest_half(value);
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
