// SPDX-License-Identifier: MIT
// Text files as stories, stories as tokens, tokens as batches of whole stories.
#pragma once

#include "../../examples/tokenizer/tokenizer.hpp"
#include "../../examples/transformer/text.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bitnet::train {

using example::split_stories;

/// BOS + tokens + EOS, at most `context` ids.
std::vector<std::vector<int>> encode_stories(const example::Tokenizer& tokenizer,
                                             const std::vector<std::string>& stories,
                                             std::size_t context);

struct Span {
    std::size_t begin, size; // both multiples of `Batch::grain`
};

/// A fixed number of token slots that hold whole stories. A story sees only itself, so the slots
/// between its end and the next multiple of `grain` are harmless: nothing that counts looks at
/// them.
struct Batch {
    static constexpr std::size_t grain =
        16; // few distinct lengths, so that few matmul shapes are made

    std::vector<int> tokens;
    std::vector<int> targets;   // −1: this slot is not scored
    std::vector<int> positions; // place within the story, for RoPE
    std::vector<Span> spans;    // cover all slots
    std::size_t scored = 0;

    explicit Batch(std::size_t slots);
    bool fits(std::size_t ids) const;
    void add(std::span<const int> story); // precondition: fits
    void finish();                        // the free slots become one last span that is not scored

private:
    std::size_t used_ = 0;
};

/// Fills batches with the stories in a random order that depends on the seed alone.
std::vector<Batch> make_batches(const std::vector<std::vector<int>>& stories, std::size_t slots,
                                std::uint64_t seed);

} // namespace bitnet::train
