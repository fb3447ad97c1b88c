// SPDX-License-Identifier: MIT
// `bitnet convert`: another project's model file becomes a .bitnet file.
#pragma once

#include "convert_tensor.hpp"
#include "loaded_model.hpp"

#include <string>

namespace bitnet::example {

struct ConvertCommand {
    std::string in;  // a GGUF file or a directory
    std::string out; // path
    ConvertOptions options;
};

/// Writes the file, reads it again and checks all of it.
void convert(const ConvertCommand& command);

/// To stderr, a line each.
void print_notes(const std::vector<std::string>& notes);

} // namespace bitnet::example
