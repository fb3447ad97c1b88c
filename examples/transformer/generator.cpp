// SPDX-License-Identifier: MIT
// What is new of a text in batches, then token by token, or with drafts.
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
    if (options.draft > longest_draft) {
        throw UserError("a draft of " + std::to_string(options.draft) +
                        " tokens was asked for, the most is " + std::to_string(longest_draft));
    }
    batch = std::min({std::max(batch, options.draft + 1), context, prompt_batch});
    const std::size_t logit_rows = options.logits ? batch : std::min(options.draft + 1, batch);
    return {.context = context, .batch = batch, .logit_rows = logit_rows, .kv = options.kv};
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
    if (run_ == text_.size()) return;
    while (run_ < text_.size()) {
        if (options_.interrupted && options_.interrupted()) return;
        if (run_ == model_.position()) run_batch();
        const std::size_t end = std::min(model_.position(), text_.size());
        for (; run_ < end; ++run_) {
            if (options_.logits) options_.logits(model_.logits(run_));
        }
    }
    likeliest_ = model_.likeliest(candidates_, run_ - 1);
}

// What the text has beyond run_, as much of it as a batch takes; behind a token that was generated,
// a draft: no longer than what is still to come, nor than one token more than twice what was right
// of the draft before. A wrong one costs little then, and a text that repeats itself has long ones.
void Generator::run_batch() {
    const std::span<const int> rest = std::span<const int>(text_).subspan(run_);
    const std::span<const int> first = rest.first(std::min(rest.size(), model_.limits().batch));
    batch_.assign(first.begin(), first.end());
    if (generated_ > 0) {
        const std::size_t to_come = count_ - std::min(count_, generated_ + 1);
        const std::size_t most = std::min({options_.draft, 2 * right_ + 1, to_come});
        if (most > 0) lookup_.append_draft(text_, most, batch_);
        if (batch_.size() > first.size()) right_ = 0;
        ++drafts_.batches;
        drafts_.drafted += batch_.size() - first.size();
    }
    const bool of_many = options_.logits || batch_.size() > first.size();
    const bool together = of_many && model_.gains_by_logits_together();
    model_.forward(batch_, together ? Logits::all : Logits::none);
}

std::optional<int> Generator::next() {
    if (generated_ == count_ || ended_) return std::nullopt;
    prefill();
    if (run_ < text_.size()) return std::nullopt; // interrupted
    const int id = sampler_.sample(likeliest_, step_++, text_);
    ++generated_;
    const bool stop = config_.ends_text(id) || std::find(options_.stop.begin(), options_.stop.end(),
                                                         id) != options_.stop.end();
    ended_ = stop && !options_.ignore_eos;
    const std::size_t drafted = model_.position() - run_; // that the model ran behind the text
    const bool accepted = drafted != 0 && id == batch_[batch_.size() - drafted];
    if (accepted) {
        ++right_;
        ++drafts_.accepted;
    }
    if (!accepted || ended_) model_.rewind(run_);
    if (!ended_) text_.push_back(id);
    return id;
}

bool Generator::add(std::span<const int> tokens) {
    if (tokens.size() > room()) return false;
    model_.rewind(run_); // the user's words are no draft
    text_.insert(text_.end(), tokens.begin(), tokens.end());
    count_ = tokens_to_come();
    generated_ = 0;
    ended_ = false;
    return true;
}

void Generator::restart() {
    model_.restart();
    lookup_.clear();
    text_.clear();
    run_ = 0;
    right_ = 0;
    generated_ = 0;
    step_ = 0;
    ended_ = false;
    count_ = 0;
}

} // namespace bitnet::example
