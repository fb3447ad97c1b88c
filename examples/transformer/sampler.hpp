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
    std::size_t top_k = 0;    // only the k likeliest tokens; 0: all
    float top_p = 0.9f;       // in (0, 1]: only the likeliest that together reach p; 1: all
    std::uint64_t seed = 1;
};

class Sampler {
public:
    /// UserError for options outside their ranges.
    explicit Sampler(const SamplerOptions& options);

    /// How many of the likeliest tokens sample() wants to be given.
    std::size_t candidates(std::size_t vocab) const noexcept;
    /// likeliest: finite logits of candidates(vocab) tokens, the largest first, of equal ones the
    /// lowest id. `step` counts the tokens sampled so far: it and the seed are all that the random
    /// number depends on.
    int sample(std::span<const Logit> likeliest, std::uint32_t step);

private:
    SamplerOptions options_;
    std::vector<float> weights_; // exp((logit - largest) / temperature), likeliest first
};

} // namespace bitnet::example
