// SPDX-License-Identifier: MIT
// The tokenizer's two directions; tokenizer.hpp has the definitions.
#include "tokenizer.hpp"

#include "error.hpp"

#include <algorithm>

namespace bitnet::example {
namespace {

// Bytes, not std::isalpha: the answer must not depend on the locale.
enum class Class { letter, digit, space, mark };

Class class_of(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte >= 0x80) {
        return Class::letter;
    }
    if (byte >= '0' && byte <= '9') return Class::digit;
    return byte == ' ' || (byte >= '\t' && byte <= '\r') ? Class::space : Class::mark;
}

// End of the run of bytes of one class that begins at `begin`.
std::size_t run_end(std::string_view text, std::size_t begin) noexcept {
    const Class wanted = class_of(text[begin]);
    std::size_t end = begin + 1;
    while (end < text.size() && class_of(text[end]) == wanted) ++end;
    return end;
}

} // namespace

Tokenizer::Tokenizer(const std::vector<Merge>& merges) {
    if (merges.size() > max_vocab - first_merge) {
        throw UserError("tokenizer: " + std::to_string(merges.size()) + " merges are too many");
    }
    tokens_.reserve(first_merge + merges.size());
    for (int byte = 0; byte < 256; ++byte) tokens_.emplace_back(1, static_cast<char>(byte));
    tokens_.resize(first_merge); // BOS and EOS have no bytes

    for (const auto& [left, right] : merges) {
        const std::size_t id = tokens_.size();
        const std::string name = "tokenizer: merge " + std::to_string(id - first_merge);
        for (const std::size_t part : {left, right}) {
            if (part >= id || part == bos_id || part == eos_id) {
                throw UserError(name + " joins id " + std::to_string(part) +
                                ", which is not an earlier token");
            }
        }
        if (tokens_[left].size() + tokens_[right].size() > max_token_bytes) {
            throw UserError(name + " makes a token of more than " +
                            std::to_string(max_token_bytes) + " bytes");
        }
        if (!id_.emplace(key(left, right), static_cast<std::uint16_t>(id)).second) {
            throw UserError(name + " repeats an earlier pair");
        }
        tokens_.push_back(tokens_[left] + tokens_[right]);
    }
}

std::size_t Tokenizer::piece_length(std::string_view text) noexcept {
    if (text.empty()) return 0;
    std::size_t end = 0;
    if (class_of(text[0]) != Class::space) {
        end = run_end(text, 0);
    } else {
        end = run_end(text, 0);
        const bool lends_space = end < text.size() && text[end - 1] == ' ';
        if (lends_space) end = end == 1 ? run_end(text, 1) : end - 1;
    }
    return std::min(end, max_piece);
}

std::vector<int> Tokenizer::encode(std::string_view text) const {
    std::vector<int> ids;
    ids.reserve(text.size() / 2);
    while (!text.empty()) {
        const std::size_t length = piece_length(text);
        encode_piece(text.substr(0, length), ids);
        text.remove_prefix(length);
    }
    return ids;
}

// Starts from bytes and joins the pair of lowest rank, leftmost first, until no pair is a merge.
void Tokenizer::encode_piece(std::string_view piece, std::vector<int>& ids) const {
    std::array<std::uint16_t, max_piece> part{};
    std::size_t parts = 0;
    for (const char c : piece) part[parts++] = static_cast<unsigned char>(c);
    for (;;) {
        std::uint16_t best = 0; // merge ids order as ranks do; 0 is no merge
        std::size_t at = 0;
        for (std::size_t i = 0; i + 1 < parts; ++i) {
            const auto found = id_.find(key(part[i], part[i + 1]));
            if (found != id_.end() && (best == 0 || found->second < best)) {
                best = found->second;
                at = i;
            }
        }
        if (best == 0) break;
        part[at] = best;
        std::copy(part.begin() + static_cast<std::ptrdiff_t>(at) + 2,
                  part.begin() + static_cast<std::ptrdiff_t>(parts),
                  part.begin() + static_cast<std::ptrdiff_t>(at) + 1);
        --parts;
    }
    ids.insert(ids.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(parts));
}

std::string_view Tokenizer::decode(int id) const noexcept {
    if (id < 0 || static_cast<std::size_t>(id) >= tokens_.size()) return {};
    return tokens_[static_cast<std::size_t>(id)];
}

std::string Tokenizer::decode(const std::vector<int>& ids) const {
    std::string text;
    for (const int id : ids) text += decode(id);
    return text;
}

} // namespace bitnet::example
