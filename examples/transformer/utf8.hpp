// SPDX-License-Identifier: MIT
// UTF-8, one character at a time, in text that may hold other bytes as well.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bitnet::example {

struct Character {
    char32_t code = 0;
    std::size_t bytes = 0; // 0: the text is empty, or does not begin with UTF-8
};

/// The character that `text` begins with. Surrogates, values above U+10FFFF and forms longer than
/// needed are no UTF-8.
inline Character first_character(std::string_view text) noexcept {
    if (text.empty()) return {};
    const auto lead = static_cast<unsigned char>(text[0]);
    if (lead < 0x80) return {lead, 1};
    const std::size_t bytes = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (bytes == 0 || lead > 0xF4 || text.size() < bytes) return {};
    char32_t code = lead & (0x7Fu >> bytes);
    for (std::size_t i = 1; i < bytes; ++i) {
        const auto next = static_cast<unsigned char>(text[i]);
        if ((next & 0xC0) != 0x80) return {};
        code = code << 6 | (next & 0x3Fu);
    }
    constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (code < least[bytes] || code > 0x10FFFF || surrogate) return {};
    return {code, bytes};
}

/// How many bytes at the front of `text` are UTF-8.
inline std::size_t utf8_prefix(std::string_view text) noexcept {
    std::size_t end = 0;
    while (const std::size_t bytes = first_character(text.substr(end)).bytes) end += bytes;
    return end;
}

/// How many bytes at the front of `text` begin no UTF-8 character.
inline std::size_t other_prefix(std::string_view text) noexcept {
    std::size_t end = 0;
    while (end < text.size() && first_character(text.substr(end)).bytes == 0) ++end;
    return end;
}

inline void append_utf8(std::string& text, char32_t code) {
    const auto tail = [&](int shift) {
        text += static_cast<char>(0x80u | ((code >> shift) & 0x3Fu));
    };
    if (code < 0x80) {
        text += static_cast<char>(code);
    } else if (code < 0x800) {
        text += static_cast<char>(0xC0u | code >> 6);
        tail(0);
    } else if (code < 0x10000) {
        text += static_cast<char>(0xE0u | code >> 12);
        tail(6), tail(0);
    } else {
        text += static_cast<char>(0xF0u | code >> 18);
        tail(12), tail(6), tail(0);
    }
}

} // namespace bitnet::example
