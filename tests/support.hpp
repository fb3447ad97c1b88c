// SPDX-License-Identifier: MIT
// What the tests share: numbers that look random, the shapes worth trying, the clusters to try them
// on, and comparison by bits.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include <bitnet/dispatch.hpp>
#include <bitnet/format.hpp>
#include <bitnet/layout.hpp>

#include <catch2/catch_message.hpp>
#include <catch2/catch_test_macros.hpp>

#include "oracle.hpp"

namespace support {

/// A small generator with 64 bits of state (SplitMix64): the same numbers on every machine.
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() {
        state_ += 0x9e3779b97f4a7c15u;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }
    /// In [0, n).
    std::size_t below(std::size_t n) { return static_cast<std::size_t>(next() % n); }
    /// In [-1, 1), 24 bits.
    float real() { return static_cast<float>(next() >> 40) * 0x1p-23f - 1.0f; }

    std::vector<float> reals(std::size_t n, float size = 1.0f) {
        std::vector<float> out(n);
        for (float& v : out) v = real() * size;
        return out;
    }
    /// Codes of a format, all of them equally often.
    template <class Format>
    std::vector<std::int8_t> codes(std::size_t n) {
        std::vector<std::int8_t> out(n);
        for (auto& v : out) {
            v = static_cast<std::int8_t>(Format::code(below(Format::count)));
        }
        return out;
    }

private:
    std::uint64_t state_;
};

/// Counts around a width: {1, 3, 7, 16, N/2, 2N/3, N, N+1, 4N/3, 3N, 8N, 8N+2}.
inline std::vector<std::size_t> counts_around(std::size_t n) {
    std::vector<std::size_t> out{1, 3,     7,         16,    n / 2, 2 * n / 3,
                                 n, n + 1, 4 * n / 3, 3 * n, 8 * n, 8 * n + 2};
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

/// The clusters under test: the one that BITNET_ISA names, or all that were built and run here.
/// Skips the test case when BITNET_ISA names one that cannot be had.
inline std::vector<const bitnet::dispatch::Table*> clusters() {
    namespace dispatch = bitnet::dispatch;
    if (const char* name = std::getenv("BITNET_ISA"); name && *name) {
        const auto* table = dispatch::find(name);
        if (!table) SKIP("this machine or build has no cluster " << name);
        return {table};
    }
    std::vector<const dispatch::Table*> out;
    for (const char* name : dispatch::built()) {
        if (const auto* table = dispatch::find(name)) out.push_back(table);
    }
    return out;
}

/// "" when equal, else where two vectors differ first. Floats compare by their bits, so that -0 and
/// +0 differ; a NaN equals any NaN, since the sign of a computed NaN is the processor's choice.
template <class T>
std::string difference(std::span<const T> actual, std::span<const T> expected) {
    if (actual.size() != expected.size()) {
        return "sizes " + std::to_string(actual.size()) + " and " + std::to_string(expected.size());
    }
    for (std::size_t i = 0; i < actual.size(); ++i) {
        bool same = false;
        if constexpr (std::is_same_v<T, float>) {
            same = std::bit_cast<std::uint32_t>(actual[i]) ==
                       std::bit_cast<std::uint32_t>(expected[i]) ||
                   (actual[i] != actual[i] && expected[i] != expected[i]);
        } else {
            same = actual[i] == expected[i];
        }
        if (!same) {
            return "element " + std::to_string(i) + " is " + std::to_string(actual[i]) + ", not " +
                   std::to_string(expected[i]);
        }
    }
    return "";
}
template <class T>
std::string difference(const std::vector<T>& actual, const std::vector<T>& expected) {
    return difference(std::span<const T>(actual), std::span<const T>(expected));
}

/// A float that no kernel computes, to see what was written.
inline float untouched() {
    return std::bit_cast<float>(0x7fc0deadu);
}
inline bool is_untouched(float v) {
    return std::bit_cast<std::uint32_t>(v) == 0x7fc0deadu;
}

/// IEEE 754 halves, all finite, of either sign, subnormal ones among them; and what they are.
inline std::vector<std::uint16_t> halves(Random& random, std::size_t n) {
    std::vector<std::uint16_t> out(n);
    for (auto& v : out) {
        const std::uint64_t bits = random.next();
        const std::uint64_t exponent = bits % 8 == 0 ? 0 : (bits >> 20) % 31;
        v = static_cast<std::uint16_t>((bits >> 16 & 0x8000) | exponent << 10 |
                                       (bits >> 40 & 0x3ff));
    }
    return out;
}
inline std::vector<float> floats_of(const std::vector<std::uint16_t>& halves) {
    std::vector<float> out;
    for (const std::uint16_t half : halves) {
        const int exponent = half >> 10 & 31, fraction = half & 0x3ff;
        const float size = exponent == 0
                               ? std::ldexp(static_cast<float>(fraction), -24)
                               : std::ldexp(static_cast<float>(1024 + fraction), exponent - 25);
        out.push_back(half & 0x8000 ? -size : size);
    }
    return out;
}

/// The oracle's rule for a kind of activations.
template <class Activations>
oracle::Rule rule_of() {
    return oracle::rule_named(Activations::name);
}

} // namespace support
