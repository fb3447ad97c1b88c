// SPDX-License-Identifier: MIT
// Halves: all 65536, and what lies between two of them.
#include "model_file.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cmath>
#include <cstdint>

using namespace bitnet::example;

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
        const float value = half_to_float(half);
        if ((half & 0x7C00) == 0x7C00) {
            REQUIRE(((half & 0x3FF) != 0 ? std::isnan(value) : std::isinf(value)));
            continue;
        }
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
    CHECK(std::isnan(half_to_float(float_to_half(std::nanf("")))));
}
