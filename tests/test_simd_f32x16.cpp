// SPDX-License-Identifier: MIT
// Each operator of simd/f32x16.hpp against a plain loop, on every cluster, in the order of that
// file.
#include "simd_clusters.hpp"

#include <bitnet/math.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "support.hpp"

using namespace simd_test;

TEST_CASE("sixteen int32", "[simd]") {
    support::Random random(12);
    for (const auto& [name, p] : clusters()) {
        CAPTURE(name);
        const auto& ops = p->ints;
        for (int round = 0; round < rounds; ++round) {
            I16 a = ints(random);
            const I16 b = ints(random);
            if (round % 2) a[random.below(16)] = b[5]; // equal ones, where they meet
            I16 y, expected;
            const auto check = [&](auto f, auto plain) {
                f(y.data());
                for (std::size_t i = 0; i < 16; ++i) expected[i] = plain(a[i], b[i]);
                REQUIRE(y == expected);
            };
            using i32 = std::int32_t;
            check([&](i32* o) { ops.add(a.data(), b.data(), o); },
                  [](i32 u, i32 v) { return wrap(bits(u) + bits(v)); });
            check([&](i32* o) { ops.subtract(a.data(), b.data(), o); },
                  [](i32 u, i32 v) { return wrap(bits(u) - bits(v)); });
            check([&](i32* o) { ops.bit_and(a.data(), b.data(), o); },
                  [](i32 u, i32 v) { return u & v; });
            check([&](i32* o) { ops.bit_or(a.data(), b.data(), o); },
                  [](i32 u, i32 v) { return u | v; });
            check([&](i32* o) { ops.shift_right_5(a.data(), o); },
                  [](i32 u, i32) { return u >> 5; });
            check([&](i32* o) { ops.shift_left_5(a.data(), o); },
                  [](i32 u, i32) { return wrap(bits(u) << 5); });
            check([&](i32* o) { ops.max(a.data(), b.data(), o); },
                  [](i32 u, i32 v) { return u > v ? u : v; });
            check([&](i32* o) { ops.set1(a[3], o); }, [&](i32, i32) { return a[3]; });
            std::uint32_t negative = 0, less = 0, sum = 0;
            i32 most = a[0];
            for (std::size_t i = 0; i < 16; ++i) {
                negative |= static_cast<std::uint32_t>(a[i] < 0) << i;
                less |= static_cast<std::uint32_t>(a[i] < b[i]) << i;
                sum += bits(a[i]);
                most = a[i] > most ? a[i] : most;
            }
            REQUIRE(ops.negative(a.data()) == negative);
            REQUIRE(ops.less(a.data(), b.data()) == less);
            REQUIRE(ops.sum(a.data()) == wrap(sum));
            REQUIRE(ops.maximum(a.data()) == most);
        }
    }
}

TEST_CASE("sixteen floats: arithmetic rounds once", "[simd]") {
    support::Random random(13);
    for (const auto& [name, p] : clusters()) {
        CAPTURE(name);
        const auto& ops = p->floats;
        for (int round = 0; round < rounds; ++round) {
            const F16 a = floats(random, round % 2), b = floats(random, round % 2),
                      c = floats(random, round % 2);
            F16 y, expected;
            const auto check = [&](auto f, auto plain) {
                f(y.data());
                for (std::size_t i = 0; i < 16; ++i) {
                    const volatile float v = plain(i); // forbids FMA and wider intermediates
                    expected[i] = v;
                }
                REQUIRE(difference(y, expected) == "");
            };
            check([&](float* o) { ops.add(a.data(), b.data(), o); },
                  [&](std::size_t i) { return a[i] + b[i]; });
            check([&](float* o) { ops.subtract(a.data(), b.data(), o); },
                  [&](std::size_t i) { return a[i] - b[i]; });
            check([&](float* o) { ops.multiply(a.data(), b.data(), o); },
                  [&](std::size_t i) { return a[i] * b[i]; });
            check([&](float* o) { ops.divide(a.data(), b.data(), o); },
                  [&](std::size_t i) { return a[i] / b[i]; });
            check([&](float* o) { ops.multiply_add(a.data(), b.data(), c.data(), o); },
                  [&](std::size_t i) {
                      const volatile float product = a[i] * b[i];
                      return product + c[i];
                  });
            check([&](float* o) { ops.set1(a[5], o); }, [&](std::size_t) { return a[5]; });
            F16 folded = a;
            for (std::size_t half : {8u, 4u, 2u, 1u}) {
                for (std::size_t i = 0; i < half; ++i) folded[i] += folded[i + half];
            }
            const float sum = ops.fold(a.data());
            REQUIRE(support::difference(std::span(&sum, 1),
                                        std::span<const float>(folded).first(1)) == "");
            for (std::size_t k = 0; k < 4; ++k) {
                const std::size_t h = std::size_t{1} << k;
                check([&](float* o) { ops.butterfly[k](a.data(), o); },
                      [&](std::size_t i) {
                          return (i & h) == 0 ? a[i] + a[i + h] : a[i - h] - a[i];
                      });
            }
        }
    }
}

TEST_CASE("sixteen floats: bits", "[simd]") {
    support::Random random(14);
    for (const auto& [name, p] : clusters()) {
        CAPTURE(name);
        const auto& ops = p->floats;
        for (int round = 0; round < rounds; ++round) {
            const F16 a = floats(random, true);
            F16 y, expected;
            I16 i;
            ops.bits(a.data(), i.data());
            REQUIRE(std::memcmp(i.data(), a.data(), sizeof a) == 0);
            const I16 any = ints(random);
            ops.from_bits(any.data(), y.data());
            REQUIRE(std::memcmp(any.data(), y.data(), sizeof any) == 0);
            ops.abs(a.data(), y.data());
            for (std::size_t k = 0; k < 16; ++k) expected[k] = std::fabs(a[k]);
            REQUIRE(difference(y, expected) == "");
        }
    }
}

TEST_CASE("from and nearest round half to even", "[simd]") {
    support::Random random(15);
    for (const auto& [name, p] : clusters()) {
        CAPTURE(name);
        for (int round = 0; round < rounds; ++round) {
            const I16 a = ints(random);
            F16 y;
            p->floats.from(a.data(), y.data());
            for (std::size_t i = 0; i < 16; ++i) REQUIRE(y[i] == static_cast<float>(a[i]));

            F16 x;
            for (std::size_t i = 0; i < 16; ++i) {
                const auto half =
                    static_cast<float>(static_cast<int>(random.below(1 << 22)) - (1 << 21));
                x[i] = half * 0.5f; // integers and ties
                if (i % 3 == 1) x[i] = std::nextafter(x[i], 1e9f);
                if (i % 3 == 2) x[i] = std::nextafter(x[i], -1e9f);
            }
            if (round == 0)
                x = {0.0f,   -0.0f,   0.5f,       -0.5f,       1.5f,   -1.5f,   2.5f,   -2.5f,
                     127.5f, -127.5f, 4194303.0f, -4194303.0f, 1e-40f, -1e-40f, 126.5f, -126.5f};
            I16 n;
            p->floats.nearest(x.data(), n.data());
            for (std::size_t i = 0; i < 16; ++i) {
                CAPTURE(x[i]);
                REQUIRE(n[i] == static_cast<std::int32_t>(std::nearbyint(x[i])));
            }
        }
    }
}

TEST_CASE("load_first and store_first touch no more", "[simd]") {
    support::Random random(16);
    for (const auto& [name, p] : clusters()) {
        CAPTURE(name);
        for (std::size_t n = 0; n < 16; ++n) {
            CAPTURE(n);
            const std::vector<float> x = random.reals(n); // a heap block: sanitizers see its end
            F16 y, expected{};
            y.fill(support::untouched());
            std::copy(x.begin(), x.end(), expected.begin());
            p->floats.load_first(x.data(), n, y.data());
            REQUIRE(difference(y, expected) == "");

            F16 all = floats(random, false), out;
            out.fill(support::untouched());
            p->floats.store_first(all.data(), out.data(), n);
            for (std::size_t i = 0; i < 16; ++i) {
                REQUIRE((i < n ? out[i] == all[i] : support::is_untouched(out[i])));
            }
        }
    }
}
