// SPDX-License-Identifier: MIT
// Choosing the next token. The same seed gives the same tokens on every machine: the exponential is
// the library's, sums run in a fixed order, and the random numbers are counter-based.
#pragma once

#include <bitnet/screened_head.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace bitnet::example {

struct SamplerOptions {
    float temperature = 0.7f; // finite, >= 0; 0 is greedy: the largest logit, the lowest id on ties
    std::size_t top_k = 40;   // only the k likeliest tokens; 0: all, which reads the whole head
    float top_p = 0.9f;       // in (0, 1]: only the likeliest that together reach p; 1: all
    float min_p = 0.0f;       // in [0, 1]: only tokens at least p times as likely as the likeliest
    float repeat_penalty = 1.0f;  // finite, >= 1: makes the last tokens less likely; 1: off
    std::size_t repeat_last = 64; // how many tokens that is
    std::uint64_t seed = 1;
};

/// Before all else the penalty: the logit x of each token that is among the last `repeat_last` of
/// the text, however often, becomes x / repeat_penalty where x > 0, else x * repeat_penalty. Then
/// the temperature, top-k, top-p of what top-k left, and min-p of what top-p left.
class Sampler {
public:
    /// UserError for options outside their ranges.
    explicit Sampler(const SamplerOptions& options);

    /// How many of the likeliest tokens sample() wants to be given.
    std::size_t candidates(std::size_t vocab) const noexcept;
    /// likeliest: finite logits of candidates(vocab) tokens, the largest first, of equal ones the
    /// lowest id. `step` counts the tokens sampled so far: it and the seed are all that the random
    /// number depends on. `text` is the text so far, the prompt included.
    int sample(std::span<const Logit> likeliest, std::uint32_t step,
               std::span<const int> text = {});

private:
    std::span<const Logit> penalize(std::span<const Logit> likeliest, std::span<const int> text);

    SamplerOptions options_;
    std::vector<int> said_;        // the tokens with a penalty, by id
    std::vector<Logit> penalized_; // the candidates
    std::vector<float> weights_;   // exp((logit - largest) / temperature), likeliest first
};

} // namespace bitnet::example
