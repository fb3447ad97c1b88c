// SPDX-License-Identifier: MIT
// The sampler: greedy and its ties, what top-k and top-p leave, frequencies against softmax in
// double, and that a seed names one sequence.
#include "error.hpp"
#include "sampler.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <vector>

using bitnet::example::Sampler;
using bitnet::example::SamplerOptions;
using bitnet::example::UserError;

namespace {

const std::vector<float> logits = {0.5f, 2.0f, -1.0f, 2.0f, 1.25f, -8.0f, 0.0f};

int sample(Sampler& sampler, const std::vector<float>& of, std::uint32_t step) {
    std::vector<bitnet::Logit> sorted;
    for (const float logit : of) {
        sorted.push_back({static_cast<std::uint32_t>(sorted.size()), logit});
    }
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return a.value > b.value; });
    sorted.resize(sampler.candidates(of.size()));
    return sampler.sample(sorted, step);
}
int sample(const SamplerOptions& options, const std::vector<float>& of, std::uint32_t step) {
    Sampler sampler(options);
    return sample(sampler, of, step);
}

constexpr SamplerOptions everything = {.temperature = 1.0f, .top_k = 0, .top_p = 1.0f, .seed = 7};

std::map<int, int> count(SamplerOptions options, std::uint32_t steps) {
    Sampler sampler(options);
    std::map<int, int> counts;
    for (std::uint32_t step = 0; step < steps; ++step) {
        ++counts[sample(sampler, logits, step)];
    }
    return counts;
}

std::set<int> support(SamplerOptions options) {
    std::set<int> ids;
    for (const auto& [id, times] : count(options, 4000)) {
        ids.insert(id);
    }
    return ids;
}

} // namespace

TEST_CASE("temperature 0 takes the largest logit, the lowest id on ties") {
    SamplerOptions options;
    options.temperature = 0.0f;
    CHECK(sample(options, logits, 0) == 1);
    CHECK(sample(options, std::vector<float>{-3.0f}, 0) == 0);
    CHECK(sample(options, std::vector<float>{-3.0f, -0.0f, 0.0f}, 9) == 1);
}

TEST_CASE("frequencies follow softmax(logits / temperature)") {
    for (const float temperature : {0.5f, 1.0f, 3.0f}) {
        SamplerOptions options = everything;
        options.temperature = temperature;
        constexpr std::uint32_t steps = 200000;
        std::map<int, int> counts = count(options, steps);
        double total = 0;
        for (const float logit : logits) {
            total += std::exp(static_cast<double>(logit) / static_cast<double>(temperature));
        }
        for (std::size_t id = 0; id < logits.size(); ++id) {
            const double p =
                std::exp(static_cast<double>(logits[id]) / static_cast<double>(temperature)) /
                total;
            const double deviation = std::sqrt(steps * p * (1 - p));
            CAPTURE(temperature, id);
            CHECK(std::abs(counts[static_cast<int>(id)] - steps * p) < 4.5 * deviation + 1);
        }
    }
}

TEST_CASE("top-k keeps the k likeliest") {
    SamplerOptions options = everything;
    options.top_k = 1;
    CHECK(support(options) == std::set{1}); // the lower id of the tie
    options.top_k = 3;
    CHECK(support(options) == std::set{1, 3, 4});
    options.top_k = 1000;
    CHECK(Sampler(options).candidates(7) == 7);
    CHECK(support(options).size() >= 6); // the seventh has probability 2e-5
}

TEST_CASE("top-p keeps the smallest set of the likeliest that reaches p") {
    // Probabilities: ids 1 and 3 have 0.33 each, 4 has 0.16, 0 has 0.07, 6 has 0.04, 2 has 0.02.
    SamplerOptions options = everything;
    options.top_p = 0.01f;
    CHECK(support(options) == std::set{1});
    options.top_p = 0.5f;
    CHECK(support(options) == std::set{1, 3});
    options.top_p = 0.8f;
    CHECK(support(options) == std::set{1, 3, 4});
    options.top_p = 0.999f;
    CHECK(support(options) == std::set{0, 1, 2, 3, 4, 6});
    options.top_p = 0.8f;
    options.top_k = 2; // both cuts hold
    CHECK(support(options) == std::set{1, 3});
}

TEST_CASE("a seed names one sequence, and a step one draw of it") {
    const auto sequence = [](std::uint64_t seed) {
        SamplerOptions options = everything;
        options.seed = seed;
        Sampler sampler(options);
        std::vector<int> ids;
        for (std::uint32_t step = 0; step < 64; ++step) {
            ids.push_back(sample(sampler, logits, step));
        }
        return ids;
    };
    const std::vector<int> first = sequence(1);
    CHECK(sequence(1) == first);
    CHECK(sequence(2) != first);
    CHECK(sequence(1 + (std::uint64_t{1} << 32)) != first); // the high half counts
    // What step 40 draws does not depend on the steps before.
    SamplerOptions options = everything;
    options.seed = 1;
    CHECK(sample(options, logits, 40) == first[40]);
}

TEST_CASE("a sequence written down: the same on every machine") {
    Sampler sampler({.temperature = 0.8f, .top_k = 5, .top_p = 0.95f, .seed = 2024});
    std::vector<int> ids;
    for (std::uint32_t step = 0; step < 24; ++step) {
        ids.push_back(sample(sampler, logits, step));
    }
    CHECK(ids ==
          std::vector<int>{3, 1, 0, 1, 1, 4, 3, 3, 1, 3, 1, 3, 1, 4, 4, 1, 1, 3, 4, 3, 3, 1, 1, 1});
}

TEST_CASE("nonsense is refused") {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const float inf = std::numeric_limits<float>::infinity();
    for (const float temperature : {nan, inf, -inf, -0.1f}) {
        SamplerOptions options;
        options.temperature = temperature;
        CHECK_THROWS_AS(Sampler(options), UserError);
    }
    for (const float top_p : {nan, inf, -0.5f, 0.0f, 1.5f}) {
        SamplerOptions options;
        options.top_p = top_p;
        CHECK_THROWS_AS(Sampler(options), UserError);
    }
    // The smallest temperature: differences become -infinity, whose exponential is 0.
    SamplerOptions cold = everything;
    cold.temperature = std::numeric_limits<float>::denorm_min();
    CHECK(support(cold) == std::set{1, 3});
}
