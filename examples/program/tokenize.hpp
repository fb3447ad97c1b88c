// SPDX-License-Identifier: MIT
// `bitnet tokenize`: texts to ids, or ids to texts, without running a model.
#pragma once

#include <string>

namespace bitnet::example {

struct TokenizeOptions {
    std::string model;      // path of the model whose tokenizer is taken, when `tokenizer` is empty
    std::string tokenizer;  // path, as read_tokenizer() takes it
    std::string json_lines; // path of the input
    bool bos = false;       // first of all ids
    bool special = false;   // names of special tokens mean these tokens, and are shown
    bool decode = false;    // the other way
};

/// A line to stdout for each line of the input: for a JSON string its ids, separated by spaces, or
/// for ids the JSON string.
void tokenize(const TokenizeOptions& options);

} // namespace bitnet::example
