// SPDX-License-Identifier: MIT
// The way of a text through a tokenizer, and back.
#include "tokenizer.hpp"

#include "added_tokens.hpp"
#include "encoder.hpp"
#include "error.hpp"
#include "normalize.hpp"
#include "splitter.hpp"
#include "vocabulary.hpp"

#include <limits>
#include <utility>

namespace bitnet::example {
namespace {

using Kind = Vocabulary::Kind;
using Type = Vocabulary::Type;
using Space = Vocabulary::Space;

constexpr std::string_view piece_space = "\xE2\x96\x81"; // U+2581

Vocabulary checked(Vocabulary&& vocabulary) {
    vocabulary.check();
    return std::move(vocabulary);
}

// What tokens of pieces say, once the space is one again.
Strings texts_of_pieces(const Vocabulary& v) {
    Strings texts;
    if (v.kind == Kind::byte_level) return texts; // tokens are their texts
    texts.reserve(v.tokens.size(), v.tokens.all().size());
    std::string text;
    for (std::size_t id = 0; id < v.tokens.size(); ++id) {
        const std::string_view token = v.tokens[id];
        text.clear();
        if (v.types[id] == Type::byte) {
            text += static_cast<char>(*byte_of_name(token));
        } else {
            for (std::size_t at = 0; at < token.size();) {
                const bool is_space = token.substr(at).starts_with(piece_space);
                text += is_space ? ' ' : token[at];
                at += is_space ? piece_space.size() : 1;
            }
        }
        texts.push_back(text);
    }
    return texts;
}

} // namespace

struct Tokenizer::Parts {
    explicit Parts(Vocabulary&& v)
        : vocabulary(checked(std::move(v))), texts(texts_of_pieces(vocabulary)),
          encoder(vocabulary), raw_tokens(vocabulary, false), prepared_tokens(vocabulary, true),
          splitter(vocabulary.patterns) {}

    std::string normalized(std::string_view text) const;
    void put_space(std::string& text, bool at_start) const;
    void encode_piece_by_piece(std::string_view text, PairMerger& merger,
                               std::vector<int>& ids) const;
    void encode(std::string_view text, EncodeOptions options, std::vector<int>& ids) const;

    Vocabulary vocabulary;
    Strings texts;
    Encoder encoder;
    AddedTokens raw_tokens, prepared_tokens;
    Splitter splitter;
};

std::string Tokenizer::Parts::normalized(std::string_view text) const {
    if (vocabulary.kind == Kind::byte_level) {
        return vocabulary.nfc ? to_nfc(text) : std::string(text);
    }
    std::string result;
    result.reserve(text.size() + text.size() / 2);
    for (const char c : text) {
        if (c == ' ') {
            result += piece_space;
        } else {
            result += c;
        }
    }
    return result;
}

void Tokenizer::Parts::put_space(std::string& text, bool at_start) const {
    const bool wanted =
        vocabulary.space == Space::each || (vocabulary.space == Space::first && at_start);
    const std::string_view one = vocabulary.kind == Kind::byte_level ? " " : piece_space;
    const bool there = vocabulary.space_unless_there && text.starts_with(one);
    if (wanted && !there && !text.empty()) text.insert(0, one);
}

void Tokenizer::Parts::encode_piece_by_piece(std::string_view text, PairMerger& merger,
                                             std::vector<int>& ids) const {
    std::vector<std::string_view> pieces;
    if (vocabulary.split_by_class) {
        while (!text.empty()) {
            const std::size_t length = bpe_bytes::piece_length(text);
            pieces.push_back(text.substr(0, length));
            text.remove_prefix(length);
        }
    } else {
        splitter.split(text, pieces);
    }
    for (const std::string_view piece : pieces) encoder.encode(piece, merger, ids);
}

void Tokenizer::Parts::encode(std::string_view text, EncodeOptions options,
                              std::vector<int>& ids) const {
    PairMerger merger;
    for (const Segment& raw : raw_tokens.split(text, options.special)) {
        if (raw.id >= 0) {
            ids.push_back(raw.id);
            continue;
        }
        const bool at_start = options.start && raw.text.data() == text.data();
        std::string prepared = normalized(raw.text);
        if (!vocabulary.space_last) put_space(prepared, at_start);
        for (const Segment& segment : prepared_tokens.split(prepared, options.special)) {
            if (segment.id >= 0) {
                ids.push_back(segment.id);
                continue;
            }
            if (!vocabulary.space_last) {
                encode_piece_by_piece(segment.text, merger, ids);
                continue;
            }
            std::string with_space(segment.text);
            put_space(with_space, at_start && segment.text.data() == prepared.data());
            encode_piece_by_piece(with_space, merger, ids);
        }
    }
}

Tokenizer::Tokenizer(Vocabulary&& vocabulary)
    : parts_(std::make_unique<const Parts>(std::move(vocabulary))), bos_(parts_->vocabulary.bos) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Tokenizer Tokenizer::from_merges(const std::vector<bpe_bytes::Merge>& merges) {
    return Tokenizer(bpe_bytes::vocabulary(merges));
}

Tokenizer Tokenizer::from_bytes(std::span<const std::byte> bytes) {
    return Tokenizer(Vocabulary::from_bytes(bytes));
}

std::vector<std::byte> Tokenizer::to_bytes() const {
    Vocabulary with_bos = parts_->vocabulary;
    with_bos.bos = bos_;
    return with_bos.to_bytes();
}

std::vector<int> Tokenizer::encode(std::string_view text, EncodeOptions options) const {
    if (text.size() > std::numeric_limits<std::uint32_t>::max() / 4) { // a space may take 3 bytes
        throw UserError("tokenizer: the text is too long");
    }
    std::vector<int> ids;
    ids.reserve(text.size() / 3 + 1);
    if (options.bos) {
        if (!bos_) throw UserError("tokenizer: it does not say which token is BOS");
        ids.push_back(*bos_);
    }
    parts_->encode(text, options, ids);
    return ids;
}

std::string_view Tokenizer::decode(int id, Specials specials) const noexcept {
    const Vocabulary& v = parts_->vocabulary;
    if (id < 0 || static_cast<std::size_t>(id) >= v.tokens.size()) return {};
    const auto at = static_cast<std::size_t>(id);
    const bool special = v.types[at] == Type::control || v.types[at] == Type::unknown;
    if (special) return specials == Specials::shown ? v.tokens[at] : std::string_view();
    return parts_->texts.size() != 0 ? parts_->texts[at] : v.tokens[at];
}

std::string Tokenizer::decode(std::span<const int> ids, Specials specials) const {
    std::string text;
    bool strip = parts_->vocabulary.strip_space;
    for (const int id : ids) {
        std::string_view part = decode(id, specials);
        if (part.empty()) continue;
        if (strip && part.front() == ' ') part.remove_prefix(1);
        strip = false;
        text += part;
    }
    return text;
}

std::size_t Tokenizer::vocab_size() const noexcept {
    return parts_->vocabulary.tokens.size();
}

std::optional<int> Tokenizer::special(std::string_view name) const {
    const Vocabulary& v = parts_->vocabulary;
    for (std::size_t id = 0; id < v.tokens.size(); ++id) {
        const bool special = v.types[id] == Type::control || v.types[id] == Type::user_defined;
        if (special && v.tokens[id] == name && !name.empty()) return static_cast<int>(id);
    }
    return std::nullopt;
}

std::optional<bool> Tokenizer::adds_bos() const noexcept {
    return parts_->vocabulary.adds_bos;
}

std::optional<int> Tokenizer::adds_eos() const noexcept {
    return parts_->vocabulary.adds_eos;
}

} // namespace bitnet::example
