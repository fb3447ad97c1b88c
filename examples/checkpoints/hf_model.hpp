// SPDX-License-Identifier: MIT
// A model in a directory of Hugging Face's: config.json and what lies beside it.
#pragma once

#include "checkpoint.hpp"
#include "safetensors.hpp"

#include <string>
#include <vector>

namespace bitnet::example {

/// What such a directory holds; a text is empty where its file is missing.
struct HfDirectory {
    std::string label;             // its path
    std::string config;            // config.json
    std::string generation_config; // generation_config.json
    std::string tokenizer_config;  // tokenizer_config.json
    std::string chat_template;     // chat_template.jinja
    std::vector<SafetensorsFile> weights;
};

/// The checkpoint's tensors are bytes of the files, which must outlive it. UserError when the
/// directory asks for something that Config cannot say, by a tensor or by a key that is known to
/// change the model: then another model would run.
Checkpoint checkpoint_of(const HfDirectory& directory);

/// Its files, mapped: the checkpoint owns them.
Checkpoint read_hf_directory(const std::string& path);

} // namespace bitnet::example
