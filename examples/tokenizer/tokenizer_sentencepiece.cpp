// SPDX-License-Identifier: MIT
// Tokenizers from the model files of SentencePiece: sentencepiece_model.proto of that project has
// the numbers of the fields.
#include "error.hpp"
#include "in_quotes.hpp"
#include "protobuf.hpp"
#include "tokenizer.hpp"
#include "vocabulary.hpp"

#include <utility>

namespace bitnet::example {
namespace {

using Type = Vocabulary::Type;

[[noreturn]] void refuse(const std::string& what) {
    throw UserError("tokenizer: " + what);
}

void read_piece(std::string_view message, Vocabulary& v) {
    std::string_view piece;
    float score = 0;
    std::uint64_t type = 1;
    for (ProtobufReader in(message); in.next();) {
        if (in.field() == 1) piece = in.bytes();
        if (in.field() == 2) score = in.real();
        if (in.field() == 3) type = in.number();
    }
    if (type < 1 || type > 6) refuse("piece type " + std::to_string(type) + " is unknown");
    const auto id = static_cast<std::uint32_t>(v.tokens.size());
    v.add(piece, static_cast<Type>(type));
    v.scores.push_back(score);
    if (v.tokens.size() > Vocabulary::max_tokens) refuse("too many pieces");
    const bool user_defined = v.types.back() == Type::user_defined;
    if (user_defined || v.types.back() == Type::control) {
        // A user-defined piece is a part of the text; no space is put behind it.
        v.added.push_back({.id = id, .prepared = user_defined, .text = std::string(piece)});
    }
    if (v.types.back() == Type::unknown) v.unknown = static_cast<int>(id);
}

void read_trainer(std::string_view message, Vocabulary& v) {
    std::uint64_t model_type = 1; // Unigram
    constexpr const char* names[] = {"none", "Unigram", "BPE", "Word", "Char"};
    for (ProtobufReader in(message); in.next();) {
        if (in.field() == 3) model_type = in.number();
        if (in.field() == 24 && in.number() != 0) {
            refuse("white space as a suffix (treat_whitespace_as_suffix) is not supported");
        }
        if (in.field() == 35) v.byte_fallback = in.number() != 0;
        if (in.field() == 41) { // -1: none
            const bool some = in.number() < Vocabulary::max_tokens;
            v.bos = some ? std::optional<int>(static_cast<int>(in.number())) : std::nullopt;
        }
    }
    if (model_type != 2) {
        refuse(std::string("SentencePiece models of type ") +
               (model_type < std::size(names) ? names[model_type] : "unknown") +
               " are not supported, only BPE");
    }
}

// Of the text before, or after, the tokens.
void read_normalizer(std::string_view message, Vocabulary& v) {
    std::string name;
    bool prefix = true, extra = true, escape = true, rules = false;
    for (ProtobufReader in(message); in.next();) {
        if (in.field() == 1) name = in.bytes();
        if (in.field() == 2) rules = !in.bytes().empty();
        if (in.field() == 3) prefix = in.number() != 0;
        if (in.field() == 4) extra = in.number() != 0;
        if (in.field() == 5) escape = in.number() != 0;
    }
    if (rules) refuse("normalization by the rules " + in_quotes(name) + " is not supported");
    if (extra) refuse("taking out white space (remove_extra_whitespaces) is not supported");
    if (!escape) refuse("white space that stays as it is (escape_whitespaces) is not supported");
    v.space = prefix ? Vocabulary::Space::each : Vocabulary::Space::never;
    v.strip_space = prefix;
}

} // namespace

Tokenizer Tokenizer::from_sentencepiece(std::span<const std::byte> model) {
    Vocabulary v;
    v.kind = Vocabulary::Kind::scored_pieces;
    v.fuse_unknown = true;
    v.bos = 1; // what a trainer's field that is not there means
    std::string_view trainer, normalizer;
    const std::string_view message(reinterpret_cast<const char*>(model.data()), model.size());
    for (ProtobufReader in(message); in.next();) {
        if (in.field() == 1) read_piece(in.bytes(), v);
        if (in.field() == 2) trainer = in.bytes();
        if (in.field() == 3) normalizer = in.bytes();
        if (in.field() == 5) {
            for (ProtobufReader rules(in.bytes()); rules.next();) {
                if (rules.field() == 2 && !rules.bytes().empty()) {
                    refuse("a SentencePiece model that changes decoded text is not supported");
                }
            }
        }
    }
    read_trainer(trainer, v);
    read_normalizer(normalizer, v);
    return Tokenizer(std::move(v));
}

} // namespace bitnet::example
