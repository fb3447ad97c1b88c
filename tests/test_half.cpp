// SPDX-License-Identifier: MIT
// Floats to halves: all finite halves, and what lies between two of them.
#include "half.hpp"

#include <bitnet/math.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cmath>
#include <cstdint>
#include <limits>

using bitnet::example::float_to_half;

namespace {

float half_to_float(std::uint16_t half) {
    float value = 0;
    bitnet::halves_to_floats(&half, &value, 1);
    return value;
}

} // namespace

TEST_CASE("halves") {
    const auto by_definition = [](std::uint16_t half) {
        const double sign = (half & 0x8000) != 0 ? -1.0 : 1.0;
        const int exponent = (half >> 10) & 31;
        const int fraction = half & 1023;
        return exponent == 0 ? sign * std::ldexp(fraction, -24)
                             : sign * std::ldexp(1024 + fraction, exponent - 25);
    };
    for (unsigned bits = 0; bits < 65536; ++bits) {
        const auto half = static_cast<std::uint16_t>(bits);
        if ((half & 0x7C00) == 0x7C00) {
            continue; // infinity and NaN, which the library does not take
        }
        const float value = half_to_float(half);
        REQUIRE(static_cast<double>(value) == by_definition(half));
        REQUIRE(float_to_half(value) == half);
        if ((half & 0x7FFF) == 0x7BFF) {
            continue; // the largest has no neighbour
        }
        // Midway to the next half: ties to even; a little less or more goes to the nearer.
        const auto next = static_cast<std::uint16_t>(half + 1);
        const auto middle =
            static_cast<float>((by_definition(half) + by_definition(next)) / 2); // exact
        REQUIRE(float_to_half(middle) == ((half & 1) == 0 ? half : next));
        REQUIRE(float_to_half(std::nextafter(middle, value)) == half);
        REQUIRE(float_to_half(std::nextafter(middle, half_to_float(next))) == next);
    }
    CHECK(float_to_half(65519.0f) == 0x7BFF);
    CHECK(float_to_half(65520.0f) == 0x7C00);
    CHECK(float_to_half(-1e30f) == 0xFC00);
    CHECK(float_to_half(std::numeric_limits<float>::infinity()) == 0x7C00);
    CHECK((float_to_half(std::nanf("")) & 0x7FFF) > 0x7C00);
}
