// SPDX-License-Identifier: MIT
// The sampler: greedy and its ties, what top-k, top-p, min-p and the repetition penalty leave,
// frequencies against softmax in double, and that a seed names one sequence.
#include "error.hpp"
#include "sampler.hpp"

#include <bitnet/math.hpp>
#include <bitnet/random.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <vector>

using bitnet::example::Sampler;
using bitnet::example::SamplerOptions;
using bitnet::example::UserError;

namespace {

const std::vector<float> logits = {0.5f, 2.0f, -1.0f, 2.0f, 1.25f, -8.0f, 0.0f};

int sample(Sampler& sampler, const std::vector<float>& of, std::uint32_t step,
           const std::vector<int>& text = {}) {
    std::vector<bitnet::Logit> sorted;
    for (const float logit : of) {
        sorted.push_back({static_cast<std::uint32_t>(sorted.size()), logit});
    }
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return a.value > b.value; });
    sorted.resize(sampler.candidates(of.size()));
    return sampler.sample(sorted, step, text);
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

namespace {

struct Row {
    int id;
    float logit, weight;
};

// The definition in sampler.hpp, in the order it is written there.
int plain_loops(const SamplerOptions& options, std::vector<float> of, const std::vector<int>& text,
                std::uint32_t step) {
    const std::size_t begin =
        text.size() > options.repeat_last ? text.size() - options.repeat_last : 0;
    const std::set<int> last(text.begin() + static_cast<std::ptrdiff_t>(begin), text.end());
    for (const int id : last) {
        float& x = of[static_cast<std::size_t>(id)];
        x = x > 0 ? x / options.repeat_penalty : x * options.repeat_penalty;
    }
    std::vector<Row> rows;
    for (std::size_t id = 0; id < of.size(); ++id) {
        rows.push_back({static_cast<int>(id), of[id], 0.0f});
    }
    std::stable_sort(rows.begin(), rows.end(),
                     [](const Row& a, const Row& b) { return a.logit > b.logit; });
    if (options.temperature == 0.0f) return rows[0].id;
    if (options.top_k != 0 && options.top_k < rows.size()) rows.resize(options.top_k);
    double all = 0;
    for (Row& row : rows) {
        row.weight = bitnet::exp((row.logit - rows[0].logit) / options.temperature);
        all += row.weight;
    }
    std::vector<Row> kept;
    double reached = 0;
    for (const Row& row : rows) {
        if (options.top_p < 1.0f && reached >= all * static_cast<double>(options.top_p)) break;
        reached += row.weight;
        kept.push_back(row);
    }
    std::erase_if(kept, [&](const Row& row) { return row.weight < options.min_p; });
    double total = 0;
    for (const Row& row : kept) total += row.weight;
    const double target = static_cast<double>(bitnet::uniform(options.seed, 0, step, 0)) * total;
    double sum = 0;
    for (const Row& row : kept) {
        sum += row.weight;
        if (target < sum) return row.id;
    }
    return kept.back().id;
}

} // namespace

TEST_CASE("min-p keeps what is at least so likely as a part of the likeliest") {
    // Beside the likeliest: ids 1 and 3 are 1, 4 is 0.47, 0 is 0.22, 6 is 0.14, 2 is 0.05.
    SamplerOptions options = everything;
    options.min_p = 1.0f;
    CHECK(support(options) == std::set{1, 3});
    options.min_p = 0.4f;
    CHECK(support(options) == std::set{1, 3, 4});
    options.min_p = 0.1f;
    CHECK(support(options) == std::set{0, 1, 3, 4, 6});
    options.top_p = 0.5f; // both cuts hold
    CHECK(support(options) == std::set{1, 3});
    options.temperature = 0.5f; // and the temperature is there before
    options.top_p = 1.0f;
    CHECK(support(options) == std::set{1, 3, 4});
}

TEST_CASE("the repetition penalty takes the last tokens of the text") {
    SamplerOptions options;
    options.temperature = 0.0f;
    options.repeat_penalty = 2.0f;
    options.repeat_last = 2;
    Sampler sampler(options);
    const auto greedy = [&](const std::vector<int>& text) {
        std::vector<bitnet::Logit> likeliest = {{1, 2.0f}, {3, 2.0f}, {4, 1.25f}};
        CHECK(sampler.candidates(7) == likeliest.size());
        return sampler.sample(likeliest, 0, text);
    };
    CHECK(greedy({}) == 1);
    CHECK(greedy({1}) == 3);
    CHECK(greedy({1, 1}) == 3);
    CHECK(greedy({3, 1}) == 4);
    CHECK(greedy({1, 0, 6}) == 1); // which is too long ago
    // A logit below 0 falls too, and no further than floats go.
    CHECK(Sampler({.temperature = 0.0f, .repeat_penalty = 1e30f})
              .sample(std::vector<bitnet::Logit>{{5, -1e20f}, {2, -2e20f}}, 0, std::vector{5}) ==
          2);
}

TEST_CASE("as many candidates as the penalty may let fall") {
    CHECK(Sampler({.temperature = 0.0f}).candidates(100) == 1);
    CHECK(Sampler({.temperature = 0.0f, .repeat_penalty = 1.5f}).candidates(100) == 65);
    CHECK(Sampler({.top_k = 40, .repeat_penalty = 1.5f, .repeat_last = 10}).candidates(100) == 50);
    CHECK(Sampler({.top_k = 40, .repeat_penalty = 1.5f}).candidates(100) == 100);
    CHECK(Sampler({.top_k = 40}).candidates(100) == 40);
    CHECK(Sampler({.top_k = 0, .repeat_penalty = 1.5f}).candidates(100) == 100);
    constexpr std::size_t all = std::numeric_limits<std::size_t>::max();
    CHECK(Sampler({.top_k = all, .repeat_penalty = 1.5f, .repeat_last = all}).candidates(100) ==
          100);
}

TEST_CASE("all together, against plain loops over all tokens") {
    std::mt19937 random(5);
    const auto pick = [&](auto... values) {
        const float choices[] = {static_cast<float>(values)...};
        return choices[random() % std::size(choices)];
    };
    std::size_t repeated = 0;
    for (std::uint32_t step = 0; step < 3000; ++step) {
        std::vector<float> of(30);
        for (float& logit : of)
            logit = static_cast<float>(static_cast<int>(random() % 33) - 16) / 4;
        std::vector<int> text(random() % 20);
        for (int& id : text) id = static_cast<int>(random() % of.size());
        const SamplerOptions options = {
            .temperature = pick(0.0, 0.5, 1.0, 2.0),
            .top_k = static_cast<std::size_t>(pick(0, 1, 5, 12)),
            .top_p = pick(0.3, 0.9, 1.0),
            .min_p = pick(0.0, 0.05, 0.5),
            .repeat_penalty = pick(1.0, 1.1, 2.0),
            .repeat_last = static_cast<std::size_t>(pick(0, 3, 64)),
            .seed = random(),
        };
        Sampler sampler(options);
        const int got = sample(sampler, of, step, text);
        CAPTURE(step);
        REQUIRE(got == plain_loops(options, of, text, step));
        SamplerOptions without = options;
        without.repeat_penalty = 1.0f;
        repeated += got != plain_loops(without, of, text, step);
    }
    CHECK(repeated > 200); // the penalty is seen to count
}

TEST_CASE("min-p and penalties outside their ranges are refused") {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const float inf = std::numeric_limits<float>::infinity();
    for (const float min_p : {nan, inf, -0.5f, 1.5f}) {
        CHECK_THROWS_AS(Sampler({.min_p = min_p}), UserError);
    }
    for (const float penalty : {nan, inf, -1.0f, 0.0f, 0.9f}) {
        CHECK_THROWS_AS(Sampler({.repeat_penalty = penalty}), UserError);
    }
}
