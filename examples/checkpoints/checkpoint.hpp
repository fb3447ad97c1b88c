// SPDX-License-Identifier: MIT
// A model as files of other projects hold it: a GGUF file, or a directory of Hugging Face's. Names
// and shapes are those of docs/formats.md, weights still the bytes of the file.
//
// The readers treat files as hostile. A Checkpoint that they return has every tensor that its
// config asks for and no other, each of the shape that the config says and with all of its bytes.
#pragma once

#include "config.hpp"
#include "gguf_vocabulary.hpp"
#include "mapped_file.hpp"
#include "source_types.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bitnet::example {

struct SourceTensor {
    std::string name;   // "model.layers.0.self_attn.q_proj.weight"
    std::string source; // its name in the file, for messages: "blk.0.attn_q.weight"
    SourceType type = SourceType::f32;
    std::size_t rows = 0; // a vector is one row
    std::size_t cols = 0;
    std::span<const std::byte> bytes; // aligned to nothing; a row is whole blocks of its type
    float factor = 1.0f;              // a weight is the value of the bytes times this
    bool master = false; // floats that training kept: the weights are their absmean ternary values
};

struct Checkpoint {
    std::string label; // the path
    Config config;     // without a tokenizer: which tensor will hold it is not the source's matter
    std::vector<SourceTensor> tensors; // in the order of docs/formats.md

    std::optional<GgufVocabulary> vocabulary; // of a GGUF file that has one
    std::string tokenizer_file; // of a directory: its tokenizer.json or tokenizer.model, or empty

    std::vector<std::string> notes; // what a user should know, a sentence each

    // The owners of what the tensors' bytes are: they may be moved, and are not for use.
    std::vector<MappedFile> files;
    std::vector<std::vector<std::byte>> copies; // of rows in another order

    const SourceTensor* find(std::string_view name) const noexcept; // nullptr: no such tensor
};

/// YaRN as it is without further words: attention 0.1 ln(factor) + 1.
YarnScaling yarn_scaling(float factor, std::size_t original_context);

/// UserError when `config` is none that a .bitnet file can have.
void check_config(const Config& config);

/// A GGUF file, or a directory with config.json. UserError begins with the path and names the
/// tensor or the key that is wrong.
Checkpoint read_checkpoint(const std::string& path);

} // namespace bitnet::example
