// SPDX-License-Identifier: MIT
// The tokens that follow a prompt, one a call. Who asks decides what to do with them: `bitnet
// generate` prints them, the page of examples/wasm shows them and may stop.
#pragma once

#include "sampler.hpp"
#include "transformer.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace bitnet::example {

struct GeneratorOptions {
    std::optional<std::size_t> count; // tokens to generate; default: as many as fit
    bool ignore_eos = false;          // else the text's end is the last token
    std::size_t threads = 1;
};

class Generator {
public:
    /// Borrows from `file`, which must outlive it. UserError when the prompt does not fit the
    /// model's context, or the model is not sound. pre: the prompt has a token, ids below vocab
    Generator(const ModelFile& file, Sampler sampler, std::vector<int> prompt,
              const GeneratorOptions& options);

    /// Runs the prompt. Call it once, before next(); no need where no token is wanted.
    void prefill();
    /// The next token; none after the last.
    std::optional<int> next();

    const std::vector<int>& prompt() const noexcept { return prompt_; }
    /// Whether the last token was the end of the text.
    bool ended() const noexcept { return ended_; }
    std::size_t generated() const noexcept { return generated_; }
    std::size_t threads() const noexcept { return model_.threads(); }
    /// Whether it ended before it made as many as were asked for, without the end of the text.
    bool ran_out_of_context() const noexcept { return cut_ && generated_ == count_ && !ended_; }

private:
    const Config& config_;
    Sampler sampler_;
    std::vector<int> prompt_;
    bool ignore_eos_;
    std::size_t room_;  // tokens that the context holds beyond the prompt
    std::size_t count_; // of options.count, what the room holds
    bool cut_;          // that is less
    Transformer model_;
    std::size_t candidates_;
    std::span<const Logit> likeliest_;
    std::size_t generated_ = 0;
    int last_ = 0;
    bool ended_ = false;
};

} // namespace bitnet::example
