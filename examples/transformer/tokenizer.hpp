// SPDX-License-Identifier: MIT
// Byte-level BPE, lossless for every byte string: decode(encode(s)) == s.
//
// Ids: 0..255 are the bytes, 256 is BOS, 257 is EOS, 258 + i is the i-th merge. The rank of a merge
// is its index: an earlier merge was more frequent in training and is applied first.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace bitnet::example {

class Tokenizer {
public:
    using Merge = std::array<std::uint16_t, 2>; // (left id, right id)

    static constexpr int bos_id = 256;
    static constexpr int eos_id = 257;
    static constexpr int first_merge = 258;
    static constexpr std::size_t max_vocab = 65536;     // a merge holds 16-bit ids
    static constexpr std::size_t max_token_bytes = 256; // = max_piece: no longer token can occur
    static constexpr std::size_t max_piece = 256;       // bounds the quadratic merge loop

    /// Merges may come from a hostile file: UserError for an id that is not made yet, for BOS or
    /// EOS as a part, for a pair that occurs twice, and for a token longer than max_token_bytes.
    explicit Tokenizer(const std::vector<Merge>& merges);

    /// Ids of `text`, without BOS or EOS. Markers in the text such as "<|endoftext|>" are plain
    /// bytes.
    std::vector<int> encode(std::string_view text) const;

    /// The bytes of one id; empty for BOS, EOS and ids out of range. Valid as long as *this.
    std::string_view decode(int id) const noexcept;
    std::string decode(const std::vector<int>& ids) const;

    int bos() const noexcept { return bos_id; }
    int eos() const noexcept { return eos_id; }
    std::size_t vocab_size() const noexcept { return tokens_.size(); }

    /// Length of the first piece of `text` (0 only for empty text). Merges never cross a piece:
    ///   [one space] letters or bytes >= 0x80  |  [one space] digits  |  [one space] other marks
    ///   | white space, without the one space that the next piece takes
    static std::size_t piece_length(std::string_view text) noexcept;

private:
    static std::uint32_t key(std::uint16_t left, std::uint16_t right) noexcept {
        return std::uint32_t{left} << 16 | right;
    }
    void encode_piece(std::string_view piece, std::vector<int>& ids) const;

    std::vector<std::string> tokens_;                     // id -> bytes
    std::unordered_map<std::uint32_t, std::uint16_t> id_; // key(left, right) -> id of the merge
};

} // namespace bitnet::example
