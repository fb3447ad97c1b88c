// SPDX-License-Identifier: MIT
// What a tokenizer.json says besides its tokens and merges.
#pragma once

#include "json_fields.hpp"
#include "vocabulary.hpp"

namespace bitnet::example {

/// The kind of the vocabulary, which "pre_tokenizer", "decoder" and "normalizer" tell together.
Vocabulary::Kind kind_of(const json_fields::Json& root);

/// "normalizer", "pre_tokenizer", "post_processor" and "decoder" into a vocabulary whose kind is
/// known. UserError names a part that is not supported: ignored, it would make other ids.
void read_preparation(const json_fields::Json& root, Vocabulary& vocabulary);

} // namespace bitnet::example
