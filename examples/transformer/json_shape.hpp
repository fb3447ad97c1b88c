// SPDX-License-Identifier: MIT
// How deep and how large the tree of a text of JSON will be, found before it is made: the text may
// come from a hostile file. nlohmann's own way to look at values while it parses would do, but
// after each object it walks over all that stand beside it, and a small file takes minutes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace bitnet::example {

struct JsonShape {
    std::size_t depth = 0;   ///< of objects and arrays within each other
    std::size_t members = 0; ///< of all objects
};

/// Of a text that is no JSON: what a parser meets before it gives up, or more.
inline JsonShape json_shape(std::string_view text) noexcept {
    JsonShape shape;
    std::size_t depth = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '"') {
            quoted = !quoted;
        } else if (quoted) {
            if (c == '\\') ++i;
        } else if (c == '{' || c == '[') {
            shape.depth = std::max(shape.depth, ++depth);
        } else if (c == '}' || c == ']') {
            if (depth != 0) --depth;
        } else if (c == ':') {
            ++shape.members;
        }
    }
    return shape;
}

} // namespace bitnet::example
