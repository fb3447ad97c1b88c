// SPDX-License-Identifier: MIT
// "bpe-bytes", the tokenizer of this project's own small models: byte-level BPE whose vocabulary is
// its merges, with a rule of its own for pieces.
//
// Ids: 0..255 are the bytes, 256 is BOS, 257 is EOS, 258 + i is the i-th merge. The rank of a merge
// is its index: an earlier merge was more frequent in training and is applied first.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace bitnet::example {

struct Vocabulary; // vocabulary.hpp

namespace bpe_bytes {

using Merge = std::array<std::uint16_t, 2>; // (left id, right id)

inline constexpr int bos = 256;
inline constexpr int eos = 257;
inline constexpr int first_merge = 258;
inline constexpr std::size_t max_vocab = 65536;     // a merge holds 16-bit ids
inline constexpr std::size_t max_piece = 256;       // bytes
inline constexpr std::size_t max_token_bytes = 256; // = max_piece: no longer token can occur

/// Length of the first piece of `text` (0 only for empty text). Merges never cross a piece:
///   [one space] letters or bytes >= 0x80  |  [one space] digits  |  [one space] other marks
///   | white space, without the one space that the next piece takes
std::size_t piece_length(std::string_view text) noexcept;

/// Merges may come from a hostile file: UserError for an id that is not made yet, for BOS or EOS as
/// a part, and for a token longer than max_token_bytes.
Vocabulary vocabulary(const std::vector<Merge>& merges);

} // namespace bpe_bytes
} // namespace bitnet::example
