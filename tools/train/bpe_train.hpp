// SPDX-License-Identifier: MIT
// Learns the merges of the byte-pair tokenizer from text.
#pragma once

#include "../../examples/tokenizer/bpe_bytes.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace bitnet::train {

/// The most frequent pair inside the pieces of all documents is joined, again and again, until the
/// vocabulary has `vocab` entries or no pair is left that occurs twice. Equal counts: the smaller
/// pair of ids wins.
std::vector<example::bpe_bytes::Merge> train_bpe(const std::vector<std::string>& documents,
                                                 std::size_t vocab);

} // namespace bitnet::train
