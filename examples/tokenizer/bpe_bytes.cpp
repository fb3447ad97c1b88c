// SPDX-License-Identifier: MIT
// Pieces and vocabulary of "bpe-bytes"; bpe_bytes.hpp has the definitions.
#include "bpe_bytes.hpp"

#include "error.hpp"
#include "vocabulary.hpp"

#include <algorithm>
#include <string>

namespace bitnet::example::bpe_bytes {
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

std::size_t piece_length(std::string_view text) noexcept {
    if (text.empty()) return 0;
    text = text.substr(0, max_piece + 2); // what follows decides no more
    std::size_t end = run_end(text, 0);
    if (class_of(text[0]) == Class::space) {
        const bool lends_space = end < text.size() && text[end - 1] == ' ';
        if (lends_space) end = end == 1 ? run_end(text, 1) : end - 1;
    }
    return std::min(end, max_piece);
}

Vocabulary vocabulary(const std::vector<Merge>& merges) {
    if (merges.size() > max_vocab - first_merge) {
        throw UserError("tokenizer: " + std::to_string(merges.size()) + " merges are too many");
    }
    using Type = Vocabulary::Type;
    Vocabulary v;
    v.kind = Vocabulary::Kind::byte_level;
    v.split_by_class = true;
    v.bos = bos;
    for (int byte = 0; byte < 256; ++byte) v.add(std::string(1, static_cast<char>(byte)));
    v.add("", Type::control); // BOS and EOS have no bytes
    v.add("", Type::control);

    for (const auto& [left, right] : merges) {
        const std::size_t id = v.tokens.size();
        const std::string name = "tokenizer: merge " + std::to_string(id - first_merge);
        for (const std::size_t part : {left, right}) {
            if (part >= id || part == bos || part == eos) {
                throw UserError(name + " joins id " + std::to_string(part) +
                                ", which is not an earlier token");
            }
        }
        const std::string token = std::string(v.tokens[left]) + std::string(v.tokens[right]);
        if (token.size() > max_token_bytes) {
            throw UserError(name + " makes a token of more than " +
                            std::to_string(max_token_bytes) + " bytes");
        }
        v.add(token);
        v.merges.push_back({left, right, static_cast<std::uint32_t>(id)});
    }
    return v;
}

} // namespace bitnet::example::bpe_bytes
