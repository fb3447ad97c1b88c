// SPDX-License-Identifier: MIT
// What the commands share about text: line ends, stories, numbers, id lists, words that are safe to
// show on a terminal, and stdout that streams whole characters.
#pragma once

#include "number.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace bitnet::example {

/// `text` as a Unix editor would have saved it: without a UTF-8 byte order mark at its start, and
/// with "\n" for each "\r\n". A "\r" at the end goes too: it is what a shell's $(cat FILE) leaves
/// of the last "\r\n".
std::string plain_text(std::string_view text);

/// `text` without the white space at its ends.
std::string_view strip(std::string_view text) noexcept;

/// The stories of a text: split at <|endoftext|>, stripped, empty ones dropped.
std::vector<std::string> split_stories(std::string_view text);

/// The whole of `text` as a decimal number; none when it is anything else, or does not fit.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
    Number number{};
    const char* const end = text.data() + text.size();
    const auto [stop, error] = read_number(text.data(), end, number);
    return error == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

/// The double that prints like the float: 1e-05, not 9.999999747378752e-06.
double as_written(float value) noexcept;

/// Ids separated by white space, each below `vocab`. UserError names the first word that is none;
/// `where` begins its message.
std::vector<int> parse_ids(std::string_view text, std::size_t vocab, const std::string& where);

/// How many bytes at the front of `text` can be shown: all but a UTF-8 sequence that has begun well
/// and is not yet whole. Bytes that are no UTF-8 at all pass.
std::size_t whole_characters(std::string_view text) noexcept;

/// `text` for a terminal: each byte of a control character, and each byte that is no UTF-8, as
/// \x1b. Names of files and strings in model files may come from anywhere.
std::string printable(std::string_view text);

/// stdout. Every write reaches it at once; UserError when it is closed or full.
void write_stdout(std::string_view text);

/// Text that comes in pieces of characters.
class TextStream {
public:
    void write(std::string_view bytes); // shows what is whole, holds the rest
    void finish();                      // shows the rest

private:
    std::string held_;
};

} // namespace bitnet::example
