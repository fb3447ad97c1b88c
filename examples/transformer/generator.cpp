// SPDX-License-Identifier: MIT
// Prompt in batches, then token by token.
#include "generator.hpp"

#include "error.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

namespace bitnet::example {
namespace {

// The last token is never fed back, so one more than the free positions can be made.
std::size_t room_after(const std::vector<int>& prompt, const Config& config) {
    if (prompt.size() > config.max_context) {
        throw UserError("the prompt has " + std::to_string(prompt.size()) +
                        " tokens, the model's context holds " + std::to_string(config.max_context));
    }
    return config.max_context - prompt.size() + 1;
}

} // namespace

Generator::Generator(const ModelFile& file, Sampler sampler, std::vector<int> prompt,
                     const GeneratorOptions& options)
    : config_(file.config()), sampler_(std::move(sampler)), prompt_(std::move(prompt)),
      ignore_eos_(options.ignore_eos), room_(room_after(prompt_, config_)),
      count_(std::min(options.count.value_or(room_), room_)),
      cut_(options.count.value_or(0) > room_),
      model_(file,
             {.context = prompt_.size() + std::max<std::size_t>(count_, 1) - 1,
              .batch = std::min(prompt_.size(), prompt_batch)},
             options.threads),
      candidates_(sampler_.candidates(config_.vocab)) {}

void Generator::prefill() {
    model_.prefill(prompt_, Logits::none);
    likeliest_ = model_.likeliest(candidates_);
}

std::optional<int> Generator::next() {
    if (generated_ == count_ || ended_) return std::nullopt;
    if (generated_ > 0) {
        model_.forward({&last_, 1}, Logits::none);
        likeliest_ = model_.likeliest(candidates_);
    }
    last_ = sampler_.sample(likeliest_, static_cast<std::uint32_t>(generated_++));
    ended_ = !ignore_eos_ && config_.ends_text(last_);
    return last_;
}

} // namespace bitnet::example
