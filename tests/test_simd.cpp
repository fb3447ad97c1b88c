// SPDX-License-Identifier: MIT
// Each primitive of simd/generic.hpp against a plain loop, on every cluster, in the order of that
// file.
#include "simd_clusters.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "support.hpp"

using namespace simd_test;

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
            std::vector<std::int32_t> sums(ops.sums_words), expected(ops.lanes);
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
            sums.resize(ops.lanes);
            REQUIRE(sums == expected);
        }
    }
}

TEST_CASE("add_dot4 of the largest code, 128, at the last call", "[simd]") {
    // Where codes stay in place in their byte, the sums still hold dot4_calls(128) calls.
    for (const auto& [name, p] : clusters()) {
        const auto& ops = p->registers;
        if (ops.lanes == 0) continue;
        CAPTURE(name);
        const std::size_t calls = ops.dot4_calls(128);
        if (calls < 2) continue; // no such codes there, as byte_dots() asserts
        const std::vector<std::uint8_t> codes(4 * ops.lanes, 128);
        for (const int x : {-128, 127}) {
            const std::vector<std::uint8_t> token(4 * ops.lanes, static_cast<std::uint8_t>(x));
            std::vector<std::int32_t> sums(ops.sums_words);
            for (std::size_t call = 0; call < calls; ++call) {
                ops.add_dot4(sums.data(), codes.data(), token.data());
            }
            ops.dot4_sum(sums.data());
            sums.resize(ops.lanes);
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

TEST_CASE("load_bytes", "[simd]") {
    for (const auto& [name, p] : clusters()) {
        CAPTURE(name);
        const auto& ops = p->registers;
        if (!ops.load_bytes) continue;
        for (std::size_t first = 0; first < 256; ++first) {
            std::uint8_t x[16];
            std::uint32_t y[17];
            for (std::size_t i = 0; i < 16; ++i) x[i] = static_cast<std::uint8_t>(first + 37 * i);
            y[ops.lanes] = 99;
            ops.load_bytes(x, y);
            for (std::size_t i = 0; i < ops.lanes; ++i) REQUIRE(y[i] == x[i]);
            REQUIRE(y[ops.lanes] == 99);
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

TEST_CASE("store_halves", "[simd]") {
    for (const auto& [name, p] : clusters()) {
        CAPTURE(name);
        const auto& ops = p->registers;
        if (!ops.store_halves) continue;
        std::vector<float> x;
        std::vector<std::uint16_t> expected;
        // Each half, the middle between it and the next larger one, and the floats beside that.
        for (std::uint16_t half = 0; half < 0x7c00; ++half) {
            const float value = bitnet::simd::float_of_half(half);
            const auto above = static_cast<std::uint16_t>(half + 1);
            const float next = half < 0x7bff ? bitnet::simd::float_of_half(above) : 65536.0f;
            const float middle = (value + next) / 2;
            const auto add = [&](float v, int h) {
                x.push_back(v);
                expected.push_back(static_cast<std::uint16_t>(h));
                x.push_back(-v);
                expected.push_back(static_cast<std::uint16_t>(h | 0x8000));
            };
            add(value, half);
            add(std::nextafter(middle, 0.0f), half);
            if (half == 0x7bff) continue; // no contract from 65520 on
            add(middle, half + half % 2); // ties to even
            add(std::nextafter(middle, 65536.0f), above);
        }
        x.resize(x.size() + 16); // for the last register
        for (std::size_t i = 0; i < expected.size(); i += ops.lanes) {
            std::uint16_t y[17];
            y[ops.lanes] = 99;
            ops.store_halves(y, x.data() + i);
            for (std::size_t j = 0; j < ops.lanes && i + j < expected.size(); ++j) {
                CAPTURE(x[i + j]);
                REQUIRE(y[j] == expected[i + j]);
            }
            REQUIRE(y[ops.lanes] == 99);
        }
    }
}

TEST_CASE("add_exact_product", "[simd]") {
    support::Random random(20);
    for (const auto& [name, p] : clusters()) {
        CAPTURE(name);
        const auto& ops = p->registers;
        if (!ops.add_exact_product) continue;
        for (int round = 0; round < rounds; ++round) {
            const F16 s = floats(random, true);
            F16 x, w, y{}, expected{};
            for (std::size_t i = 0; i < ops.lanes; ++i) { // 12 bits each
                x[i] = static_cast<float>(random.below(4096)) - 2048.0f;
                w[i] = (static_cast<float>(random.below(4096)) - 2048.0f) * 0x1p-20f;
                expected[i] = s[i] + x[i] * w[i];
            }
            ops.add_exact_product(s.data(), x.data(), w.data(), y.data());
            REQUIRE(difference(y, expected) == "");
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
