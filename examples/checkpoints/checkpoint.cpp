// SPDX-License-Identifier: MIT
// Which reader a path is for, and what all of them check.
#include "checkpoint.hpp"

#include "error.hpp"
#include "gguf_model.hpp"
#include "hf_model.hpp"
#include "system_text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <system_error>
#include <utility>

namespace bitnet::example {

const SourceTensor* Checkpoint::find(std::string_view name) const noexcept {
    const auto found = std::find_if(tensors.begin(), tensors.end(),
                                    [&](const SourceTensor& t) { return t.name == name; });
    return found == tensors.end() ? nullptr : &*found;
}

YarnScaling yarn_scaling(float factor, std::size_t original_context) {
    const auto attention = static_cast<float>(0.1 * std::log(static_cast<double>(factor)) + 1);
    return {factor, static_cast<double>(original_context), attention};
}

void check_config(const Config& config) {
    try {
        static_cast<void>(parse_config(config_json(config)));
    } catch (const nlohmann::json::exception&) {
        throw UserError("config: the chat template is no UTF-8");
    }
}

Checkpoint read_checkpoint(const std::string& path) {
    Checkpoint checkpoint;
    std::error_code error;
    if (std::filesystem::is_directory(as_path(path), error)) {
        checkpoint = read_hf_directory(path);
    } else {
        MappedFile file{InputFile(path)};
        checkpoint = checkpoint_of(GgufFile(path, file.bytes()));
        checkpoint.files.push_back(std::move(file));
    }
    if (checkpoint.config.eos.empty()) {
        checkpoint.notes.push_back("no token of the model ends a text");
    }
    return checkpoint;
}

} // namespace bitnet::example
