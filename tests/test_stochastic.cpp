// SPDX-License-Identifier: MIT
// Stochastic signs on every cluster: bit for bit, in any split, and in their mean.
#include <bitnet/stochastic.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <tuple>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>

#include "executors.hpp"
#include "float_oracle.hpp"
#include "support.hpp"

using namespace bitnet;

namespace {

using Rules = std::tuple<Bernoulli, Gumbel, CentredGumbel>;

int expected(const Bernoulli& rule, float x, float u) {
    return oracle::bernoulli(x, rule.beta, u);
}
int expected(const Gumbel& rule, float x, float u) {
    return oracle::gumbel(x, rule.temperature, u);
}
int expected(const CentredGumbel& rule, float x, float u) {
    return oracle::centred_gumbel(x, rule.temperature, u);
}

template <class Rule>
struct Signs {
    std::vector<std::byte> memory;
    Quantized<Sign> q;
    Signs(const dispatch::Table& by, const std::vector<float>& x, std::size_t cols,
          const Rule& rule, const Draws& draws)
        : memory(scratch_bytes<Sign>(x.size() / cols, cols), std::byte{0xff}) {
        const std::size_t tokens = x.size() / cols;
        q = detail::place<Sign>(memory, tokens, cols, 0);
        by.get<functions::StochasticSign<Rule>>()({x.data(), tokens, cols}, rule, draws, q, 0,
                                                  tokens);
    }
};

/// The share of +1 among many draws at one x.
template <class Rule>
double share(const dispatch::Table& table, float x, const Rule& rule) {
    const std::size_t n = 40000;
    std::size_t plus = 0;
    const Signs<Rule> signs(table, std::vector<float>(n, x), n, rule, {17, 3, 0});
    for (std::size_t i = 0; i < n; ++i) plus += signs.q(0, i) > 0;
    return static_cast<double>(plus) / static_cast<double>(n);
}

} // namespace

TEMPLATE_LIST_TEST_CASE("signs are those of the rule", "[stochastic]", Rules) {
    support::Random random(8);
    for (const auto* table : support::clusters()) {
        for (std::size_t tokens : {1u, 8u, 11u}) {
            for (std::size_t cols : {1u, 15u, 16u, 31u, 32u, 33u, 64u, 100u, 515u}) {
                INFO(table->name << ": " << tokens << " x " << cols);
                auto x = random.reals(tokens * cols, 4.0f);
                for (std::size_t i = 0; i < x.size(); i += 9) x[i] *= i % 2 ? 40.0f : 0.0f;
                const Draws draws{0x123456789abcdef0u, 5, (std::uint64_t{1} << 32) - 4};
                const TestType rule{0.75f};
                const Signs<TestType> signs(*table, x, cols, rule, draws);
                for (std::size_t t = 0; t < tokens; ++t) {
                    for (std::size_t c = 0; c < (cols + 31) / 32 * 32; ++c) {
                        const float u = oracle::uniform(draws.seed, static_cast<std::uint32_t>(c),
                                                        draws.first_token + t, draws.stream);
                        const int code = c < cols ? expected(rule, x[t * cols + c], u) : -1;
                        REQUIRE(oracle::token_code(oracle::Words::sign, signs.q.codes, tokens, cols,
                                                   t, c) == (code > 0));
                    }
                    REQUIRE(signs.q.scales[t] == 1.0f);
                }
            }
        }
    }
}

TEMPLATE_LIST_TEST_CASE("a batch in parts has the same signs", "[stochastic]", Rules) {
    support::Random random(9);
    const std::size_t tokens = 13, cols = 45;
    const auto x = random.reals(tokens * cols, 2.0f);
    const TestType rule{1.25f};
    const Draws draws{99, 1, 1000};
    std::vector<std::byte> one(scratch_bytes<Sign>(tokens, cols)), other(one.size());
    const Matrix<const float> all(x.data(), tokens, cols);
    const auto whole = stochastic_sign(all, rule, draws, one);
    const auto compare = [&](const Quantized<Sign>& part, std::size_t from) {
        for (std::size_t t = 0; t < part.tokens; ++t) {
            for (std::size_t c = 0; c < cols; ++c) REQUIRE(part(t, c) == whole(from + t, c));
        }
    };
    compare(stochastic_sign<isa::dynamic>(all, rule, draws, other), 0);
    compare(stochastic_sign<isa::scalar>(all, rule, draws, other, 0, support::Backwards{4}), 0);
    for (std::size_t cut : {1u, 6u, 8u, 12u}) {
        const Matrix<const float> head(x.data(), cut, cols),
            tail(x.data() + cut * cols, tokens - cut, cols);
        compare(stochastic_sign(head, rule, draws, other), 0);
        Draws later = draws;
        later.first_token += cut;
        compare(stochastic_sign(tail, rule, later, other), cut);
    }
}

TEMPLATE_LIST_TEST_CASE("a NaN or an infinity poisons its token", "[stochastic]", Rules) {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
    const std::size_t cols = 40;
    for (const auto* table : support::clusters()) {
        INFO(table->name);
        for (float bad : {not_a_number, -not_a_number, infinity, -infinity}) {
            for (std::size_t at : {0u, 17u, 39u}) {
                std::vector<float> x(3 * cols, 0.5f);
                x[cols + at] = bad;
                const Signs<TestType> signs(*table, x, cols, TestType{}, {1, 2, 3});
                CHECK(signs.q.scales[0] == 1.0f);
                CHECK(std::isnan(signs.q.scales[1]));
                CHECK(signs.q.scales[2] == 1.0f);
                CHECK(signs.q(1, at) == (bad == -infinity ? -1 : 1)); // the bits are fixed, too
            }
        }
    }
}

TEST_CASE("seed, stream and token choose the numbers", "[stochastic]") {
    const std::vector<float> x(256, 0.1f);
    const auto& table = *support::clusters().back();
    const Signs<Bernoulli> base(table, x, 256, {}, {1, 1, 1});
    for (const Draws& other : {Draws{2, 1, 1}, Draws{1, 2, 1}, Draws{1, 1, 2}}) {
        const Signs<Bernoulli> signs(table, x, 256, {}, other);
        int same = 0;
        for (std::size_t c = 0; c < 256; ++c) same += signs.q(0, c) == base.q(0, c);
        CHECK(same > 128 - 48); // half of them, within six standard deviations
        CHECK(same < 128 + 48);
    }
}

TEST_CASE("shares are those of the distributions", "[stochastic]") {
    const double within = 0.01; // four standard deviations of 40000 draws
    const double gamma = 0.57721566490153286;
    const auto& table = *support::clusters().back(); // not within CHECK, where a SKIP is a failure
    for (float x : {-3.0f, -0.5f, 0.0f, 0.25f, 2.0f}) {
        CAPTURE(x);
        CHECK(std::abs(share(table, x, Bernoulli{}) - 1 / (1 + std::exp(-0.5 * x))) < within);
        CHECK(std::abs(share(table, x, Bernoulli{1.0f}) - 1 / (1 + std::exp(-1.0 * x))) < within);
        // P(x + T g >= 0) = 1 - exp(-exp(x / T)), and g has the mean gamma.
        CHECK(std::abs(share(table, x, Gumbel{2.0f}) - (1 - std::exp(-std::exp(x / 2.0)))) <
              within);
        CHECK(std::abs(share(table, x, CentredGumbel{2.0f}) -
                       (1 - std::exp(-std::exp(x / 2.0 - gamma)))) < within);
    }
}
