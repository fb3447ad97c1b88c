// SPDX-License-Identifier: MIT
// The longest added token at each place of a text.
#include "added_tokens.hpp"

#include "error.hpp"
#include "utf8.hpp"

#include <algorithm>

namespace bitnet::example {
namespace {

// Unicode's White_Space.
bool is_white_space(char32_t c) noexcept {
    return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
           c == 0x205F || c == 0x3000;
}

std::size_t white_space_at_front(std::string_view text) noexcept {
    std::size_t end = 0;
    for (;;) {
        const Character c = first_character(text.substr(end));
        if (c.bytes == 0 || !is_white_space(c.code)) return end;
        end += c.bytes;
    }
}

std::size_t white_space_at_end(std::string_view text) noexcept {
    std::size_t begin = text.size();
    while (begin > 0) {
        std::size_t at = begin - 1; // of the last character, which has at most 3 bytes
        while (at > 0 && begin - at < 3 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) {
            --at;
        }
        const Character c = first_character(text.substr(at, begin - at));
        if (c.bytes != begin - at || !is_white_space(c.code)) break;
        begin = at;
    }
    return text.size() - begin;
}

} // namespace

AddedTokens::AddedTokens(const Vocabulary& vocabulary, bool prepared) {
    for (const Vocabulary::Added& added : vocabulary.added) {
        if (added.prepared != prepared) continue;
        entries_.push_back({added.text, static_cast<int>(added.id), added.take_left,
                            added.take_right,
                            vocabulary.types[added.id] == Vocabulary::Type::control});
        first_.set(static_cast<unsigned char>(added.text.front()));
    }
    std::sort(entries_.begin(), entries_.end(),
              [](const Entry& a, const Entry& b) { return a.text < b.text; });
    const auto twice =
        std::adjacent_find(entries_.begin(), entries_.end(),
                           [](const Entry& a, const Entry& b) { return a.text == b.text; });
    if (twice != entries_.end()) {
        throw UserError(
            "tokenizer: " + name_of_token(vocabulary, static_cast<std::size_t>(twice->id)) +
            " is added twice");
    }
}

const AddedTokens::Entry* AddedTokens::longest(std::string_view text) const noexcept {
    const Entry* found = nullptr;
    auto begin = entries_.begin(), end = entries_.end(); // those that agree in `depth` bytes
    for (std::size_t depth = 0; begin != end; ++depth) {
        if (begin->text.size() == depth) found = &*begin++; // the shortest is the first of them
        if (depth == text.size()) break;
        const auto byte = [&](const Entry& e) { return static_cast<unsigned char>(e.text[depth]); };
        const auto wanted = static_cast<unsigned char>(text[depth]);
        begin = std::partition_point(begin, end, [&](const Entry& e) { return byte(e) < wanted; });
        end = std::partition_point(begin, end, [&](const Entry& e) { return byte(e) == wanted; });
    }
    return found;
}

std::vector<Segment> AddedTokens::split(std::string_view text, bool special) const {
    std::vector<Segment> segments;
    std::size_t done = 0;
    for (std::size_t at = 0; at < text.size();) {
        const Entry* entry =
            first_[static_cast<unsigned char>(text[at])] ? longest(text.substr(at)) : nullptr;
        if (entry == nullptr) {
            ++at;
            continue;
        }
        std::size_t end = at + entry->text.size();
        if (entry->control && !special) { // a name in plain text, whole
            at = end;
            continue;
        }
        std::size_t begin = at;
        if (entry->take_left) begin -= white_space_at_end(text.substr(done, at - done));
        if (entry->take_right) end += white_space_at_front(text.substr(end));
        if (begin > done) segments.push_back({text.substr(done, begin - done)});
        segments.push_back({text.substr(begin, end - begin), entry->id});
        done = at = end;
    }
    if (done < text.size()) segments.push_back({text.substr(done)});
    return segments;
}

} // namespace bitnet::example
