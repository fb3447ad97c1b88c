// SPDX-License-Identifier: MIT
// The tokens that follow a text, one a call. Who asks decides what to do with them: `bitnet
// generate` prints them, `bitnet chat` lets the user go on, the page of examples/wasm shows them
// and may stop.
#pragma once

#include "prompt_lookup.hpp"
#include "sampler.hpp"
#include "transformer.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace bitnet::example {

/// Positions that a text takes where nobody says how many, and the model's limit is not lower.
constexpr std::size_t usual_context = 4096;

/// A draft and the token before it are one batch.
constexpr std::size_t longest_draft = prompt_batch - 1;

struct GeneratorOptions {
    std::optional<std::size_t> count = {}; // tokens to generate; default: as many as fit
    // positions of the KV cache; default: what is needed, as if count were usual_context where it
    // is not given
    std::optional<std::size_t> context = {};
    KvType kv = default_kv;     // how the cache keeps keys and values
    bool ignore_eos = false;    // else the text's end is the last token
    std::vector<int> stop = {}; // tokens that are such an end, beside the model's own
    // Tokens that a draft may have; 0: no drafts. The text is the same, to the token, since one
    // token and a batch give the same bits: only those are taken that the sampler chooses as well.
    std::size_t draft = 0;
    // Is given the logits (vocab) of each token of the text that is run, once and in order: of the
    // last token they are what the next one is sampled from.
    std::function<void(std::span<const float>)> logits = {};
    // Asked while prefill() runs, before each batch at least. Where it says so prefill() stops,
    // next() gives none, and a later call goes on.
    std::function<bool()> interrupted = {};
    std::size_t threads = 1;
};

/// `wanted`, or else min(limit, usual_context). UserError when that is 0 or above the limit.
std::size_t context_of(const Config& config, std::optional<std::size_t> wanted);

/// What drafts were good for, since the Generator was made.
struct DraftCounts {
    std::size_t batches = 0;  // that ran for tokens after the first
    std::size_t drafted = 0;  // tokens in them that the text did not have yet
    std::size_t accepted = 0; // of these, how many are what was sampled
};

class Generator {
public:
    /// Borrows from `file`, which must outlive it. UserError when the prompt does not fit the
    /// context, a draft is too long, or the model is not sound. pre: ids below vocab; a prompt
    /// without a token goes with a context
    Generator(const ModelFile& file, Sampler sampler, std::vector<int> prompt,
              const GeneratorOptions& options);

    /// Runs what the text has beyond what was run. Else the next next() does; to be timed.
    void prefill();
    /// The next token; none after the last, or where prefill() was interrupted. pre: the text has a
    /// token
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
    const DraftCounts& drafts() const noexcept { return drafts_; }
    std::size_t threads() const noexcept { return model_.threads(); }
    void observe(Observer* observer) noexcept { model_.observe(observer); }
    /// Whether it ended before it made as many as were asked for, without the end of the text.
    bool ran_out_of_context() const noexcept {
        return options_.count.value_or(0) > count_ && generated_ == count_ && !ended_;
    }

private:
    std::size_t tokens_to_come() const noexcept; // of options.count, what fits
    void run_batch();

    const Config& config_;
    GeneratorOptions options_;
    Sampler sampler_;
    std::vector<int> text_;
    std::size_t count_; // tokens_to_come(), when the last of the text was given
    Transformer model_;
    std::size_t candidates_;
    PromptLookup lookup_;
    std::vector<int> batch_; // what the model ran last: tokens of the text, and maybe a draft
    // Tokens of the text that were run, and whose logits were looked at. The model's position may
    // be beyond: then what follows them in the batch is a draft that was right so far.
    std::size_t run_ = 0;
    std::span<const Logit> likeliest_; // after these
    std::size_t right_ = 0;            // tokens of the last draft that were accepted
    DraftCounts drafts_;
    std::size_t generated_ = 0;
    std::uint32_t step_ = 0; // tokens that were sampled
    bool ended_ = false;
};

} // namespace bitnet::example
