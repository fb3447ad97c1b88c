// SPDX-License-Identifier: MIT
// The vocabulary in the metadata of a GGUF file: tokenizer.ggml.*, each under its own name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bitnet::example {

struct GgufVocabulary {
    std::string model;               // "gpt2": byte-level BPE; "llama": SentencePiece
    std::string pre;                 // how text is cut before the merges; often missing: empty
    std::vector<std::string> tokens; // by id
    std::vector<std::string> merges; // "left right", the first one first; none in SentencePiece
    std::vector<std::int32_t>
        types;                    // per token, or none: 1 normal 2 unknown 3 control 4 user 6 byte
    std::vector<float> scores;    // per token, or none: byte-level BPE has none
    std::optional<int> unknown;   // unknown_token_id
    bool add_space_prefix = true; // SentencePiece: a space before the text
};

} // namespace bitnet::example
