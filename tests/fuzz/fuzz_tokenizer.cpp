// SPDX-License-Identifier: MIT
// A fuzz target (libFuzzer's entry): tokenizer.json, a SentencePiece model or the bytes of a
// tokenizer from anywhere, and a text. Each is refused in one line or is a tokenizer, whose ids are
// its own and whose bytes make the same one.
#include "error.hpp"
#include "source.hpp"
#include "tokenizer.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace bitnet::example;
using fuzz::require;
using fuzz::Source;

enum Form { json, sentencepiece, bytes, forms };

Tokenizer read(Form form, std::string_view file) {
    if (form == json) return Tokenizer::from_json(file);
    const auto all = std::as_bytes(std::span(file));
    return form == sentencepiece ? Tokenizer::from_sentencepiece(all) : Tokenizer::from_bytes(all);
}

constexpr std::string_view sound_json = R"({"added_tokens": [
 {"id": 6, "content": "<s>", "single_word": false, "lstrip": true, "rstrip": true, "normalized": false, "special": true},
 {"id": 7, "content": "<u>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": true, "special": false}],
 "normalizer": {"type": "NFC"},
 "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
  {"type": "Split", "pattern": {"Regex": " ?\\p{L}+|\\s+(?!\\S)|[^\\s]"}, "behavior": "Isolated", "invert": false},
  {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]},
 "post_processor": {"type": "TemplateProcessing", "single": [
  {"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
  "special_tokens": {"<s>": {"id": "<s>", "ids": [6], "tokens": ["<s>"]}}},
 "decoder": {"type": "ByteLevel"},
 "model": {"type": "BPE", "ignore_merges": true, "unk_token": "a",
  "vocab": {"a": 0, "b": 1, "Ġ": 2, "ab": 3, "Ġa": 4, "Ġab": 5},
  "merges": ["a b", "Ġ a", ["Ġ", "ab"]]}})";

constexpr std::string_view sound_pieces_json = R"({"added_tokens": [],
 "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
 "decoder": {"type": "Strip", "content": " ", "start": 1, "stop": 0},
 "model": {"unk_token": "?", "fuse_unk": true, "vocab": {"a": 0, "b": 1, "▁": 2, "ab": 3, "?": 4},
  "merges": ["a b"]}})";

// Pieces <unk> and <s>, then a, b, ab with scores, a user-defined and an unused one; BPE; no rules,
// and no white space taken out.
constexpr char sound_model[] = "\x0A\x09\x0A\x05<unk>\x18\x02"
                               "\x0A\x07\x0A\x03<s>\x18\x03"
                               "\x0A\x08\x0A\x01"
                               "a\x15\0\0\x80\xBF"
                               "\x0A\x08\x0A\x01"
                               "b\x15\0\0\x80\xBF"
                               "\x0A\x09\x0A\x02"
                               "ab\x15\0\0\0\xBF"
                               "\x0A\x06\x0A\x02XY\x18\x04"
                               "\x0A\x0C\x0A\x03"
                               "aba\x15\0\0\0\x3F\x18\x05"
                               "\x12\x02\x18\x02"
                               "\x1A\x04\x18\x01\x20\0";

std::string sound_file(Form form, std::size_t which) {
    if (form == json) return std::string(which % 2 == 0 ? sound_json : sound_pieces_json);
    if (form == sentencepiece) return {sound_model, sizeof sound_model - 1};
    const std::vector<std::byte> image =
        (which % 2 == 0 ? Tokenizer::from_merges({{'a', 'b'}, {' ', 258}, {259, 'c'}})
                        : read(json, sound_json))
            .to_bytes();
    return {reinterpret_cast<const char*>(image.data()), image.size()};
}

void edit(std::string& file, Source& source) {
    const std::size_t at = source.number(file.size());
    switch (source.byte() % 5) {
    case 0:
        file[at] = static_cast<char>(source.byte());
        break;
    case 1:
        file[at] = static_cast<char>(file[at] ^ 1 << source.byte() % 8);
        break;
    case 2: {
        const std::size_t count = 1 + source.number(4);
        file.insert(at, count, static_cast<char>(source.byte()));
        break;
    }
    case 3:
        file.erase(at, 1 + source.number(8));
        break;
    default: { // a part of it again
        const std::size_t to = source.number(file.size());
        file.insert(to, file.substr(at, source.number(64)));
        break;
    }
    }
    if (file.empty()) file += ' ';
}

// Whether it is a tokenizer.
bool runs(Form form, std::string_view file, Source& source) {
    std::optional<Tokenizer> tokenizer;
    try {
        tokenizer = read(form, file);
        const std::size_t size = std::min<std::size_t>(source.rest().size(), 300);
        const std::string text(reinterpret_cast<const char*>(source.rest().data()), size);
        const Tokenizer again = Tokenizer::from_bytes(tokenizer->to_bytes());
        require(again.to_bytes() == tokenizer->to_bytes(), "the same bytes");
        const std::vector<int> ids = tokenizer->encode(text, {.special = size % 2 == 0});
        require(ids == again.encode(text, {.special = size % 2 == 0}), "the same ids");
        for (const int id : ids) {
            require(id >= 0 && static_cast<std::size_t>(id) < tokenizer->vocab_size(), "an id");
        }
        require(tokenizer->decode(ids, Specials::shown) == again.decode(ids, Specials::shown),
                "the same text");
    } catch (const UserError& error) {
        const std::string_view message = error.what();
        require(message.starts_with("tokenizer: ") && message.find('\n') == message.npos,
                "a line that says what of");
    }
    return tokenizer.has_value();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Source source(data, size);
    const std::size_t which = source.byte();
    const Form form = static_cast<Form>(which % forms);
    if (source.byte() % 2 == 0) {
        const auto rest = source.rest();
        runs(form, {reinterpret_cast<const char*>(rest.data()), rest.size()}, source);
        return 0;
    }
    std::string file = sound_file(form, which / forms);
    const std::size_t edits = source.byte() % 4;
    for (std::size_t i = 0; i < edits; ++i) edit(file, source);
    const bool accepted = runs(form, file, source);
    require(accepted || edits != 0, "a sound file is a tokenizer");
    return 0;
}
