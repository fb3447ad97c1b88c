// SPDX-License-Identifier: MIT
// A model in a GGUF file: its metadata as a Config, its tensors by our names.
#pragma once

#include "checkpoint.hpp"
#include "gguf.hpp"

namespace bitnet::example {

/// The checkpoint's tensors are bytes of the file, which must outlive it. UserError when the file
/// asks for anything that Config cannot say: then another model would run.
Checkpoint checkpoint_of(const GgufFile& file);

/// The vocabulary of the file; none where it has no tokens.
std::optional<GgufVocabulary> vocabulary_of(const GgufFile& file);

/// What metadata says about special tokens and chat: bos, eos, add_bos, chat_template of `config`.
void read_special_tokens(const GgufFile& file, const std::optional<GgufVocabulary>& vocabulary,
                         Config& config);

} // namespace bitnet::example
