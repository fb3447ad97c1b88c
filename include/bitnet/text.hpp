// SPDX-License-Identifier: MIT
// Text: words joined at compile time, for the names of functions.
#pragma once

#include <cstddef>

#include <bitnet/config.hpp>

namespace BITNET_NAMESPACE {

struct Text {
    char characters[40] = {};

    template <class... Words>
    consteval explicit Text(Words... words) noexcept {
        std::size_t n = 0;
        const auto append = [&](const char* word) {
            while (*word) characters[n++] = *word++; // beyond the end: no constant expression
        };
        (append(words), ...);
        characters[n] = '\0';
    }
};

} // namespace BITNET_NAMESPACE
