// SPDX-License-Identifier: MIT
// Tokenizers from the metadata of GGUF files.
#include "bpe_tables.hpp"
#include "error.hpp"
#include "gguf_vocabulary.hpp"
#include "in_quotes.hpp"
#include "split_patterns.hpp"
#include "tokenizer.hpp"

#include <utility>

namespace bitnet::example {
namespace {

using Type = Vocabulary::Type;

[[noreturn]] void refuse(const std::string& what) {
    throw UserError("tokenizer: " + what);
}

std::vector<Type> types_of(const GgufVocabulary& g) {
    if (g.types.empty()) return std::vector<Type>(g.tokens.size(), Type::normal);
    if (g.types.size() != g.tokens.size()) {
        refuse(std::to_string(g.types.size()) + " types, of " + std::to_string(g.tokens.size()) +
               " tokens");
    }
    std::vector<Type> types;
    for (const std::int32_t type : g.types) {
        if (type < 1 || type > 6) refuse("token type " + std::to_string(type) + " is unknown");
        types.push_back(static_cast<Type>(type));
    }
    return types;
}

bool is_added(Type type) {
    return type == Type::control || type == Type::user_defined;
}

void add_names(const GgufVocabulary& g, Vocabulary& v) {
    for (std::size_t id = 0; id < g.tokens.size(); ++id) {
        if (is_added(v.types[id])) {
            v.added.push_back({.id = static_cast<std::uint32_t>(id), .text = g.tokens[id]});
        }
    }
}

// Files that were made before the key was, or by a converter that did not know their model, lack
// tokenizer.ggml.pre. Only one of them is told by its tokens.
std::string pre_of(const GgufVocabulary& g) {
    if (!g.pre.empty()) return g.pre;
    if (g.tokens.size() >= 128256 && g.tokens[128000] == "<|begin_of_text|>") return "llama-bpe";
    refuse("tokenizer.ggml.pre is missing, and the tokens do not tell how text is cut");
}

Vocabulary byte_level(const GgufVocabulary& g) {
    const std::string pre = pre_of(g);
    const SplitRule* rule = split_rule(pre);
    if (rule == nullptr) refuse("tokenizer.ggml.pre " + in_quotes(pre) + " is not supported");
    Vocabulary v;
    v.patterns = rule->patterns;
    v.whole_pieces = rule->whole_pieces;
    v.nfc = rule->nfc;
    Strings written;
    for (const std::string& token : g.tokens) written.push_back(token);
    BpeTables tables(v, written);
    for (const Type type : types_of(g)) {
        if (type == Type::normal) {
            tables.add_token();
        } else if (type == Type::byte) {
            refuse("a byte token in byte-level BPE");
        } else {
            tables.add_named(written[v.tokens.size()], type);
        }
    }
    for (const std::string& merge : g.merges) tables.add_merge(merge);
    add_names(g, v);
    return v;
}

Vocabulary pieces(const GgufVocabulary& g) {
    Vocabulary v;
    v.kind = Vocabulary::Kind::scored_pieces;
    v.space = g.add_space_prefix ? Vocabulary::Space::each : Vocabulary::Space::never;
    v.strip_space = g.add_space_prefix;
    v.fuse_unknown = true;
    v.scores = g.scores;
    v.unknown = g.unknown;
    const std::vector<Type> types = types_of(g);
    for (std::size_t id = 0; id < g.tokens.size(); ++id) {
        v.add(g.tokens[id], types[id]);
        v.byte_fallback = v.byte_fallback || types[id] == Type::byte;
    }
    add_names(g, v);
    return v;
}

} // namespace

Tokenizer Tokenizer::from_gguf(const GgufVocabulary& vocabulary) {
    if (vocabulary.model == "gpt2") return Tokenizer(byte_level(vocabulary));
    if (vocabulary.model == "llama") return Tokenizer(pieces(vocabulary));
    refuse("tokenizer.ggml.model " + in_quotes(vocabulary.model) + " is not supported");
}

} // namespace bitnet::example
