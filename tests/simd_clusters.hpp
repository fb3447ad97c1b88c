// SPDX-License-Identifier: MIT
// The clusters whose primitives test_simd.cpp and test_simd_f32x16.cpp try, and their operands.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "simd_unit.hpp"
#include "support.hpp"

namespace simd_test {

using F16 = std::array<float, 16>;
using I16 = std::array<std::int32_t, 16>;

struct Cluster {
    std::string_view name;
    const Primitives* primitives;
};

template <class... Tag>
std::vector<Cluster> clusters_of(bitnet::type_list<Tag...>) {
    return {{Tag::name, &primitives_of<Tag>()}...};
}

inline std::vector<Cluster> clusters() {
    using namespace bitnet::isa;
    const auto built = clusters_of(bitnet::type_list<BITNET_BUILT_CLUSTERS>{});
    std::vector<Cluster> out;
    for (const auto* table : support::clusters()) {
        const auto found = std::ranges::find(built, std::string_view(table->name), &Cluster::name);
        REQUIRE(found != built.end());
        out.push_back(*found);
    }
    return out;
}

/// Floats of every kind in random places: zeros, denormals, large ones, ties, infinities, NaN.
inline F16 floats(support::Random& random, bool special) {
    constexpr float inf = std::numeric_limits<float>::infinity();
    constexpr float odd[] = {0.0f,
                             -0.0f,
                             1e-40f,
                             -1e-40f,
                             3e38f,
                             -3e38f,
                             0.5f,
                             -0.5f,
                             inf,
                             -inf,
                             std::numeric_limits<float>::quiet_NaN(),
                             1.5f,
                             -2.5f,
                             1.0f};
    F16 out;
    for (float& v : out) {
        v = std::ldexp(random.real(), static_cast<int>(random.below(40)) - 20);
        if (special && random.below(4) == 0) v = odd[random.below(std::size(odd))];
    }
    return out;
}
inline I16 ints(support::Random& random) {
    I16 out;
    for (auto& v : out) v = static_cast<std::int32_t>(random.next());
    return out;
}
inline std::int32_t wrap(std::uint32_t v) {
    return static_cast<std::int32_t>(v);
}
inline std::uint32_t bits(std::int32_t v) {
    return static_cast<std::uint32_t>(v);
}
inline std::string difference(const F16& a, const F16& b) {
    return support::difference(std::span<const float>(a), std::span<const float>(b));
}

inline constexpr int rounds = 500;

} // namespace simd_test
