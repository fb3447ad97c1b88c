// SPDX-License-Identifier: MIT
// Pieces of text to ids: the merges of a vocabulary.
#pragma once

#include "lookup.hpp"
#include "pair_merger.hpp"
#include "vocabulary.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace bitnet::example {

class Encoder {
public:
    /// Borrows the vocabulary, which has passed its check().
    explicit Encoder(const Vocabulary& vocabulary);

    /// Appends the ids of a piece. `merger` is memory only. UserError when the vocabulary has no
    /// token for a part of it.
    void encode(std::string_view piece, PairMerger& merger, std::vector<int>& ids) const;

private:
    class Output;
    void begin_with_bytes(std::string_view piece, std::vector<Part>& parts) const;
    void begin_with_characters(std::string_view piece, std::vector<Part>& parts) const;
    void merge_by_score(std::string_view piece, PairMerger& merger, Output& output) const;
    int find(std::string_view text) const noexcept; // the token with this text; below 0: none

    const Vocabulary& vocabulary_;
    std::array<std::int32_t, 256> byte_; // the id of each; below 0: none
    std::optional<PairTable> pairs_;
    std::optional<TokenTable> tokens_; // those that a text can be
    std::vector<std::uint32_t> rank_;  // scored_pieces: of each token, 0 for the highest score
    std::size_t longest_ = 0;          // token, in bytes
};

} // namespace bitnet::example
