// SPDX-License-Identifier: MIT
// Each primitive of simd/generic.hpp and each operator of simd/f32x16.hpp against a plain loop, on
// every cluster. Primitives stand in the order of those files.
#include "simd_unit.hpp"

#include <bitnet/math.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "support.hpp"

namespace {

using simd_test::Primitives;
using F16 = std::array<float, 16>;
using I16 = std::array<std::int32_t, 16>;

struct Cluster {
    std::string_view name;
    const Primitives* primitives;
};

std::vector<Cluster> clusters() {
    namespace isa = bitnet::isa;
    constexpr auto of = []<class Tag>(Tag) {
        return Cluster{Tag::name, &simd_test::primitives_of<Tag>()};
    };
    const Cluster built[] = {
        of(isa::scalar{}),
#if defined(BITNET_BUILT_BASELINE128)
        of(isa::baseline128{}),
#endif
#if defined(BITNET_BUILT_HASWELL)
        of(isa::haswell{}),
#endif
#if defined(BITNET_BUILT_ALDERLAKE)
        of(isa::alderlake{}),
#endif
#if defined(BITNET_BUILT_SKYLAKEX)
        of(isa::skylakex{}),
#endif
#if defined(BITNET_BUILT_ICELAKE)
        of(isa::icelake{}),
#endif
    };
    std::vector<Cluster> out;
    for (const auto* table : support::clusters()) {
        const auto* found = std::ranges::find(built, std::string_view(table->name), &Cluster::name);
        REQUIRE(found != std::end(built));
        out.push_back(*found);
    }
    return out;
}

/// Floats of every kind in random places: zeros, denormals, large ones, ties, infinities, NaN.
F16 floats(support::Random& random, bool special) {
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
I16 ints(support::Random& random) {
    I16 out;
    for (auto& v : out) v = static_cast<std::int32_t>(random.next());
    return out;
}
std::int32_t wrap(std::uint32_t v) {
    return static_cast<std::int32_t>(v);
}
std::uint32_t bits(std::int32_t v) {
    return static_cast<std::uint32_t>(v);
}
std::string difference(const F16& a, const F16& b) {
    return support::difference(std::span<const float>(a), std::span<const float>(b));
}

constexpr int rounds = 500;

} // namespace

TEST_CASE("load and broadcast", "[simd]") {
    for (const auto& [name, p] : clusters()) {
        const auto& ops = p->registers;
        if (ops.lanes == 0) continue;
        CAPTURE(name);
        CHECK(ops.lanes * ops.registers == 16);
        std::vector<std::uint8_t> bytes(4 * 16 + 7);
        for (std::size_t i = 0; i < bytes.size(); ++i)
            bytes[i] = static_cast<std::uint8_t>(3 * i + 1);
        for (std::size_t offset = 0; offset < 7; ++offset) { // any alignment
            std::vector<std::uint32_t> loaded(ops.lanes), everywhere(ops.lanes);
            ops.load(bytes.data() + offset, loaded.data());
            ops.broadcast(bytes.data() + offset, everywhere.data());
            for (std::size_t i = 0; i < ops.lanes; ++i) {
                std::uint32_t lane, first;
                std::memcpy(&lane, bytes.data() + offset + 4 * i, 4);
                std::memcpy(&first, bytes.data() + offset, 4);
                REQUIRE(loaded[i] == lane);
                REQUIRE(everywhere[i] == first);
            }
        }
    }
}

TEST_CASE("where_equal", "[simd]") {
    support::Random random(17);
    for (const auto& [name, p] : clusters()) {
        const auto& ops = p->registers;
        if (ops.lanes == 0) continue;
        CAPTURE(name);
        for (int round = 0; round < rounds; ++round) {
            std::vector<std::uint32_t> a(ops.lanes), b(ops.lanes), mask(ops.lanes), out(ops.lanes);
            for (auto* words : {&a, &b, &mask}) {
                for (auto& word : *words) word = static_cast<std::uint32_t>(random.next());
            }
            const auto bytes = [](const std::vector<std::uint32_t>& words) {
                return reinterpret_cast<const std::uint8_t*>(words.data());
            };
            ops.where_equal(bytes(a), bytes(b), bytes(mask), out.data());
            for (std::size_t i = 0; i < ops.lanes; ++i) {
                REQUIRE(out[i] == (mask[i] & ~(a[i] ^ b[i])));
            }
        }
    }
}

TEST_CASE("dot4", "[simd]") {
    support::Random random(10);
    for (const auto& [name, p] : clusters()) {
        const auto& ops = p->registers;
        if (ops.lanes == 0) continue;
        CAPTURE(name);
        for (int round = 0; round < rounds; ++round) {
            std::vector<std::uint8_t> codes(4 * ops.lanes), x(4 * ops.lanes);
            std::vector<std::int32_t> sum(ops.lanes), expected(ops.lanes);
            // Round 0, 1: every product as large as it gets, the case where 16-bit steps saturate.
            for (auto& c : codes)
                c = round < 2 ? 127 : static_cast<std::uint8_t>(random.below(128));
            for (auto& v : x) {
                v = round == 0   ? 0x80
                    : round == 1 ? 0x7f
                                 : static_cast<std::uint8_t>(random.next());
            }
            for (std::size_t i = 0; i < ops.lanes; ++i) {
                sum[i] = static_cast<std::int32_t>(random.next() & 0x3fffffff) * (i % 2 ? 1 : -1);
                expected[i] = sum[i];
                for (std::size_t j = 0; j < 4; ++j) {
                    expected[i] += codes[4 * i + j] * static_cast<std::int8_t>(x[4 * i + j]);
                }
            }
            ops.dot4(sum.data(), codes.data(), x.data());
            REQUIRE(sum == expected);
        }
    }
}

TEST_CASE("add_dot4 and dot4_sum", "[simd]") {
    support::Random random(10);
    for (const auto& [name, p] : clusters()) {
        const auto& ops = p->registers;
        if (ops.lanes == 0) continue;
        CAPTURE(name);
        for (int round = 0; round < rounds; ++round) {
            // Round 0, 1: every product as large as it gets, for as many calls as the sums take.
            const unsigned largest = round % 4 == 3 && ops.dot4_calls(8) > 2 ? 8 : 2;
            const std::size_t most = ops.dot4_calls(largest);
            const std::size_t calls = round < 2 && most < 1000 ? most : 1 + random.below(9) % most;
            std::vector<std::uint8_t> codes(4 * ops.lanes), x(4 * ops.lanes);
            std::vector<std::int32_t> sums(ops.lanes), expected(ops.lanes);
            for (std::size_t call = 0; call < calls; ++call) {
                for (auto& c : codes) {
                    c = static_cast<std::uint8_t>(round < 2 ? largest : random.below(largest + 1));
                }
                for (auto& v : x) {
                    v = round == 0   ? 0x80
                        : round == 1 ? 0x7f
                                     : static_cast<std::uint8_t>(random.next());
                }
                for (std::size_t i = 0; i < 4 * ops.lanes; ++i) {
                    expected[i / 4] += codes[i] * static_cast<std::int8_t>(x[i]);
                }
                ops.add_dot4(sums.data(), codes.data(), x.data());
            }
            ops.dot4_sum(sums.data());
            REQUIRE(sums == expected);
        }
    }
}

TEST_CASE("add_dot4 of the largest code, 128, at the last call", "[simd]") {
    // Where codes stay where they stand in a byte, the sums still hold dot4_calls(128) calls.
    for (const auto& [name, p] : clusters()) {
        const auto& ops = p->registers;
        if (ops.lanes == 0) continue;
        CAPTURE(name);
        const std::size_t calls = ops.dot4_calls(128);
        const std::vector<std::uint8_t> codes(4 * ops.lanes, 128);
        for (const int x : {-128, 127}) {
            if (calls < 2) continue; // a cluster that has no use for such codes
            const std::vector<std::uint8_t> token(4 * ops.lanes, static_cast<std::uint8_t>(x));
            std::vector<std::int32_t> sums(ops.lanes);
            for (std::size_t call = 0; call < calls; ++call) {
                ops.add_dot4(sums.data(), codes.data(), token.data());
            }
            ops.dot4_sum(sums.data());
            const auto sum = static_cast<std::int32_t>(static_cast<std::int64_t>(calls) * 512 * x);
            REQUIRE(sums == std::vector<std::int32_t>(ops.lanes, sum));
        }
    }
}

TEST_CASE("dot4_wide", "[simd]") {
    support::Random random(17);
    for (const auto& [name, p] : clusters()) {
        const auto& ops = p->registers;
        if (ops.lanes == 0) continue;
        CAPTURE(name);
        for (int round = 0; round < rounds; ++round) {
            std::vector<std::uint8_t> codes(4 * ops.lanes), x(4 * ops.lanes);
            std::vector<std::int32_t> sum(ops.lanes), expected(ops.lanes);
            for (auto& c : codes) c = round < 2 ? 255 : static_cast<std::uint8_t>(random.next());
            for (auto& v : x) {
                v = round == 0   ? 0x80
                    : round == 1 ? 0x7f
                                 : static_cast<std::uint8_t>(random.next());
            }
            for (std::size_t i = 0; i < ops.lanes; ++i) {
                sum[i] = wrap(static_cast<std::uint32_t>(random.next())); // sums wrap
                std::uint32_t wanted = bits(sum[i]);
                for (std::size_t j = 0; j < 4; ++j) {
                    wanted += bits(codes[4 * i + j] * static_cast<std::int8_t>(x[4 * i + j]));
                }
                expected[i] = wrap(wanted);
            }
            ops.dot4_wide(sum.data(), codes.data(), x.data());
            REQUIRE(sum == expected);
        }
    }
}

TEST_CASE("split_trits and trit", "[simd]") {
    for (const auto& [name, p] : clusters()) {
        const auto& ops = p->registers;
        if (ops.lanes == 0) continue;
        CAPTURE(name);
        const std::size_t bytes = 4 * ops.lanes;
        for (unsigned first = 0; first < 256; ++first) { // every byte in every place
            std::vector<std::uint8_t> line(bytes);
            std::vector<std::uint32_t> codes(5 * ops.lanes);
            for (std::size_t i = 0; i < bytes; ++i) line[i] = static_cast<std::uint8_t>(first + i);
            ops.trits(line.data(), codes.data());
            std::size_t wrong = 0;
            for (std::size_t i = 0; i < bytes; ++i) {
                const unsigned byte = line[i];
                const unsigned t = byte < 32 ? byte : byte / 8 - 4;
                const unsigned pair = byte < 32 ? 0 : byte % 8 + 1;
                if (t > 26) continue; // illegal: any digits
                const unsigned digits[] = {t / 9, t / 3 % 3, t % 3, pair / 3, pair % 3};
                for (std::size_t s = 0; s < 5; ++s) {
                    wrong += (codes[s * ops.lanes + i / 4] >> i % 4 * 8 & 0xff) != digits[s];
                }
            }
            REQUIRE(wrong == 0);
        }
    }
}

TEST_CASE("add_popcount and popcount", "[simd]") {
    support::Random random(11);
    for (const auto& [name, p] : clusters()) {
        const auto& ops = p->registers;
        if (ops.lanes == 0) continue;
        CAPTURE(name);
        for (int round = 0; round < rounds; ++round) {
            std::vector<std::int32_t> counts(ops.lanes), expected(ops.lanes);
            const std::size_t calls = ops.popcount_calls ? ops.popcount_calls : 100;
            for (std::size_t call = 0; call < calls; ++call) {
                std::vector<std::uint8_t> v(4 * ops.lanes, round == 0 ? 0xff : 0);
                if (round > 1) {
                    for (auto& b : v) b = static_cast<std::uint8_t>(random.next());
                }
                for (std::size_t i = 0; i < 32 * ops.lanes; ++i) {
                    expected[i / 32] += v[i / 8] >> i % 8 & 1;
                }
                ops.add_popcount(counts.data(), v.data());
            }
            ops.popcount(counts.data());
            REQUIRE(counts == expected);
        }
    }
}

TEST_CASE("store_bytes", "[simd]") {
    for (const auto& [name, p] : clusters()) {
        CAPTURE(name);
        for (int first = -128; first <= 112; ++first) {
            I16 lanes;
            for (int i = 0; i < 16; ++i) lanes[static_cast<std::size_t>(i)] = first + i;
            std::array<std::int8_t, 18> out;
            out.fill(99);
            p->ints.store_bytes(lanes.data(), out.data() + 1);
            for (int i = 0; i < 16; ++i) REQUIRE(out[static_cast<std::size_t>(i + 1)] == first + i);
            REQUIRE((out[0] == 99 && out[17] == 99));
            if (const auto& ops = p->registers; ops.lanes) {
                out.fill(99);
                ops.store_bytes(out.data() + 1, lanes.data());
                for (std::size_t i = 0; i < ops.lanes; ++i) REQUIRE(out[i + 1] == lanes[i]);
                REQUIRE((out[0] == 99 && out[ops.lanes + 1] == 99));
            }
        }
    }
}

TEST_CASE("load_halves", "[simd]") {
    for (const auto& [name, p] : clusters()) {
        CAPTURE(name);
        const auto& ops = p->registers;
        if (!ops.load_halves) continue;
        for (std::size_t bits = 0; bits < 0x10000; bits += ops.lanes) {
            if ((bits & 0x7c00) == 0x7c00) continue; // no contract for NaN and infinity
            std::uint16_t x[16];
            for (std::size_t i = 0; i < 16; ++i) x[i] = static_cast<std::uint16_t>(bits + i);
            F16 y;
            ops.load_halves(x, y.data());
            for (std::size_t i = 0; i < ops.lanes; ++i) {
                const int exponent = x[i] >> 10 & 31, fraction = x[i] & 1023;
                const double size = exponent == 0 ? std::ldexp(fraction, -24)
                                                  : std::ldexp(1024 + fraction, exponent - 25);
                REQUIRE(y[i] == size * (x[i] >> 15 ? -1 : 1));
                REQUIRE(std::signbit(y[i]) == (x[i] >> 15 != 0));
            }
        }
    }
}

TEST_CASE("load_first and fold_pair of registers", "[simd]") {
    support::Random random(19);
    for (const auto& [name, p] : clusters()) {
        CAPTURE(name);
        const auto& ops = p->registers;
        if (!ops.fold_pair) continue;
        for (int round = 0; round < rounds; ++round) {
            const F16 a = floats(random, true), b = floats(random, true);
            F16 y{}, expected{};
            ops.fold_pair(a.data(), b.data(), y.data());
            const std::size_t half = ops.lanes / 2;
            for (std::size_t i = 0; i < half; ++i) {
                expected[2 * i] = a[i] + a[i + half];
                expected[2 * i + 1] = b[i] + b[i + half];
            }
            REQUIRE(difference(y, expected) == "");
        }
        for (std::size_t n = 0; n <= ops.lanes; ++n) {
            const std::vector<float> x = random.reals(n); // a heap block: sanitizers see its end
            F16 y{}, expected{};
            std::copy(x.begin(), x.end(), expected.begin());
            ops.load_first(x.data(), n, y.data());
            REQUIRE(difference(y, expected) == "");
        }
    }
}

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
            for (std::size_t half : {8, 4, 2, 1}) {
                for (std::size_t i = 0; i < half; ++i) folded[i] += folded[i + half];
            }
            const float sum = ops.fold(a.data());
            REQUIRE(support::difference(std::span(&sum, 1),
                                        std::span<const float>(folded).first(1)) == "");
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
