// SPDX-License-Identifier: MIT
// Rotary position embedding on every cluster, and the table of its sines and cosines.
#include <bitnet/rope.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "float_oracle.hpp"
#include "support.hpp"

using namespace bitnet;
using support::difference;

namespace {

struct RopeTable {
    std::vector<float> cosines, sines;
    RopeTable(const dispatch::Table& by, std::size_t first, std::size_t positions,
              std::size_t head_dim, double theta, const YarnScaling& yarn = {})
        : cosines(positions * (head_dim / 2)), sines(cosines.size()) {
        by.get<functions::RopeTable>()(first, positions, head_dim, theta, yarn, cosines.data(),
                                       sines.data());
    }
};

} // namespace

TEST_CASE("the table is that of real arithmetic, rounded", "[rope]") {
    struct Case {
        std::size_t first, positions, head_dim;
        double theta;
    };
    for (const Case& c : {Case{0, 600, 64, 10000.0}, Case{4000, 200, 128, 500000.0},
                          Case{(1u << 20) - 40, 39, 6, 10000.0}, Case{7, 3, 2, 1.0}}) {
        const long double theta = c.theta;
        for (const auto* table : support::clusters()) {
            INFO(table->name << " from position " << c.first << ", theta " << c.theta);
            const RopeTable made(*table, c.first, c.positions, c.head_dim, c.theta);
            const std::size_t half = c.head_dim / 2;
            std::size_t rounded_apart = 0;
            for (std::size_t p = 0; p < c.positions; ++p) {
                for (std::size_t i = 0; i < half; ++i) {
                    const long double frequency =
                        std::pow(theta, -2.0L * static_cast<long double>(i) /
                                            static_cast<long double>(c.head_dim));
                    const long double angle = static_cast<long double>(c.first + p) * frequency;
                    const long double cosine = std::cos(angle), sine = std::sin(angle);
                    const float cos = made.cosines[p * half + i], sin = made.sines[p * half + i];
                    // Half an ulp of a number below 1, and what 1e-9 allows.
                    REQUIRE(std::fabs(cos - cosine) < 0x1p-25L + 1e-9L);
                    REQUIRE(std::fabs(sin - sine) < 0x1p-25L + 1e-9L);
                    rounded_apart += cos != static_cast<float>(cosine);
                    rounded_apart += sin != static_cast<float>(sine);
                }
            }
            CHECK(rounded_apart * 1000 <= 2 * made.sines.size());
        }
    }
}

// The formula of the paper and of Hugging Face's implementation, in long double.
TEST_CASE("YaRN stretches slow frequencies and leaves fast ones", "[rope]") {
    struct Case {
        std::size_t head_dim;
        double theta;
        YarnScaling yarn;
    };
    for (const Case& c :
         {Case{128, 1e6, {4, 8192, 1.1386294361119891}}, // Qwen3's
          Case{96, 1e4, {40, 4096, 1, 32, 1}}, Case{64, 5e5, {1.5, 300, 2, 8, 2}},
          Case{16, 1e6, {8, 20, 1}}}) { // no frequency turns 32 times in 20 positions
        constexpr std::size_t first = 30000, positions = 20;
        const long double n = static_cast<long double>(c.head_dim), theta = c.theta;
        const auto index = [&](long double turns) {
            return n * std::log(c.yarn.original_context / (turns * 2 * std::acos(-1.0L))) /
                   (2 * std::log(theta));
        };
        const long double low = std::max(std::floor(index(c.yarn.beta_fast)), 0.0L);
        const long double high = std::min(std::ceil(index(c.yarn.beta_slow)), n - 1);
        for (const auto* table : support::clusters()) {
            INFO(table->name << ", " << c.head_dim);
            const RopeTable made(*table, first, positions, c.head_dim, c.theta, c.yarn);
            for (std::size_t at = 0; at < made.cosines.size(); ++at) {
                const auto i = static_cast<long double>(at % (c.head_dim / 2));
                const auto p = static_cast<long double>(first + at / (c.head_dim / 2));
                const long double old = std::pow(theta, -2 * i / n);
                const long double kept =
                    1 - std::clamp((i - low) / std::max(high - low, 0.001L), 0.0L, 1.0L);
                const long double angle = p * (old / c.yarn.factor * (1 - kept) + old * kept);
                const long double size = c.yarn.attention;
                REQUIRE(std::fabs(made.cosines[at] - size * std::cos(angle)) < size * 1e-7L);
                REQUIRE(std::fabs(made.sines[at] - size * std::sin(angle)) < size * 1e-7L);
            }
        }
    }
}

TEST_CASE("the table has the same bits everywhere", "[rope]") {
    for (const auto* table : support::clusters()) {
        INFO(table->name);
        const RopeTable made(*table, 3900, 300, 48, 10000.0);
        std::uint64_t hash = 14695981039346656037u; // FNV-1a over words
        for (const auto* part : {&made.cosines, &made.sines}) {
            for (float v : *part) hash = (hash ^ std::bit_cast<std::uint32_t>(v)) * 1099511628211u;
        }
        CHECK(hash == 0xfd334b9561b9da5u);
    }
}

TEST_CASE("rope turns each head", "[rope]") {
    support::Random random(6);
    for (const auto* table : support::clusters()) {
        for (std::size_t half : {1u, 3u, 15u, 16u, 17u, 24u, 32u, 50u, 64u}) {
            const RopeTable turn(*table, 11, 1, 2 * half, 10000.0);
            const std::size_t heads = 3;
            auto x = random.reals(heads * 2 * half + 1, 3.0f);
            INFO(table->name << ", half " << half);
            std::vector<float> want;
            for (std::size_t h = 0; h < heads; ++h) {
                const float* head = x.data() + h * 2 * half;
                const auto y = oracle::rope({head, head + 2 * half}, turn.cosines, turn.sines);
                want.insert(want.end(), y.begin(), y.end());
            }
            want.push_back(x.back());
            table->get<functions::Rope>()(x.data(), heads, turn.cosines.data(), turn.sines.data(),
                                          half);
            REQUIRE(difference(x, want) == "");
        }
    }
}

TEST_CASE("the header's forms are those of the table", "[rope]") {
    support::Random random(7);
    std::vector<float> cos(5 * 20), sin(cos.size()), cos2(cos.size()), sin2(cos.size());
    rope_table(100, 5, 40, 10000.0, cos, sin);
    rope_table<isa::dynamic>(100, 5, 40, 10000.0, cos2, sin2);
    CHECK(difference(cos, cos2) == "");
    CHECK(difference(sin, sin2) == "");
    auto x = random.reals(4 * 40), y = x;
    const std::span<const float> c(cos.data() + 20, 20), s(sin.data() + 20, 20);
    rope<isa::native>(x, c, s);
    rope<isa::dynamic>(y, c, s);
    CHECK(difference(x, y) == "");
}
