// SPDX-License-Identifier: MIT
// Greedy, temperature, top-k and top-p sampling.
#include "sampler.hpp"

#include "error.hpp"

#include <bitnet/math.hpp>
#include <bitnet/random.hpp>

#include <algorithm>
#include <cmath>

namespace bitnet::example {

Sampler::Sampler(const SamplerOptions& options) : options_(options) {
    if (!std::isfinite(options.temperature) || options.temperature < 0.0f) {
        throw UserError("the temperature must be a finite number of at least 0");
    }
    if (!(options.top_p > 0.0f && options.top_p <= 1.0f)) {
        throw UserError("top-p must be above 0 and at most 1");
    }
}

int Sampler::sample(std::span<const float> logits, std::uint32_t step) {
    candidates_.resize(logits.size());
    for (std::size_t id = 0; id < logits.size(); ++id) {
        if (!std::isfinite(logits[id])) {
            throw UserError("the model yields NaN or infinity");
        }
        candidates_[id] = {logits[id], static_cast<int>(id)};
    }
    const auto likelier = [](const Candidate& a, const Candidate& b) {
        return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
    };
    if (options_.temperature == 0.0f) {
        return std::min_element(candidates_.begin(), candidates_.end(), likelier)->id;
    }
    std::sort(candidates_.begin(), candidates_.end(), likelier);
    if (options_.top_k != 0 && options_.top_k < candidates_.size()) {
        candidates_.resize(options_.top_k);
    }

    // Sums in double and in this order: adding floats to it is exact enough to be the same
    // anywhere.
    const float largest = candidates_.front().logit;
    double total = 0.0;
    weights_.clear();
    for (const Candidate& candidate : candidates_) {
        weights_.push_back(bitnet::exp((candidate.logit - largest) / options_.temperature));
        total += weights_.back();
    }
    if (options_.top_p < 1.0f) {
        const double enough = total * static_cast<double>(options_.top_p);
        double sum = 0.0;
        std::size_t kept = 0;
        while (kept < weights_.size() && sum < enough) {
            sum += weights_[kept++];
        }
        weights_.resize(kept);
        total = sum;
    }

    const double target = static_cast<double>(uniform(options_.seed, 0, step, 0)) * total;
    double sum = 0.0;
    std::size_t chosen = 0;
    for (; chosen + 1 < weights_.size(); ++chosen) {
        sum += weights_[chosen];
        if (target < sum) {
            break;
        }
    }
    return candidates_[chosen].id;
}

} // namespace bitnet::example
