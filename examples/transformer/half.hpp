// SPDX-License-Identifier: MIT
// Floats to IEEE 754 halves; the library's halves_to_floats is the other direction.
#pragma once

#include <cstdint>

namespace bitnet::example {

/// The nearest half, of two equally near the one whose last bit is 0; its bits.
std::uint16_t float_to_half(float value) noexcept;

} // namespace bitnet::example
