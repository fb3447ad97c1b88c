// SPDX-License-Identifier: MIT
// The tokens that follow a text, one a call. Who asks decides what to do with them: `bitnet
// generate` prints them, `bitnet chat` lets the user go on, the page of examples/wasm shows them
// and may stop.
#pragma once

#include "sampler.hpp"
#include "transformer.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace bitnet::example {

/// Positions that a text takes where nobody says how many, and the model's limit is not lower.
constexpr std::size_t usual_context = 4096;

struct GeneratorOptions {
    std::optional<std::size_t> count = {}; // tokens to generate; default: as many as fit
    // positions of the KV cache; default: what is needed, as if count were usual_context where it
    // is not given
    std::optional<std::size_t> context = {};
    bool ignore_eos = false;    // else the text's end is the last token
    std::vector<int> stop = {}; // tokens that are such an end, beside the model's own
    std::size_t threads = 1;
};

/// `wanted`, or else min(limit, usual_context). UserError when that is 0 or above the limit.
std::size_t context_of(const Config& config, std::optional<std::size_t> wanted);

class Generator {
public:
    /// Borrows from `file`, which must outlive it. UserError when the prompt does not fit the
    /// context, or the model is not sound. pre: ids below vocab; a prompt without a token goes
    /// with a context
    Generator(const ModelFile& file, Sampler sampler, std::vector<int> prompt,
              const GeneratorOptions& options);

    /// Runs what the text has beyond what was run. Else the next next() does; to be timed.
    void prefill();
    /// The next token; none after the last. pre: the text has a token
    std::optional<int> next();

    /// Goes on with the text, which ends before the token that was the end, if there was one; then
    /// next() gives `count` tokens again. False, and nothing changes, when they do not fit.
    bool add(std::span<const int> tokens);
    /// As if it were new, with no prompt.
    void restart();

    /// Prompt, what was added and what was generated, but no end.
    const std::vector<int>& text() const noexcept { return text_; }
    std::size_t context() const noexcept { return model_.limits().context; }
    /// How many tokens add() takes.
    std::size_t room() const noexcept { return context() - std::min(text_.size(), context()); }
    /// Whether the last token was the end of the text.
    bool ended() const noexcept { return ended_; }
    /// Tokens since the prompt, or since the last add().
    std::size_t generated() const noexcept { return generated_; }
    std::size_t threads() const noexcept { return model_.threads(); }
    /// Whether it ended before it made as many as were asked for, without the end of the text.
    bool ran_out_of_context() const noexcept {
        return options_.count.value_or(0) > count_ && generated_ == count_ && !ended_;
    }

private:
    std::size_t tokens_to_come() const noexcept; // of options.count, what fits

    const Config& config_;
    GeneratorOptions options_;
    Sampler sampler_;
    std::vector<int> text_;
    std::size_t count_; // tokens_to_come(), when the last of the text was given
    Transformer model_;
    std::size_t candidates_;
    std::span<const Logit> likeliest_;
    std::size_t generated_ = 0;
    std::uint32_t step_ = 0; // tokens that were sampled
    bool ended_ = false;
};

} // namespace bitnet::example
