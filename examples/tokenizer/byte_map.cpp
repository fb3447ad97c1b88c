// SPDX-License-Identifier: MIT
// GPT-2's map of bytes. Printable characters of Latin-1 are themselves, and the others, in their
// order, are U+0100 and what follows.
#include "byte_map.hpp"

#include "utf8.hpp"

#include <array>

namespace bitnet::example {
namespace {

constexpr bool is_itself(int byte) {
    return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

// By character; below 0: none.
constexpr std::array<int, 0x144> make_map() {
    std::array<int, 0x144> map{};
    map.fill(-1);
    std::size_t next = 0x100;
    for (int byte = 0; byte < 256; ++byte) {
        map[is_itself(byte) ? static_cast<std::size_t>(byte) : next++] = byte;
    }
    return map;
}
constexpr std::array<int, 0x144> map = make_map();

} // namespace

std::optional<std::string> bytes_of_mapped(std::string_view token) {
    std::string bytes;
    while (!token.empty()) {
        const Character c = first_character(token);
        const int byte = c.bytes != 0 && c.code < map.size() ? map[c.code] : -1;
        if (byte < 0) return std::nullopt;
        bytes += static_cast<char>(byte);
        token.remove_prefix(c.bytes);
    }
    return bytes;
}

} // namespace bitnet::example
