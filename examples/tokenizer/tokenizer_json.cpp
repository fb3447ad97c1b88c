// SPDX-License-Identifier: MIT
// Tokenizers from JSON: Hugging Face's tokenizer.json, and the two files of GPT-2.
#include "bpe_tables.hpp"
#include "json_fields.hpp"
#include "json_preparation.hpp"
#include "normalize.hpp"
#include "split_patterns.hpp"
#include "tokenizer.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace bitnet::example {
namespace {

using namespace json_fields;
using Type = Vocabulary::Type;

// What a file says of each id: a token of the vocabulary, an added one, or both. No id is left out.
class Ids {
public:
    Ids(const Json& vocab, const Json& added) {
        if (!vocab.is_object()) refuse("\"vocab\" must be an object");
        tokens_.resize(vocab.size() + added.size());
        added_.resize(tokens_.size());
        for (auto token = vocab.begin(); token != vocab.end(); ++token) {
            const std::string*& here = tokens_[place(token.value())];
            if (here != nullptr) refuse("two tokens have one id, " + token.value().dump());
            here = &token.key();
        }
        for (const Json& entry : added) {
            const std::size_t id = place(field(entry, "id"));
            const std::string& content = text(entry, "content");
            if (added_[id] != nullptr || (tokens_[id] != nullptr && *tokens_[id] != content)) {
                refuse("two tokens have one id, " + std::to_string(id));
            }
            if (tokens_[id] == nullptr && vocab.contains(content)) {
                refuse("added token " + std::to_string(id) + " has another id in \"vocab\"");
            }
            added_[id] = &entry;
        }
    }
    Strings written() const {
        Strings result;
        for (std::size_t id = 0; id < count_; ++id) {
            if (tokens_[id] == nullptr && added_[id] == nullptr) {
                refuse("no token has id " + std::to_string(id));
            }
            result.push_back(tokens_[id] != nullptr ? *tokens_[id] : text(*added_[id], "content"));
        }
        return result;
    }
    const Json* added(std::size_t id) const { return added_[id]; }

private:
    std::size_t place(const Json& id) {
        if (!id.is_number_unsigned() || id.get<std::uint64_t>() >= tokens_.size()) {
            refuse("of " + std::to_string(tokens_.size()) + " tokens one has the id " + id.dump());
        }
        count_ = std::max(count_, id.get<std::size_t>() + 1);
        return id.get<std::size_t>();
    }

    std::vector<const std::string*> tokens_;
    std::vector<const Json*> added_;
    std::size_t count_ = 0;
};

// What is looked for in prepared text is prepared as that is.
std::string prepared_name(const Vocabulary& v, const std::string& name) {
    if (v.kind == Vocabulary::Kind::byte_level) return v.nfc ? to_nfc(name) : name;
    std::string result = v.space == Vocabulary::Space::each && !v.space_last ? "\xE2\x96\x81" : "";
    for (const char c : name) result += c == ' ' ? std::string("\xE2\x96\x81") : std::string(1, c);
    return result;
}

void add(Vocabulary& v, std::size_t id, const Json& entry, const std::string& name) {
    if (flag(entry, "single_word", false)) {
        refuse("added token " + std::to_string(id) + " is a single_word, which is not supported");
    }
    Vocabulary::Added added;
    added.id = static_cast<std::uint32_t>(id);
    added.take_left = flag(entry, "lstrip", false);
    added.take_right = flag(entry, "rstrip", false);
    added.prepared = flag(entry, "normalized", true);
    added.text = added.prepared ? prepared_name(v, name) : name;
    v.added.push_back(std::move(added));
}

void refuse_unless_empty(const Json& model, const char* key) {
    const Json& value = field(model, key);
    const bool empty = value.is_null() || (value.is_string() && value.get<std::string>().empty()) ||
                       (value.is_number() && value.get<double>() == 0.0);
    if (!empty) refuse("\"" + std::string(key) + "\" is not supported");
}

void read_model(const Json& model, const Json& added_tokens, Vocabulary& v) {
    v.byte_fallback = flag(model, "byte_fallback", false);
    v.whole_pieces = flag(model, "ignore_merges", false);
    v.fuse_unknown = flag(model, "fuse_unk", false);
    for (const char* key : {"dropout", "continuing_subword_prefix", "end_of_word_suffix"}) {
        refuse_unless_empty(model, key);
    }
    if (v.byte_fallback && v.kind == Vocabulary::Kind::byte_level) {
        refuse("\"byte_fallback\" of byte-level BPE is not supported");
    }
    const Ids ids(field(model, "vocab"), added_tokens);
    const Strings written = ids.written();
    BpeTables tables(v, written);
    for (std::size_t id = 0; id < written.size(); ++id) {
        if (const Json* entry = ids.added(id)) {
            const std::string name(written[id]);
            const bool special = flag(*entry, "special", false);
            tables.add_named(name, special ? Type::control : Type::user_defined);
            add(v, id, *entry, name);
        } else {
            tables.add_token();
        }
    }
    for (const Json& merge : array(model, "merges")) {
        if (merge.is_string()) {
            tables.add_merge(merge.get_ref<const std::string&>());
        } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() &&
                   merge[1].is_string()) {
            tables.add_merge(merge[0].get_ref<const std::string&>(),
                             merge[1].get_ref<const std::string&>());
        } else {
            refuse("merge " + std::to_string(v.merges.size()) + " is no pair of strings");
        }
    }
    if (!field(model, "unk_token").is_null()) {
        v.unknown = tables.ids().find(text(model, "unk_token"));
        if (!v.unknown) refuse("\"unk_token\" is no token");
    }
}

} // namespace

Tokenizer Tokenizer::from_json(std::string_view json) {
    const Json root = parse(json, "tokenizer.json");
    const Json& model = field(root, "model");
    const Json& type = field(model, "type"); // which old files lack
    if (!type.is_null() && type != "BPE") refuse("model " + type.dump() + " is not supported");
    Vocabulary v;
    v.kind = kind_of(root);
    read_preparation(root, v);
    const Json& added_tokens = field(root, "added_tokens");
    read_model(model, added_tokens.is_null() ? Json::array() : array(root, "added_tokens"), v);
    return Tokenizer(std::move(v));
}

Tokenizer Tokenizer::from_gpt2(std::string_view encoder_json, std::string_view vocab_bpe) {
    const Json encoder = parse(encoder_json, "encoder.json");
    const Strings written = Ids(encoder, Json::array()).written();
    Vocabulary v;
    v.patterns = {gpt2_pattern};
    BpeTables tables(v, written);
    for (std::size_t id = 0; id < written.size(); ++id) {
        if (written[id] == "<|endoftext|>") {
            tables.add_named(written[id], Type::control);
            v.added.push_back({.id = static_cast<std::uint32_t>(id), .text = "<|endoftext|>"});
            v.bos = static_cast<int>(id); // what ends a text begins the next one
        } else {
            tables.add_token();
        }
    }
    while (!vocab_bpe.empty()) {
        const std::size_t end = std::min(vocab_bpe.find('\n'), vocab_bpe.size());
        std::string_view line = vocab_bpe.substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (!line.empty() && !line.starts_with("#version")) tables.add_merge(line);
        vocab_bpe.remove_prefix(std::min(end + 1, vocab_bpe.size()));
    }
    return Tokenizer(std::move(v));
}

} // namespace bitnet::example
