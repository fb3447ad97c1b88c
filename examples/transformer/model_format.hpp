// SPDX-License-Identifier: MIT
// Numbers of the .bitnet layout that reader and writer share; docs/formats.md explains them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>
#include <type_traits>

namespace bitnet::example::file_format {

inline constexpr std::string_view magic = "BITNETv1";
inline constexpr std::uint32_t newest_version = 2;
inline constexpr std::size_t alignment = 64; // a cache line, and the widest register
inline constexpr std::size_t header_bytes = 64;
inline constexpr std::size_t record_bytes = 128;
inline constexpr std::size_t name_bytes = 64;

// Caps. They bound what a hostile file can make the reader allocate, and with rows and cols below
// 2^31 the product rows * cols * 4 stays below 2^64.
inline constexpr std::size_t max_json_bytes = std::size_t{1} << 20;
inline constexpr std::size_t max_tensors = std::size_t{1} << 16;
inline constexpr std::uint64_t max_extent = (std::uint64_t{1} << 31) - 1;

// Offsets inside the header ...
namespace header {
inline constexpr std::size_t version = 8, bytes = 12, checksum = 16, file_bytes = 24,
                             json_bytes = 32, tensors = 36, end = 40;
} // namespace header
// ... and inside one record of the index.
namespace record {
inline constexpr std::size_t kind = 64, reserved = 68, rows = 72, cols = 80, offset = 88,
                             bytes = 96, checksum = 104, end = 112;
} // namespace record

constexpr std::uint64_t aligned(std::uint64_t bytes) noexcept {
    return (bytes + alignment - 1) / alignment * alignment;
}

// Byte by byte, so that a big-endian machine reads the same file.
template <class Unsigned>
Unsigned load(const std::byte* from) noexcept {
    Unsigned value = 0;
    for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
        value = static_cast<Unsigned>(value | static_cast<Unsigned>(from[i]) << (8 * i));
    }
    return value;
}

template <class Unsigned>
void store(std::byte* to, std::type_identity_t<Unsigned> value) noexcept {
    for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
        to[i] = static_cast<std::byte>(value >> (8 * i));
    }
}

} // namespace bitnet::example::file_format
