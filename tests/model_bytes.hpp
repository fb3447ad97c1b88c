// SPDX-License-Identifier: MIT
// The bytes of a .bitnet file as tests take them apart and damage them: the layout of
// docs/formats.md, once more, so that a slip in the code's own table shows.
#pragma once

#include "checksum.hpp"
#include "error.hpp"
#include "file_words.hpp"
#include "model_file.hpp"
#include "tiny_model.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace model_bytes {

using Bytes = std::vector<std::byte>;

inline constexpr std::size_t at_version = 8, at_header_bytes = 12, at_checksum = 16,
                             at_file_bytes = 24, at_json_bytes = 32, at_tensors = 36;
inline constexpr std::size_t rec_kind = 64, rec_reserved = 68, rec_rows = 72, rec_cols = 80,
                             rec_offset = 88, rec_bytes = 96, rec_checksum = 104, rec_zero = 112;

template <class T>
T get(const Bytes& file, std::size_t at) {
    return file_words::get<T>(file.data() + at);
}
template <class T>
void put(Bytes& file, std::size_t at, T value) {
    file_words::put(file.data() + at, value);
}

inline std::uint64_t sum_of(const Bytes& file, std::size_t begin, std::size_t end) {
    return bitnet::example::checksum(std::span(file).subspan(begin, end - begin));
}

// Makes the header's checksum right again, as an attacker would.
inline void seal(Bytes& file) {
    put<std::uint64_t>(file, at_checksum, 0);
    const std::size_t end =
        std::min<std::size_t>(get<std::uint32_t>(file, at_header_bytes), file.size());
    put(file, at_checksum, sum_of(file, 0, end));
}

inline std::size_t record(const Bytes& file, std::size_t index) {
    return 64 + get<std::uint32_t>(file, at_json_bytes) + 128 * index;
}

// The message with which `file` is refused; empty when it is accepted.
inline std::string refusal(const Bytes& file) {
    const tiny::Aligned copy(file);
    try {
        const bitnet::example::ModelFile model("m", copy.bytes());
        return {};
    } catch (const bitnet::example::UserError& error) {
        return error.what();
    }
}

// A file of three small tensors, to be damaged at every byte.
inline Bytes small_file() {
    bitnet::example::ModelWriter writer(tiny::make({}).config);
    writer.add_f32("a", 2, 3, std::vector<float>{1, 2, 3, 4, 5, 6});
    writer.add_f16("b", 1, 5, std::vector<float>{1, 2, 3, 4, 5});
    writer.add_merges(std::vector<std::array<std::uint16_t, 2>>{{1, 2}, {3, 258}});
    return tiny::bytes_of(writer);
}

} // namespace model_bytes
