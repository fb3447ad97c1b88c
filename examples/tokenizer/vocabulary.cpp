// SPDX-License-Identifier: MIT
// What makes a vocabulary sound.
#include "vocabulary.hpp"

#include "error.hpp"

#include <array>
#include <cmath>

namespace bitnet::example {
namespace {

[[noreturn]] void refuse(const std::string& what) {
    throw UserError("tokenizer: " + what);
}

void check_id(const Vocabulary& v, std::optional<int> id, const char* what) {
    if (id && (*id < 0 || static_cast<std::size_t>(*id) >= v.tokens.size())) {
        refuse(std::string(what) + " has id " + std::to_string(*id) + ", of " +
               std::to_string(v.tokens.size()) + " tokens");
    }
}

void check_merges(const Vocabulary& v) {
    for (std::size_t i = 0; i < v.merges.size(); ++i) {
        const auto& [left, right, id] = v.merges[i];
        const std::size_t count = v.tokens.size();
        if (left >= count || right >= count || id >= count) {
            refuse("merge " + std::to_string(i) + " has an id that is no token");
        }
        const std::string_view a = v.tokens[left], b = v.tokens[right], whole = v.tokens[id];
        // A part without bytes would be found everywhere.
        const bool makes = !a.empty() && !b.empty() && whole.size() == a.size() + b.size() &&
                           whole.starts_with(a) && whole.ends_with(b);
        if (!makes) {
            refuse("merge " + std::to_string(i) + " does not make " + name_of_token(v, id));
        }
    }
}

void check_bytes(const Vocabulary& v) {
    std::array<bool, 256> there{};
    for (std::size_t id = 0; id < v.tokens.size(); ++id) {
        if (v.types[id] != Vocabulary::Type::byte) continue;
        const std::optional<std::uint8_t> byte = byte_of_name(v.tokens[id]);
        if (!byte) refuse(name_of_token(v, id) + " is said to be a byte and is none");
        if (there[*byte]) refuse(name_of_token(v, id) + " occurs twice");
        there[*byte] = true;
    }
    if (!v.byte_fallback) return;
    for (int byte = 0; byte < 256; ++byte) {
        if (!there[static_cast<std::size_t>(byte)]) {
            refuse("no token stands for byte " + std::to_string(byte));
        }
    }
}

void check_added(const Vocabulary& v) {
    for (const Vocabulary::Added& added : v.added) {
        check_id(v, static_cast<int>(added.id), "an added token");
        if (added.text.empty() || added.text.size() > Vocabulary::max_added_bytes) {
            refuse(name_of_token(v, added.id) + ": an added token needs a text of 1 to " +
                   std::to_string(Vocabulary::max_added_bytes) + " bytes");
        }
    }
}

} // namespace

void Vocabulary::check() const {
    if (tokens.size() == 0) refuse("no tokens");
    if (tokens.size() > max_tokens) refuse("more than " + std::to_string(max_tokens) + " tokens");
    if (merges.size() > max_merges) refuse("more than " + std::to_string(max_merges) + " merges");
    if (tokens.all().size() > max_bytes) refuse("the tokens are too long");
    if (added.size() > tokens.size()) refuse("more added tokens than tokens");
    if (types.size() != tokens.size()) refuse("each token needs a type");
    for (std::size_t id = 0; id < types.size(); ++id) {
        const auto type = static_cast<int>(types[id]);
        if (type < 1 || type > 6) {
            refuse(name_of_token(*this, id) + " has the unknown type " + std::to_string(type));
        }
    }
    if (kind == Kind::scored_pieces ? scores.size() != tokens.size() : !scores.empty()) {
        refuse("each token of this kind, and of no other, has a score");
    }
    if (kind == Kind::scored_pieces) {
        for (std::size_t id = 0; id < scores.size(); ++id) {
            if (std::isnan(scores[id])) refuse(name_of_token(*this, id) + " has no score");
        }
    }
    if (patterns.size() > max_patterns) refuse("too many patterns");
    for (const std::string& pattern : patterns) {
        if (pattern.size() > max_pattern_bytes) refuse("a pattern is too long");
    }
    check_id(*this, unknown, "the unknown token");
    check_id(*this, bos, "BOS");
    check_id(*this, adds_eos, "EOS");
    check_merges(*this);
    check_added(*this);
    check_bytes(*this);
}

std::string name_of_token(const Vocabulary& vocabulary, std::size_t id) {
    std::string name = "token " + std::to_string(id) + " (\"";
    for (const char c : vocabulary.tokens[id].substr(0, 40)) {
        const bool shown = c >= ' ' && c <= '~';
        constexpr std::string_view digits = "0123456789abcdef";
        const auto byte = static_cast<unsigned char>(c);
        if (shown) {
            name += c;
        } else {
            name += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
        }
    }
    return name + "\")";
}

std::optional<std::uint8_t> byte_of_name(std::string_view token) noexcept {
    if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return std::nullopt;
    unsigned value = 0;
    for (const char c : token.substr(3, 2)) {
        const bool digit = c >= '0' && c <= '9';
        if (!digit && (c < 'A' || c > 'F')) return std::nullopt;
        value = value * 16 + static_cast<unsigned>(digit ? c - '0' : c - 'A' + 10);
    }
    return static_cast<std::uint8_t>(value);
}

} // namespace bitnet::example
