// SPDX-License-Identifier: MIT
// The tokens that a command begins with.
#pragma once

#include "model_file.hpp"
#include "tokenizer.hpp"

#include <optional>
#include <string>
#include <vector>

namespace bitnet::example {

struct Prompt {
    std::string text;               // BOS is put before it where the model wants it
    std::optional<std::string> ids; // in place of text; nothing is put before them
};

/// At least one. UserError for ids that are none, and where the model has no tokenizer for the
/// text.
std::vector<int> prompt_tokens(const Prompt& prompt, const ModelFile& file,
                               const std::optional<Tokenizer>& tokenizer);

} // namespace bitnet::example
