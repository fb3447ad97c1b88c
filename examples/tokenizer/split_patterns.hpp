// SPDX-License-Identifier: MIT
// The regular expressions by which known tokenizers cut text, under the names of GGUF files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bitnet::example {

struct SplitRule {
    std::vector<std::string_view> names; // as tokenizer.ggml.pre has them
    std::vector<std::string> patterns;
    bool whole_pieces = false; // a piece that is a token needs no merges
    bool nfc = false;          // text goes into Unicode's normalization form C before
};

/// The rule with that name; nullptr: none has.
const SplitRule* split_rule(std::string_view name);

/// ByteLevel of tokenizer.json, where it splits.
extern const char* const gpt2_pattern;

/// A character of Punctuation of tokenizer.json: Unicode's, and ASCII's symbols.
extern const char* const punctuation_pattern;

} // namespace bitnet::example
