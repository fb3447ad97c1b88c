// SPDX-License-Identifier: MIT
// Byte-level BPE, and BPE on pieces by rank or by score.
#include "encoder.hpp"

#include "error.hpp"
#include "utf8.hpp"

#include <algorithm>
#include <numeric>
#include <string>
#include <unordered_map>

namespace bitnet::example {
namespace {

using Kind = Vocabulary::Kind;
using Type = Vocabulary::Type;

// Equal scores have equal ranks.
std::vector<std::uint32_t> ranks(const std::vector<float>& scores) {
    std::vector<std::uint32_t> order(scores.size()), rank(scores.size());
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return scores[a] > scores[b]; });
    for (std::size_t i = 1; i < order.size(); ++i) {
        const bool lower = scores[order[i]] < scores[order[i - 1]];
        rank[order[i]] = rank[order[i - 1]] + (lower ? 1 : 0);
    }
    return rank;
}

// Which tokens a text can be by itself. SentencePiece finds unused ones too, and then takes the
// tokens that they were made of.
bool is_text(const Vocabulary& v, std::size_t id) {
    const Type type = v.types[id];
    if (v.kind == Kind::byte_level) return type == Type::normal;
    return type == Type::normal || type == Type::user_defined || type == Type::unused;
}

} // namespace

// Takes what a piece came to.
class Encoder::Output {
public:
    Output(const Encoder& encoder, std::vector<int>& ids) : encoder_(encoder), ids_(ids) {}

    void token(int id) {
        ids_.push_back(id);
        after_unknown_ = false;
    }
    void text_without_token(std::string_view text) {
        const Vocabulary& v = encoder_.vocabulary_;
        if (v.byte_fallback) {
            for (const char c : text) token(encoder_.byte_[static_cast<unsigned char>(c)]);
        } else if (v.unknown) {
            if (!after_unknown_ || !v.fuse_unknown) token(*v.unknown);
            after_unknown_ = true;
        } else {
            std::string bytes;
            for (const char c : text) {
                constexpr std::string_view digits = "0123456789abcdef";
                const auto byte = static_cast<unsigned char>(c);
                bytes += {' ', digits[byte >> 4], digits[byte & 15]};
            }
            throw UserError("tokenizer: it has no token for the text with the bytes" + bytes);
        }
    }

private:
    const Encoder& encoder_;
    std::vector<int>& ids_;
    bool after_unknown_ = false;
};

Encoder::Encoder(const Vocabulary& vocabulary) : vocabulary_(vocabulary) {
    const Vocabulary& v = vocabulary;
    byte_.fill(-1);
    for (std::size_t id = 0; id < v.tokens.size(); ++id) {
        const std::string_view token = v.tokens[id];
        longest_ = std::max(longest_, token.size());
        if (v.types[id] == Type::byte) {
            byte_[*byte_of_name(token)] = static_cast<std::int32_t>(id);
        } else if (v.kind == Kind::byte_level && v.types[id] == Type::normal && token.size() == 1) {
            std::int32_t& place = byte_[static_cast<unsigned char>(token[0])];
            if (place < 0) place = static_cast<std::int32_t>(id);
        }
    }
    if (v.kind == Kind::scored_pieces) {
        rank_ = ranks(v.scores);
    } else {
        pairs_.emplace(v.merges);
    }
    if (v.kind != Kind::byte_level || v.whole_pieces) {
        tokens_.emplace(v.tokens, v.tokens.size());
        for (std::size_t id = 0; id < v.tokens.size(); ++id) {
            if (is_text(v, id)) tokens_->put(id);
        }
    }
}

int Encoder::find(std::string_view text) const noexcept {
    return text.size() <= longest_ ? tokens_->find(text).value_or(-1) : -1;
}

void Encoder::begin_with_bytes(std::string_view piece, std::vector<Part>& parts) const {
    for (std::size_t i = 0; i < piece.size(); ++i) {
        const std::int32_t id = byte_[static_cast<unsigned char>(piece[i])];
        parts.push_back({id, static_cast<std::uint32_t>(i), 1});
    }
}

// Bytes that are no UTF-8 are characters, too.
void Encoder::begin_with_characters(std::string_view piece, std::vector<Part>& parts) const {
    for (std::size_t at = 0; at < piece.size();) {
        const std::size_t bytes = std::max<std::size_t>(first_character(piece.substr(at)).bytes, 1);
        const std::string_view character = piece.substr(at, bytes);
        const int id = find(character);
        if (id < 0 && vocabulary_.kind == Kind::ranked_pieces && vocabulary_.byte_fallback) {
            for (std::size_t i = 0; i < bytes; ++i) { // tokens that may merge, as others do
                parts.push_back({byte_[static_cast<unsigned char>(character[i])],
                                 static_cast<std::uint32_t>(at + i), 1});
            }
        } else {
            parts.push_back(
                {id, static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(bytes)});
        }
        at += bytes;
    }
}

void Encoder::encode(std::string_view piece, PairMerger& merger, std::vector<int>& ids) const {
    if (vocabulary_.whole_pieces && tokens_) {
        if (const int id = find(piece); id >= 0) {
            ids.push_back(id);
            return;
        }
    }
    Output output(*this, ids);
    merger.parts().clear();
    if (vocabulary_.kind == Kind::byte_level) {
        begin_with_bytes(piece, merger.parts());
    } else {
        begin_with_characters(piece, merger.parts());
    }
    if (vocabulary_.kind == Kind::scored_pieces) {
        merge_by_score(piece, merger, output);
        return;
    }
    merger.run([&](const Part& a, const Part& b) { return pairs_->find(a.id, b.id); });
    for (const Part& part : merger.parts()) {
        if (part.id >= 0) {
            output.token(part.id);
        } else {
            output.text_without_token(piece.substr(part.begin, part.bytes));
        }
    }
}

void Encoder::merge_by_score(std::string_view piece, PairMerger& merger, Output& output) const {
    std::unordered_map<int, std::uint32_t> left_bytes; // of an unused token, when last it was made
    const auto unused = [&](int id) {
        return id >= 0 && vocabulary_.types[static_cast<std::size_t>(id)] == Type::unused;
    };
    merger.run([&](const Part& a, const Part& b) -> std::optional<Merged> {
        const int id = find(piece.substr(a.begin, a.bytes + b.bytes));
        if (id < 0) return std::nullopt;
        if (unused(id)) left_bytes[id] = a.bytes;
        return Merged{rank_[static_cast<std::size_t>(id)], id};
    });
    std::vector<Part> open; // the next one is the last
    for (const Part& part : merger.parts()) {
        open.push_back(part);
        while (!open.empty()) {
            const Part next = open.back();
            open.pop_back();
            const auto left = unused(next.id) ? left_bytes.find(next.id) : left_bytes.end();
            if (left != left_bytes.end()) {
                const std::uint32_t bytes = left->second;
                const auto half = [&](std::uint32_t begin, std::uint32_t size) {
                    open.push_back({find(piece.substr(begin, size)), begin, size});
                };
                half(next.begin + bytes, next.bytes - bytes);
                half(next.begin, bytes);
            } else if (next.id >= 0) {
                output.token(next.id);
            } else {
                output.text_without_token(piece.substr(next.begin, next.bytes));
            }
        }
    }
}

} // namespace bitnet::example
