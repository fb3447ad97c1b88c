// SPDX-License-Identifier: MIT
// The files of a directory of Hugging Face's: texts with caps, and weights in one file or in
// shards.
#include "error.hpp"
#include "hf_model.hpp"
#include "json_object.hpp"
#include "system_text.hpp"
#include "text.hpp"

#include <algorithm>
#include <filesystem>
#include <span>
#include <system_error>
#include <utility>

namespace bitnet::example {
namespace {

constexpr std::size_t max_text = std::size_t{4} << 20; // bytes
constexpr std::size_t max_shards = 1024;

bool exists(const std::string& path) {
    std::error_code error;
    return std::filesystem::exists(as_path(path), error);
}

std::string text_of(const std::string& path) {
    if (!exists(path)) return {};
    const InputFile file(path);
    if (file.size() > max_text) {
        throw UserError(path + ": " + std::to_string(file.size()) + " bytes; the cap is " +
                        std::to_string(max_text));
    }
    std::string text(file.size(), '\0');
    file.read(std::as_writable_bytes(std::span(text)), 1);
    return text;
}

// A name in the index that leads nowhere else.
bool is_plain_name(std::string_view name) {
    return !name.empty() && !name.starts_with('.') &&
           name.find_first_of("/\\:") == std::string_view::npos && printable(name) == name;
}

// The shards that the index names, each once, in the order of their names.
std::vector<std::string> shards_of(const std::string& path, const JsonObject& index) {
    const auto map = index.object("weight_map");
    if (!map) index.refuse("weight_map", "is missing");
    std::vector<std::string> shards;
    for (const std::string& tensor : map->keys()) {
        const std::string shard = map->text(tensor.c_str()).value_or("");
        if (!is_plain_name(shard)) map->refuse(tensor, "names no file of the directory");
        shards.push_back(path + "/" + shard);
    }
    std::sort(shards.begin(), shards.end());
    shards.erase(std::unique(shards.begin(), shards.end()), shards.end());
    if (shards.size() > max_shards) {
        index.refuse("weight_map", "names " + std::to_string(shards.size()) +
                                       " files; the cap is " + std::to_string(max_shards));
    }
    return shards;
}

} // namespace

Checkpoint read_hf_directory(const std::string& path) {
    HfDirectory directory;
    directory.label = path;
    directory.config = text_of(path + "/config.json");
    if (directory.config.empty()) throw UserError(path + ": no config.json in it");
    directory.generation_config = text_of(path + "/generation_config.json");
    directory.tokenizer_config = text_of(path + "/tokenizer_config.json");
    directory.chat_template = text_of(path + "/chat_template.jinja");

    const std::string whole = path + "/model.safetensors";
    const std::string index = path + "/model.safetensors.index.json";
    std::vector<std::string> names;
    if (exists(whole)) {
        names = {whole};
    } else if (exists(index)) {
        names = shards_of(path, JsonObject(index, text_of(index)));
    } else {
        throw UserError(path + ": no model.safetensors and no model.safetensors.index.json in it");
    }
    std::vector<MappedFile> files;
    for (const std::string& name : names) {
        files.emplace_back(InputFile(name));
        directory.weights.emplace_back(name, files.back().bytes());
    }
    Checkpoint checkpoint = checkpoint_of(directory);
    checkpoint.files = std::move(files);
    for (const char* name : {"/tokenizer.json", "/tokenizer.model"}) {
        if (checkpoint.tokenizer_file.empty() && exists(path + name)) {
            checkpoint.tokenizer_file = path + name;
        }
    }
    return checkpoint;
}

} // namespace bitnet::example
