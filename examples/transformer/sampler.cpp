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

std::size_t Sampler::candidates(std::size_t vocab) const noexcept {
    if (options_.temperature == 0.0f) return 1;
    return options_.top_k != 0 ? std::min(options_.top_k, vocab) : vocab;
}

int Sampler::sample(std::span<const Logit> likeliest, std::uint32_t step) {
    if (options_.temperature == 0.0f) return static_cast<int>(likeliest.front().row);
    // Sums in double and in this order: adding floats to it is exact enough to be the same
    // anywhere.
    const float largest = likeliest.front().value;
    double total = 0.0;
    weights_.clear();
    for (const Logit& logit : likeliest) {
        weights_.push_back(bitnet::exp((logit.value - largest) / options_.temperature));
        total += weights_.back();
    }
    if (options_.top_p < 1.0f) {
        const double enough = total * static_cast<double>(options_.top_p);
        double sum = 0.0;
        std::size_t kept = 0;
        while (kept < weights_.size() && sum < enough) sum += weights_[kept++];
        weights_.resize(kept);
        total = sum;
    }

    const double target = static_cast<double>(uniform(options_.seed, 0, step, 0)) * total;
    double sum = 0.0;
    std::size_t chosen = 0;
    for (; chosen + 1 < weights_.size(); ++chosen) {
        sum += weights_[chosen];
        if (target < sum) break;
    }
    return static_cast<int>(likeliest[chosen].row);
}

} // namespace bitnet::example
