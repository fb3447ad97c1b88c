// SPDX-License-Identifier: MIT
// Line ends, stories, numbers, id lists, and stdout that streams whole characters.
#include "text.hpp"

#include "error.hpp"
#include "utf8.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>

namespace bitnet::example {
namespace {

constexpr std::string_view white_space = " \t\n\v\f\r";

// Bytes of the UTF-8 sequence that `lead` begins; 1 for what begins none.
std::size_t sequence_length(unsigned char lead) noexcept {
    if (lead >= 0xC2 && lead <= 0xDF) return 2;
    if (lead >= 0xE0 && lead <= 0xEF) return 3;
    return lead >= 0xF0 && lead <= 0xF4 ? 4 : 1;
}

// Bytes of the character at the start of `text` that a terminal shows and does not obey; 0 when it
// begins with a control character (C0, DEL or C1) or with no UTF-8.
std::size_t shown_length(std::string_view text) noexcept {
    const Character first = first_character(text);
    const bool control = first.code < 0x20 || (first.code >= 0x7F && first.code < 0xA0);
    return control ? 0 : first.bytes;
}

} // namespace

std::string plain_text(std::string_view text) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    if (text.ends_with('\r')) text.remove_suffix(1);
    std::string plain;
    plain.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text.substr(i, 2) != "\r\n") plain += text[i];
    }
    return plain;
}

std::string_view strip(std::string_view text) noexcept {
    const std::size_t first = text.find_first_not_of(white_space);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(white_space) - first + 1);
}

std::vector<std::string> split_stories(std::string_view text) {
    constexpr std::string_view separator = "<|endoftext|>";
    std::vector<std::string> stories;
    for (bool more = true; more;) {
        const std::size_t end = text.find(separator);
        if (const std::string_view story = strip(text.substr(0, end)); !story.empty()) {
            stories.emplace_back(story);
        }
        more = end != std::string_view::npos;
        text.remove_prefix(more ? end + separator.size() : text.size());
    }
    return stories;
}

double as_written(float value) noexcept {
    char text[32];
    char* const end = std::to_chars(text, text + sizeof text, value).ptr;
    return *parse_number<double>({text, static_cast<std::size_t>(end - text)});
}

std::vector<int> parse_ids(std::string_view text, std::size_t vocab, const std::string& where) {
    std::vector<int> ids;
    while (!(text = strip(text)).empty()) {
        const std::string_view word = text.substr(0, text.find_first_of(white_space));
        const std::optional<std::uint32_t> id = parse_number<std::uint32_t>(word);
        if (!id || *id >= vocab) {
            throw UserError(where + ": \"" + std::string(word.substr(0, 40)) +
                            "\" is no id from 0 to " + std::to_string(vocab - 1));
        }
        ids.push_back(static_cast<int>(*id));
        text.remove_prefix(word.size());
    }
    return ids;
}

std::size_t whole_characters(std::string_view text) noexcept {
    const std::size_t reach = std::min<std::size_t>(text.size(), 3); // a lead byte waits for 3 more
    for (std::size_t back = 1; back <= reach; ++back) {
        const auto byte = static_cast<unsigned char>(text[text.size() - back]);
        if ((byte & 0xC0) != 0x80) { // no continuation byte: the last sequence begins here
            return sequence_length(byte) > back ? text.size() - back : text.size();
        }
    }
    return text.size();
}

std::string printable(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string shown;
    while (!text.empty()) {
        const std::size_t length = shown_length(text);
        if (length != 0) {
            shown += text.substr(0, length);
        } else {
            const auto byte = static_cast<unsigned char>(text.front());
            shown += "\\x";
            shown += digits[byte >> 4];
            shown += digits[byte & 15];
        }
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return shown;
}

void write_stdout(std::string_view text) {
    errno = 0;
    const std::size_t written = std::fwrite(text.data(), 1, text.size(), stdout);
    if (written != text.size() || std::fflush(stdout) != 0) {
        throw UserError(std::string("cannot write to stdout: ") +
                        (errno != 0 ? std::strerror(errno) : "unknown error"));
    }
}

void TextStream::write(std::string_view bytes) {
    held_ += bytes;
    const std::size_t whole = whole_characters(held_);
    if (whole != 0) {
        write_stdout(std::string_view(held_).substr(0, whole));
        held_.erase(0, whole);
    }
}

void TextStream::finish() {
    write_stdout(held_);
    held_.clear();
}

} // namespace bitnet::example
