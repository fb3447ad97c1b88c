// SPDX-License-Identifier: MIT
// Floats to IEEE 754 halves; the library's halves_to_floats is the other direction.
#pragma once

#include <cstdint>
#include <span>

namespace bitnet::example {

/// The nearest half, of two equally near the one whose last bit is 0; its bits.
std::uint16_t float_to_half(float value) noexcept;

/// Whether all of these floats are finite halves; then their bits are in `halves`.
/// pre: halves.size() == floats.size()
bool exact_halves(std::span<const float> floats, std::span<std::uint16_t> halves);

} // namespace bitnet::example
