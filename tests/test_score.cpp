// SPDX-License-Identifier: MIT
// The score of a text against a loop that runs the window of each token from its start, and against
// the formula in double precision.
#include "refusal.hpp"
#include "score.hpp"
#include "tiny_model.hpp"

#include <bitnet/math.hpp>
#include <bitnet/random.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

using namespace bitnet::example;
using support::refusal;
using Ids = std::vector<int>;

namespace {

Ids document(std::size_t length) {
    Ids ids;
    for (std::uint32_t i = 0; i < length; ++i) {
        ids.push_back(static_cast<int>(bitnet::random_bits(5, i, 0, 0) % 264));
    }
    return ids;
}

// ids[t] after the window that the formula gives it, in a model of its own.
double plain_nll(const ModelFile& file, const Ids& ids, const Windows& windows) {
    double nll = 0;
    for (std::size_t t = 1; t < ids.size(); ++t) {
        std::size_t begin = 0;
        while (begin + windows.context < t) begin += windows.stride;
        Transformer model(file, {.context = windows.context}, 1);
        bitnet::Matrix<const float> logits{nullptr, 0, 0};
        for (std::size_t i = begin; i < t; ++i) logits = model.forward({&ids[i], 1}, Logits::last);
        const float largest = *std::max_element(logits.data, logits.data + logits.cols);
        double sum = 0;
        for (std::size_t i = 0; i < logits.cols; ++i) {
            sum += static_cast<double>(bitnet::exp<Isa>(logits.data[i] - largest));
        }
        const auto target = static_cast<std::size_t>(ids[t]);
        nll += static_cast<double>(bitnet::log<Isa>(static_cast<float>(sum))) +
               static_cast<double>(largest) - static_cast<double>(logits.data[target]);
    }
    return nll;
}

} // namespace

TEST_CASE("a score is that of windows which are run anew, token by token") {
    const tiny::Aligned bytes(tiny::make({.seed = 31}).file());
    const ModelFile file("tiny", bytes.bytes());
    for (const std::size_t length : {1u, 2u, 9u, 10u, 11u, 23u, 40u}) {
        const Ids ids = document(length);
        for (const Windows windows :
             {Windows{1, 1}, Windows{2, 1}, Windows{2, 2}, Windows{9, 1}, Windows{9, 4},
              Windows{9, 5}, Windows{9, 9}, Windows{10, 7}, Windows{22, 3}, Windows{80, 40}}) {
            CAPTURE(length, windows.context, windows.stride);
            const double expected = plain_nll(file, ids, windows);
            for (const std::size_t batch : {1u, 4u, 64u}) {
                CAPTURE(batch);
                Transformer model(file,
                                  {.context = std::min(windows.context, length),
                                   .batch = batch,
                                   .logit_rows = batch},
                                  1 + batch % 2);
                for (int round = 0; round < 2; ++round) { // a document after another
                    CHECK(negative_log_likelihood(model, ids, windows) == expected);
                }
            }
        }
    }
}

TEST_CASE("a score is the mathematics' own, nearly") {
    const tiny::Model tiny = tiny::make({.seed = 31});
    const tiny::Aligned bytes(tiny.file());
    const ModelFile file("tiny", bytes.bytes());
    const Ids ids = document(20);
    const auto logits = tiny::logits<double>(tiny, ids);
    double expected = 0;
    for (std::size_t t = 1; t < ids.size(); ++t) {
        double sum = 0;
        for (const double logit : logits[t - 1]) sum += std::exp(logit);
        expected += std::log(sum) - logits[t - 1][static_cast<std::size_t>(ids[t])];
    }
    Transformer model(file, {.context = 20, .batch = 20, .logit_rows = 20}, 1);
    CHECK(std::abs(negative_log_likelihood(model, ids, {20, 10}) - expected) < 0.01 * expected);
}

TEST_CASE("windows: what is asked for, or the limit and half of it") {
    const Config config = tiny::make({}).config;
    const auto of = [&](std::optional<std::size_t> context, std::optional<std::size_t> stride) {
        const Windows windows = Windows::of(config, context, stride);
        return std::vector{windows.context, windows.stride};
    };
    CHECK(of({}, {}) == std::vector<std::size_t>{80, 40});
    CHECK(of(7, {}) == std::vector<std::size_t>{7, 4});
    CHECK(of(1, {}) == std::vector<std::size_t>{1, 1});
    CHECK(of(7, 7) == std::vector<std::size_t>{7, 7});
    CHECK(of({}, 80) == std::vector<std::size_t>{80, 80});
    CHECK(refusal([&] { of(0, {}); }) ==
          "a context of 0 positions was asked for, the model's limit is 80");
    CHECK(refusal([&] { of(81, {}); }) ==
          "a context of 81 positions was asked for, the model's limit is 80");
    CHECK(refusal([&] { of(7, 0); }) ==
          "a stride of 0 tokens was asked for, it is 1 to the context of 7");
    CHECK(refusal([&] { of(7, 8); }) ==
          "a stride of 8 tokens was asked for, it is 1 to the context of 7");
}
