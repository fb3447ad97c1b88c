// SPDX-License-Identifier: MIT
// tokenizer.* of a GGUF file's metadata: the vocabulary, and which of its tokens have a meaning.
#include "gguf_model.hpp"

#include "text.hpp"

#include <algorithm>
#include <array>

namespace bitnet::example {
namespace {

constexpr std::size_t max_tokens = std::size_t{1} << 20; // as Config::vocab
constexpr std::size_t max_merges = std::size_t{1} << 22;
constexpr std::size_t max_template = std::size_t{1} << 18; // bytes
constexpr std::size_t max_stops = 16;                      // as Config::eos
constexpr std::int32_t control = 3;                        // a token's type

// What ends an answer, or a text, in the families of models that there are. Metadata often names
// one of a model's two alone.
constexpr std::array<std::string_view, 8> ends{
    "<|eot_id|>", "<|end_of_text|>", "<|eom_id|>",    "<|im_end|>",
    "<|end|>",    "<|endoftext|>",   "<end_of_turn>", "<|end_of_turn|>",
};

// What cuts text before merges in models whose texts begin with BOS.
constexpr std::array<std::string_view, 6> begins_with_bos{
    "llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral",
};

template <std::size_t Size>
bool is_one_of(const std::array<std::string_view, Size>& words, std::string_view word) noexcept {
    return std::find(words.begin(), words.end(), word) != words.end();
}

std::optional<int> id_of(const GgufFile& file, std::string_view key, std::size_t vocab) {
    const auto id = file.whole(key);
    if (!id) return std::nullopt;
    if (*id >= vocab) {
        file.refuse_key(key, std::to_string(*id) + " is no token of the " + std::to_string(vocab));
    }
    return static_cast<int>(*id);
}

} // namespace

std::optional<GgufVocabulary> vocabulary_of(const GgufFile& file) {
    constexpr std::string_view tokens = "tokenizer.ggml.tokens", merges = "tokenizer.ggml.merges",
                               types = "tokenizer.ggml.token_type",
                               scores = "tokenizer.ggml.scores";
    const GgufValue* list = file.find(tokens);
    if (list == nullptr || list->count == 0) return std::nullopt;
    const auto cap = [&](std::string_view key, std::size_t most) {
        const GgufValue* value = file.find(key);
        if (value != nullptr && value->count > most) {
            file.refuse_key(key, std::to_string(value->count) + " elements; the cap is " +
                                     std::to_string(most));
        }
    };
    cap(tokens, max_tokens);
    cap(merges, max_merges);
    GgufVocabulary vocabulary;
    const auto model = file.text("tokenizer.ggml.model");
    if (!model) file.refuse_key("tokenizer.ggml.model", "it is missing");
    vocabulary.model = *model;
    vocabulary.pre = file.text("tokenizer.ggml.pre").value_or("");
    vocabulary.tokens = file.texts(tokens);
    vocabulary.merges = file.texts(merges);
    const auto one_per_token = [&](std::string_view key, std::size_t count) {
        if (count != 0 && count != vocabulary.tokens.size()) {
            file.refuse_key(key, std::to_string(count) + " elements for " +
                                     std::to_string(vocabulary.tokens.size()) + " tokens");
        }
    };
    vocabulary.types = file.integers(types);
    one_per_token(types, vocabulary.types.size());
    vocabulary.scores = file.floats(scores);
    one_per_token(scores, vocabulary.scores.size());
    vocabulary.unknown = id_of(file, "tokenizer.ggml.unknown_token_id", vocabulary.tokens.size());
    vocabulary.add_space_prefix = file.flag("tokenizer.ggml.add_space_prefix").value_or(true);
    return vocabulary;
}

void read_special_tokens(const GgufFile& file, const std::optional<GgufVocabulary>& vocabulary,
                         Config& config) {
    const auto special = [&](std::string_view name) {
        return id_of(file, "tokenizer.ggml." + std::string(name), config.vocab);
    };
    const auto bos = special("bos_token_id");
    config.bos = bos;
    config.eos.clear();
    const auto stop_at = [&](int id) {
        if (std::find(config.eos.begin(), config.eos.end(), id) == config.eos.end() &&
            config.eos.size() < max_stops) {
            config.eos.push_back(id);
        }
    };
    for (const char* name : {"eos_token_id", "eot_token_id", "eom_token_id"}) {
        if (const auto id = special(name)) stop_at(*id);
    }
    bool begins = false;
    if (vocabulary) {
        const std::vector<std::string>& tokens = vocabulary->tokens;
        if (tokens.size() > config.vocab) {
            file.refuse_key("tokenizer.ggml.tokens", std::to_string(tokens.size()) +
                                                         " tokens, of which the model has " +
                                                         std::to_string(config.vocab));
        }
        for (std::size_t id = 0; id < tokens.size(); ++id) {
            const bool is_control = !vocabulary->types.empty() && vocabulary->types[id] == control;
            if (is_control && is_one_of(ends, tokens[id])) stop_at(static_cast<int>(id));
        }
        begins = vocabulary->model == "llama" || is_one_of(begins_with_bos, vocabulary->pre) ||
                 (bos && static_cast<std::size_t>(*bos) < tokens.size() &&
                  tokens[static_cast<std::size_t>(*bos)] == "<|begin_of_text|>");
    }
    config.add_bos = bos && file.flag("tokenizer.ggml.add_bos_token").value_or(begins);
    if (const auto text = file.text("tokenizer.chat_template")) {
        if (text->size() > max_template) {
            file.refuse_key("tokenizer.chat_template", std::to_string(text->size()) +
                                                           " bytes; the cap is " +
                                                           std::to_string(max_template));
        }
        config.chat_template = *text;
    }
}

} // namespace bitnet::example
