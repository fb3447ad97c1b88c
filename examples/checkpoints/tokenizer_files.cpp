// SPDX-License-Identifier: MIT
// Which file of a directory holds the tokenizer, and of which form it is.
#include "tokenizer_files.hpp"

#include "error.hpp"
#include "input_file.hpp"
#include "system_text.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace bitnet::example {
namespace {

namespace fs = std::filesystem;

class Bytes {
public:
    explicit Bytes(const fs::path& path) {
        const InputFile file(as_text(path));
        bytes_.resize(file.size());
        file.read(bytes_, 1);
    }
    std::span<const std::byte> bytes() const { return bytes_; }
    std::string_view text() const {
        return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
    }

private:
    std::vector<std::byte> bytes_;
};

bool is_there(const fs::path& path) {
    std::error_code error;
    return fs::exists(path, error);
}

fs::path file_of(const std::string& path) {
    std::error_code error;
    const fs::path given = as_path(path);
    if (!fs::is_directory(given, error)) return given;
    for (const char* name : {"tokenizer.json", "tokenizer.model", "encoder.json"}) {
        if (is_there(given / name)) return given / name;
    }
    throw UserError(path + ": no tokenizer.json, tokenizer.model or encoder.json in it");
}

Tokenizer read(const fs::path& path) {
    const bool gpt2 = path.filename() == "encoder.json";
    const Bytes file(path);
    const std::optional<Bytes> merges =
        gpt2 ? std::optional<Bytes>(path.parent_path() / "vocab.bpe") : std::nullopt;
    try {
        if (gpt2) return Tokenizer::from_gpt2(file.text(), merges->text());
        return path.extension() == ".model" ? Tokenizer::from_sentencepiece(file.bytes())
                                            : Tokenizer::from_json(file.text());
    } catch (const UserError& refusal) {
        throw UserError(as_text(path) + ": " + refusal.what());
    }
}

// "bos_token" of a tokenizer_config.json, if there is one: a text, or an object that has it as
// "content".
std::optional<std::string> bos_name(const fs::path& config) {
    if (!is_there(config)) return std::nullopt;
    const auto json = nlohmann::json::parse(Bytes(config).text(), nullptr, false);
    if (!json.is_object() || !json.contains("bos_token")) return std::nullopt;
    const nlohmann::json& token = json["bos_token"];
    const nlohmann::json& name =
        token.is_object() && token.contains("content") ? token["content"] : token;
    return name.is_string() ? std::optional(name.get<std::string>()) : std::nullopt;
}

} // namespace

Tokenizer read_tokenizer(const std::string& path) {
    const fs::path file = file_of(path);
    Tokenizer tokenizer = read(file);
    std::vector<std::string> names = {"<|begin_of_text|>", "<s>", "<bos>"};
    if (const auto name = bos_name(file.parent_path() / "tokenizer_config.json")) names = {*name};
    for (const std::string& name : names) {
        const std::optional<int> id = tokenizer.special(name);
        if (id && !tokenizer.bos()) tokenizer.set_bos(*id);
    }
    return tokenizer;
}

std::optional<Tokenizer> tokenizer_of(const Checkpoint& checkpoint) {
    std::optional<Tokenizer> tokenizer;
    if (checkpoint.vocabulary) {
        try {
            tokenizer = Tokenizer::from_gguf(*checkpoint.vocabulary);
        } catch (const UserError& refusal) {
            throw UserError(checkpoint.label + ": " + refusal.what());
        }
    } else if (!checkpoint.tokenizer_file.empty()) {
        tokenizer = read_tokenizer(checkpoint.tokenizer_file);
    }
    if (tokenizer && checkpoint.config.bos) {
        const int bos = *checkpoint.config.bos;
        if (static_cast<std::size_t>(bos) >= tokenizer->vocab_size()) {
            throw UserError(checkpoint.label + ": the tokenizer has no token " +
                            std::to_string(bos) + ", the model's BOS");
        }
        tokenizer->set_bos(bos);
    }
    return tokenizer;
}

} // namespace bitnet::example
