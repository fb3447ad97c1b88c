// SPDX-License-Identifier: MIT
// The penalty of what was said, temperature, top-k, top-p and min-p.
#include "sampler.hpp"

#include "error.hpp"

#include <bitnet/dispatch.hpp>
#include <bitnet/math.hpp>
#include <bitnet/random.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace bitnet::example {

Sampler::Sampler(const SamplerOptions& options) : options_(options) {
    if (!std::isfinite(options.temperature) || options.temperature < 0.0f) {
        throw UserError("the temperature must be a finite number of at least 0");
    }
    if (!(options.top_p > 0.0f && options.top_p <= 1.0f)) {
        throw UserError("top-p must be above 0 and at most 1");
    }
    if (!(options.min_p >= 0.0f && options.min_p <= 1.0f)) {
        throw UserError("min-p must be from 0 to 1");
    }
    if (!std::isfinite(options.repeat_penalty) || options.repeat_penalty < 1.0f) {
        throw UserError("the repetition penalty must be a finite number of at least 1");
    }
}

std::size_t Sampler::candidates(std::size_t vocab) const noexcept {
    const bool greedy = options_.temperature == 0.0f;
    if (!greedy && options_.top_k == 0) return vocab;
    const std::size_t wanted = std::min(greedy ? 1 : options_.top_k, vocab);
    // Of so many more, those without a penalty are enough.
    const std::size_t fall = options_.repeat_penalty != 1.0f ? options_.repeat_last : 0;
    return wanted + std::min(fall, vocab - wanted);
}

std::span<const Logit> Sampler::penalize(std::span<const Logit> likeliest,
                                         std::span<const int> text) {
    const std::span<const int> last = text.last(std::min(text.size(), options_.repeat_last));
    said_.assign(last.begin(), last.end());
    std::sort(said_.begin(), said_.end());
    penalized_.assign(likeliest.begin(), likeliest.end());
    for (Logit& logit : penalized_) {
        if (!std::binary_search(said_.begin(), said_.end(), static_cast<int>(logit.row))) continue;
        const float penalty = options_.repeat_penalty;
        logit.value = logit.value > 0.0f
                          ? logit.value / penalty
                          : std::max(logit.value * penalty, std::numeric_limits<float>::lowest());
    }
    std::sort(penalized_.begin(), penalized_.end(), [](const Logit& a, const Logit& b) {
        return a.value != b.value ? a.value > b.value : a.row < b.row;
    });
    return penalized_;
}

int Sampler::sample(std::span<const Logit> likeliest, std::uint32_t step,
                    std::span<const int> text) {
    if (options_.repeat_penalty != 1.0f) likeliest = penalize(likeliest, text);
    if (options_.temperature == 0.0f) return static_cast<int>(likeliest.front().row);
    if (options_.top_k != 0)
        likeliest = likeliest.first(std::min(options_.top_k, likeliest.size()));
    // Sums in double and in this order: adding floats to it is exact enough to be the same
    // anywhere.
    const float largest = likeliest.front().value;
    double total = 0.0;
    weights_.clear();
    for (const Logit& logit : likeliest) {
        weights_.push_back(
            bitnet::exp<isa::dynamic>((logit.value - largest) / options_.temperature));
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
    if (options_.min_p > 0.0f) {
        while (weights_.back() < options_.min_p) weights_.pop_back(); // the first is 1
        total = 0.0;
        for (const float weight : weights_) total += weight;
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
