// SPDX-License-Identifier: MIT
// A fuzz target (libFuzzer's entry): config.json and a safetensors file from anywhere are refused
// with a UserError that names one of them, or are a checkpoint whose tensors all lie in the file.
// An input is such a pair, or edits of a sound one.
#include "../safetensors_bytes.hpp"
#include "error.hpp"
#include "source.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace bitnet::example;
using fuzz::require;
using fuzz::Source;
using safetensors_bytes::Bytes;
using safetensors_bytes::Model;

struct Pair {
    Model texts;
    Bytes weights;
};

const Pair& sound_pair(std::size_t index) {
    static const std::vector<Pair> pairs = [] {
        std::vector<Pair> made;
        const auto add = [&](const safetensors_bytes::Options& options) {
            Model model = safetensors_bytes::model(options);
            model.tokenizer_config = R"({"add_bos_token":true,"chat_template":"{{ x }}"})";
            model.generation_config = R"({"eos_token_id":[2,3]})";
            Bytes weights = file_of(model.tensors);
            made.push_back({std::move(model), std::move(weights)});
        };
        add({});
        add({.packed = true, .tied = true});
        add({.model_type = "bitnet", .packed = true, .sub_norm = true});
        add({.model_type = "qwen3", .qk_norm = true});
        return made;
    }();
    return pairs[index % pairs.size()];
}

// One change of a text.
template <class Text>
void edit(Text& text, std::size_t within, Source& source) {
    constexpr std::string_view characters = "0123456789-+.eE,:\"{}[]\\ntxu \xff";
    constexpr std::string_view words[] = {"null",
                                          "true",
                                          "[]",
                                          "{}",
                                          "\"x\"",
                                          "-1",
                                          "1e99",
                                          "0",
                                          "[[[[[[",
                                          "{\"a",
                                          "65536",
                                          "\"\\u0000\"",
                                          "18446744073709551615"};
    within = std::min(within, text.size());
    if (within == 0) return;
    using Char = typename Text::value_type;
    const std::size_t at = source.number(65536) % within;
    std::size_t written = 0;
    const auto begin = text.begin() + static_cast<std::ptrdiff_t>(at);
    switch (source.byte() % 5) {
    case 0:
        text[at] = static_cast<Char>(characters[source.number(characters.size())]);
        break;
    case 1:
        text[at] = static_cast<Char>(source.byte());
        break;
    case 2: // a word in place of what is there
        for (const char c : words[source.number(std::size(words))]) {
            if (const std::size_t i = at + written++; i < text.size()) {
                text[i] = static_cast<Char>(c);
            }
        }
        break;
    case 3:
        text.erase(begin, text.begin() + static_cast<std::ptrdiff_t>(
                                             std::min(at + source.byte() % 32, text.size())));
        break;
    default:
        text.resize(source.byte() % 2 ? text.size() + source.byte() : at);
        break;
    }
}

bool is_checkpoint(const Model& texts, const Bytes& weights) {
    try {
        const Checkpoint checkpoint = checkpoint_of(directory_of(texts, weights));
        for (const SourceTensor& tensor : checkpoint.tensors) {
            const std::size_t rows =
                tensor.type == SourceType::hf_ternary ? (tensor.rows + 3) / 4 : tensor.rows;
            require(tensor.bytes.size() == rows * tensor.cols * format_of(tensor.type).bytes,
                    "the bytes of its shape");
            require(tensor.bytes.data() >= weights.data() &&
                        tensor.bytes.data() + tensor.bytes.size() <=
                            weights.data() + weights.size(),
                    "in the file");
        }
        check_config(checkpoint.config);
        return true;
    } catch (const UserError& error) {
        const std::string_view message = error.what();
        require((message.starts_with("m: ") || message.starts_with("m/")) &&
                    message.find('\n') == message.npos,
                "a line that names the file");
        return false;
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Source source(data, size);
    const Pair& sound = sound_pair(source.byte());
    if (source.byte() % 2 == 0) {
        const auto rest = std::as_bytes(source.rest());
        const Bytes bytes(rest.begin(), rest.end());
        Model texts = sound.texts;
        is_checkpoint(texts, bytes);
        texts.config.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        is_checkpoint(texts, sound.weights);
        return 0;
    }
    Pair pair = sound;
    const std::size_t edits = source.byte() % 4;
    for (std::size_t i = 0; i < edits; ++i) {
        const std::size_t what = source.byte() % 8;
        if (what < 4) {
            edit(pair.weights, what == 0 ? pair.weights.size() : 2000, source);
        } else {
            Model& texts = pair.texts;
            std::string& text = what == 4   ? texts.tokenizer_config
                                : what == 5 ? texts.generation_config
                                            : texts.config;
            edit(text, text.size(), source);
        }
    }
    const bool accepted = is_checkpoint(pair.texts, pair.weights);
    require(accepted || edits != 0, "a sound pair is a model");
    return 0;
}
