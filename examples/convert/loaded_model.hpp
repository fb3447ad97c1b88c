// SPDX-License-Identifier: MIT
// A model to run, whatever file it comes from.
#pragma once

#include "convert_tensor.hpp"
#include "model_file.hpp"

#include <bitnet/tensor.hpp>

#include <optional>
#include <string>
#include <vector>

namespace bitnet::example {

struct ModelOptions {
    std::string path;
    Loading loading;
    Checks checks = Checks::all;
    ConvertOptions convert; // of a .bitnet file the activations alone
};

class LoadedModel {
public:
    /// A .bitnet file; or a GGUF file or a directory of Hugging Face's, which is converted in
    /// memory, as a .bitnet file with other activations is: `bitnet convert` does that once for
    /// all. UserError begins with the path.
    explicit LoadedModel(const ModelOptions& options);

    const ModelFile& file() const noexcept { return *file_; }
    /// "748 MB read into memory, 746 MB of it in large pages"
    std::string description() const;
    /// What a user should know, a sentence each.
    const std::vector<std::string>& notes() const noexcept { return notes_; }

private:
    // What the writer writes, into memory_, is the file then.
    void convert(const ModelWriter& writer, const ModelOptions& options);

    AlignedBytes memory_;
    std::vector<std::string> notes_;
    std::optional<ModelFile> file_;
};

/// Whether it is a directory or a GGUF file. UserError when it is no file that can be read.
bool is_checkpoint(const std::string& path);

} // namespace bitnet::example
