// SPDX-License-Identifier: MIT
// Form C by utf8proc. Without it only texts pass that are surely in that form.
#include "normalize.hpp"

#include "error.hpp"
#include "utf8.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#if BITNET_UTF8PROC
#include <utf8proc.h>
#endif

namespace bitnet::example {
namespace {

// Below it no character changes, or changes another one.
constexpr char32_t first_that_may_change = 0x300;

bool may_change(std::string_view text) noexcept {
    while (!text.empty()) {
        const Character c = first_character(text);
        if (c.code >= first_that_may_change) return true;
        text.remove_prefix(std::max<std::size_t>(c.bytes, 1));
    }
    return false;
}

#if BITNET_UTF8PROC

int combining_class(utf8proc_int32_t code) noexcept {
    return utf8proc_get_property(code)->combining_class;
}

// `codes` decomposed, with marks in canonical order. utf8proc's own ordering takes the square of
// the length of a run of marks.
std::vector<utf8proc_int32_t> decomposed(std::string_view text) {
    constexpr auto option = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE);
    std::vector<utf8proc_int32_t> codes;
    codes.reserve(text.size());
    while (!text.empty()) {
        const Character c = first_character(text);
        utf8proc_int32_t parts[32]; // no character has more than 18
        const utf8proc_ssize_t count = utf8proc_decompose_char(
            static_cast<utf8proc_int32_t>(c.code), parts, std::size(parts), option, nullptr);
        codes.insert(codes.end(), parts, parts + std::max<utf8proc_ssize_t>(count, 0));
        text.remove_prefix(c.bytes);
    }
    for (auto begin = codes.begin(); begin != codes.end();) {
        const auto starts = [](utf8proc_int32_t code) { return combining_class(code) == 0; };
        const auto end = std::find_if(begin, codes.end(), starts);
        std::stable_sort(begin, end, [](utf8proc_int32_t a, utf8proc_int32_t b) {
            return combining_class(a) < combining_class(b);
        });
        begin = std::find_if_not(end, codes.end(), starts);
    }
    return codes;
}

void append_nfc(std::string& result, std::string_view text) {
    std::vector<utf8proc_int32_t> codes = decomposed(text);
    constexpr auto option = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    const utf8proc_ssize_t count =
        utf8proc_normalize_utf32(codes.data(), static_cast<utf8proc_ssize_t>(codes.size()), option);
    for (utf8proc_ssize_t i = 0; i < count; ++i) {
        append_utf8(result, static_cast<char32_t>(codes[static_cast<std::size_t>(i)]));
    }
}

#else

void append_nfc(std::string&, std::string_view) {
    throw UserError("tokenizer: it normalizes text (NFC), and this build lacks utf8proc: give ids "
                    "in place of text");
}

#endif

} // namespace

std::string to_nfc(std::string_view text) {
    if (!may_change(text)) return std::string(text);
    std::string result;
    result.reserve(text.size());
    while (!text.empty()) {
        const std::size_t valid = utf8_prefix(text);
        if (valid != 0) append_nfc(result, text.substr(0, valid));
        text.remove_prefix(valid);
        const std::size_t other = other_prefix(text);
        result += text.substr(0, other);
        text.remove_prefix(other);
    }
    return result;
}

} // namespace bitnet::example
