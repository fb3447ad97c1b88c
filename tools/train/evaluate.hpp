// SPDX-License-Identifier: MIT
// The trainer's own reading of a .bitnet file: a second forward pass beside the program's, in plain
// f32, that shares with it only the file reader, the tokenizer and the library. A test holds the
// two together.
#pragma once

#include <cstddef>
#include <string>

namespace bitnet::train {

struct Score {
    double nll = 0.0; // nats, summed
    std::size_t tokens = 0;
    std::size_t bytes = 0; // of the scored tokens
};

/// Scores BOS + tokens + EOS of every story, BOS not scored; what lies beyond the model's context
/// is left out. Throws on a file that cannot be read.
Score score_file(const std::string& model, const std::string& text);

} // namespace bitnet::train
