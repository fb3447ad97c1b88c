// SPDX-License-Identifier: MIT
// Tokenizers from the files that other projects' models come with.
#pragma once

#include "checkpoint.hpp"
#include "tokenizer.hpp"

#include <optional>
#include <string>

namespace bitnet::example {

/// From tokenizer.json, tokenizer.model (of SentencePiece), GPT-2's encoder.json with vocab.bpe
/// beside it, or a directory with one of them, which is looked for in this order. Where the file
/// does not say which token is BOS, the tokenizer_config.json beside it may; else BOS is the
/// special token of a name that has no other use, as "<s>". UserError begins with the path.
Tokenizer read_tokenizer(const std::string& path);

/// The tokenizer of a checkpoint, with the BOS of its config; none where it has none. UserError
/// begins with the path.
std::optional<Tokenizer> tokenizer_of(const Checkpoint& checkpoint);

} // namespace bitnet::example
