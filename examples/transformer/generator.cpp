// SPDX-License-Identifier: MIT
// What is new of a text in batches, then token by token.
#include "generator.hpp"

#include "error.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace bitnet::example {
namespace {

std::string positions(std::size_t count) {
    return std::to_string(count) + (count == 1 ? " position" : " positions");
}

// The last token is never fed back, so a text may have one more than there are positions.
std::size_t most_after(std::size_t context, std::size_t tokens) noexcept {
    return context - tokens + 1;
}

Limits limits_of(const Config& config, std::size_t prompt, const GeneratorOptions& options) {
    std::size_t context = config.max_context;
    if (options.context) context = context_of(config, options.context);
    if (prompt > context) {
        throw UserError("the prompt has " + std::to_string(prompt) + " tokens, " +
                        (options.context ? "the context" : "the model's context") + " holds " +
                        std::to_string(context));
    }
    std::size_t batch = prompt_batch;
    if (!options.context) {
        const std::size_t count = options.count.value_or(usual_context);
        context =
            prompt + std::min(std::max<std::size_t>(count, 1), most_after(context, prompt)) - 1;
        batch = prompt;
    }
    return {.context = context, .batch = std::min({batch, context, prompt_batch})};
}

} // namespace

std::size_t context_of(const Config& config, std::optional<std::size_t> wanted) {
    const std::size_t context = wanted.value_or(std::min(config.max_context, usual_context));
    if (context == 0 || context > config.max_context) {
        throw UserError("a context of " + positions(context) +
                        " was asked for, the model's limit is " +
                        std::to_string(config.max_context));
    }
    return context;
}

Generator::Generator(const ModelFile& file, Sampler sampler, std::vector<int> prompt,
                     const GeneratorOptions& options)
    : config_(file.config()), options_(options), sampler_(std::move(sampler)),
      text_(std::move(prompt)), count_(0),
      model_(file, limits_of(config_, text_.size(), options_), options.threads),
      candidates_(sampler_.candidates(config_.vocab)) {
    count_ = tokens_to_come();
}

std::size_t Generator::tokens_to_come() const noexcept {
    const std::size_t fit = most_after(context(), text_.size());
    return std::min(options_.count.value_or(fit), fit);
}

void Generator::prefill() {
    if (model_.position() == text_.size()) return;
    model_.prefill(std::span<const int>(text_).subspan(model_.position()), Logits::none);
    likeliest_ = model_.likeliest(candidates_);
}

std::optional<int> Generator::next() {
    if (generated_ == count_ || ended_) return std::nullopt;
    prefill();
    const int id = sampler_.sample(likeliest_, step_++, text_);
    ++generated_;
    const bool stop = config_.ends_text(id) || std::find(options_.stop.begin(), options_.stop.end(),
                                                         id) != options_.stop.end();
    ended_ = stop && !options_.ignore_eos;
    if (!ended_) text_.push_back(id);
    return id;
}

bool Generator::add(std::span<const int> tokens) {
    if (tokens.size() > room()) return false;
    text_.insert(text_.end(), tokens.begin(), tokens.end());
    count_ = tokens_to_come();
    generated_ = 0;
    ended_ = false;
    return true;
}

void Generator::restart() {
    model_.restart();
    text_.clear();
    generated_ = 0;
    step_ = 0;
    ended_ = false;
    count_ = 0;
}

} // namespace bitnet::example
