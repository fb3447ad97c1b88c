// SPDX-License-Identifier: MIT
// What simd::ops of some clusters have besides the primitives of simd/generic.hpp, against plain
// loops.
#include "simd_clusters.hpp"

#include <algorithm>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "support.hpp"

using namespace simd_test;

TEST_CASE("add_dot_at", "[simd]") {
    support::Random random(15);
    for (const auto& [name, p] : clusters()) {
        if (!p->orders.add_dot_at) continue;
        CAPTURE(name);
        const std::size_t lanes = p->registers.lanes;
        std::vector<std::int32_t> sum(lanes), expected(lanes);
        for (int round = 0; round < rounds; ++round) {
            std::vector<std::uint8_t> codes(4 * lanes), word(5); // a word that is not aligned
            for (auto& w : word) w = static_cast<std::uint8_t>(random.next());
            for (std::size_t i = 0; i < codes.size(); ++i) {
                codes[i] = static_cast<std::uint8_t>(random.below(128));
                expected[i / 4] += codes[i] * static_cast<std::int8_t>(word[1 + i % 4]);
            }
            p->orders.add_dot_at(sum.data(), codes.data(), &word[1]);
            REQUIRE(sum == expected);
        }
    }
}

TEST_CASE("add_two_dots", "[simd]") {
    support::Random random(11);
    for (const auto& [name, p] : clusters()) {
        const auto& ops = p->registers;
        if (!p->orders.add_two_dots) continue;
        CAPTURE(name);
        for (int round = 0; round < rounds; ++round) {
            const unsigned largest = round % 2 ? 128 : 2;
            const auto calls = std::min<std::size_t>(ops.dot4_calls(largest), 5);
            std::vector<std::int32_t> sums[2], expected[2];
            for (int k = 0; k < 2; ++k) {
                sums[k].resize(ops.sums_words);
                expected[k].resize(ops.lanes);
            }
            for (std::size_t call = 0; call < calls; ++call) {
                std::vector<std::uint8_t> codes[2], words(9); // two words, not aligned
                for (auto& w : words) w = static_cast<std::uint8_t>(random.next());
                for (std::size_t k = 0; k < 2; ++k) {
                    for (std::size_t i = 0; i < 4 * ops.lanes; ++i) {
                        codes[k].push_back(static_cast<std::uint8_t>(random.below(largest + 1)));
                        expected[k][i / 4] +=
                            codes[k][i] * static_cast<std::int8_t>(words[1 + 4 * k + i % 4]);
                    }
                }
                p->orders.add_two_dots(sums[0].data(), codes[0].data(), &words[1], sums[1].data(),
                                       codes[1].data(), &words[5]);
            }
            for (int k = 0; k < 2; ++k) {
                ops.dot4_sum(sums[k].data());
                sums[k].resize(ops.lanes);
                REQUIRE(sums[k] == expected[k]);
            }
        }
    }
}

TEST_CASE("LineSums", "[simd]") {
    support::Random random(13);
    for (const auto& [name, p] : clusters()) {
        for (std::size_t bits = 1; bits <= 2; ++bits) {
            const auto& sums = p->orders.line_dots[bits - 1];
            if (!sums.run) continue;
            CAPTURE(name, bits);
            const std::size_t words = 8 / bits, lanes = p->registers.lanes;
            for (int round = 0; round < rounds; ++round) {
                // Round 0, 1: every product as large as it gets, for as many calls as there may be.
                const std::size_t most = std::min<std::size_t>(sums.calls, 1000);
                const std::size_t calls = round < 2 ? most : 1 + random.below(most);
                std::vector<std::uint8_t> line(calls * lanes * 4), x(calls * words * 4);
                for (auto& v : x) {
                    v = round == 0   ? 0x80
                        : round == 1 ? 0x7f
                                     : static_cast<std::uint8_t>(random.next());
                }
                std::vector<std::int32_t> values(lanes), expected(lanes);
                for (std::size_t i = 0; i < line.size(); ++i) {
                    for (std::size_t s = 0; s < words; ++s) {
                        const std::size_t u = round < 2 ? bits : random.below(bits + 1);
                        line[i] = static_cast<std::uint8_t>(line[i] | u << s * bits);
                        const std::size_t call = i / (4 * lanes);
                        expected[i / 4 % lanes] +=
                            static_cast<int>(u * (3 - bits)) *
                            static_cast<std::int8_t>(x[(call * words + s) * 4 + i % 4]);
                    }
                }
                sums.run(line.data(), calls, x.data(), values.data());
                REQUIRE(values == expected);
            }
        }
    }
}

TEST_CASE("PanelSums", "[simd]") {
    support::Random random(14);
    for (const auto& [name, p] : clusters()) {
        if (!p->orders.panel_dots) continue;
        CAPTURE(name);
        for (int round = 0; round < rounds; ++round) {
            const std::size_t words = 1 + random.below(20), room = words + words % 2;
            std::vector<std::uint8_t> codes(room * 64), x(room * 32);
            for (auto& c : codes) c = static_cast<std::uint8_t>(random.below(128));
            for (std::size_t i = 0; i < words * 32; ++i) { // zeros after the last word
                x[i] = static_cast<std::uint8_t>(random.next());
            }
            std::vector<std::int32_t> dots(8 * 16), expected(8 * 16);
            for (std::size_t t = 0; t < 8; ++t) {
                for (std::size_t r = 0; r < 16; ++r) {
                    for (std::size_t i = 0; i < 4 * words; ++i) {
                        expected[t * 16 + r] +=
                            codes[i / 4 * 64 + 4 * r + i % 4] *
                            static_cast<std::int8_t>(x[i / 4 * 32 + 4 * t + i % 4]);
                    }
                }
            }
            p->orders.panel_dots(codes.data(), x.data(), words, dots.data());
            REQUIRE(dots == expected);
        }
    }
}

TEST_CASE("add_four_popcounts", "[simd]") {
    support::Random random(12);
    for (const auto& [name, p] : clusters()) {
        const auto& ops = p->registers;
        if (!p->orders.add_four_popcounts) continue;
        CAPTURE(name);
        for (int round = 0; round < rounds; ++round) {
            std::vector<std::uint8_t> v(16 * ops.lanes);
            for (auto& b : v) b = static_cast<std::uint8_t>(random.next());
            std::vector<std::int32_t> counts(4 * ops.lanes), expected(counts);
            for (int call = 0; call < 3; ++call) {
                p->orders.add_four_popcounts(counts.data(), v.data());
                for (std::size_t i = 0; i < 8 * v.size(); ++i) {
                    expected[i / 32] += v[i / 8] >> i % 8 & 1;
                }
            }
            for (std::size_t k = 0; k < 4; ++k) ops.popcount(&counts[k * ops.lanes]);
            REQUIRE(counts == expected);
        }
    }
}
