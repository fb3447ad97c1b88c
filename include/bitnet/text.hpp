// SPDX-License-Identifier: MIT
// Text: words and numbers joined at compile time, for the names of functions and the sentences of
// errors.
#pragma once

#include <cstddef>

#include <bitnet/config.hpp>

namespace BITNET_NAMESPACE {

struct Text {
    char characters[80] = {};

    template <class... Words>
    consteval explicit Text(Words... words) noexcept {
        std::size_t n = 0;
        (append(n, words), ...);
        characters[n] = '\0';
    }

private:
    consteval void append(std::size_t& n, const char* word) noexcept {
        while (*word) characters[n++] = *word++; // beyond the end: no constant expression
    }
    consteval void append(std::size_t& n, int number) noexcept {
        if (number < 0) characters[n++] = '-';
        append(n, static_cast<std::size_t>(number < 0 ? -number : number));
    }
    consteval void append(std::size_t& n, std::size_t number) noexcept {
        if (number >= 10) append(n, number / 10);
        characters[n++] = static_cast<char>('0' + number % 10);
    }
};

} // namespace BITNET_NAMESPACE
