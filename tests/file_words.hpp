// SPDX-License-Identifier: MIT
// Numbers in the bytes of files: little-endian, written and read byte by byte.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace file_words {

template <std::size_t Bytes>
using unsigned_of = std::conditional_t<
    Bytes == 8, std::uint64_t,
    std::conditional_t<Bytes == 4, std::uint32_t,
                       std::conditional_t<Bytes == 2, std::uint16_t, std::uint8_t>>>;

/// T: an integer, an enumeration or a float.
template <class T>
void put(std::byte* to, T value) {
    const auto bits = std::bit_cast<unsigned_of<sizeof(T)>>(value);
    for (std::size_t i = 0; i < sizeof(T); ++i) to[i] = static_cast<std::byte>(bits >> 8 * i);
}
template <class T>
T get(const std::byte* from) {
    unsigned_of<sizeof(T)> bits = 0;
    for (std::size_t i = sizeof(T); i-- > 0;) {
        using Bits = unsigned_of<sizeof(T)>;
        bits = static_cast<Bits>(static_cast<Bits>(bits << 8) | std::to_integer<Bits>(from[i]));
    }
    return std::bit_cast<T>(bits);
}
template <class T>
std::vector<std::byte> bytes_of(const std::vector<T>& values) {
    std::vector<std::byte> bytes(values.size() * sizeof(T));
    for (std::size_t i = 0; i < values.size(); ++i) put(bytes.data() + i * sizeof(T), values[i]);
    return bytes;
}

} // namespace file_words
