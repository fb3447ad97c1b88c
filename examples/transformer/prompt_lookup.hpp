// SPDX-License-Identifier: MIT
// What a text may go on with: what followed its last few tokens where they stood before. source:
// A. Saxena, "Prompt Lookup Decoding" (2023)
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace bitnet::example {

class PromptLookup {
public:
    /// How many tokens at the end of the text are looked for: the longest number that stood before.
    static constexpr std::size_t longest = 3;
    static constexpr std::size_t shortest = 2; // one token stands before all too often

    /// Appends to `draft` up to `most` tokens: those behind the place where the end of the text
    /// stood last. At the text's own end the draft goes on with itself, as a text that repeats
    /// itself does. cost: of each new token once, and of each token of the draft
    /// pre: `text` begins with that of the call before, since clear()
    void append_draft(std::span<const int> text, std::size_t most, std::vector<int>& draft);
    /// For another text.
    void clear();

private:
    // For each length, by a hash of so many tokens: the index behind the last place where they
    // stood.
    std::array<std::unordered_map<std::uint64_t, std::size_t>, longest - shortest + 1> behind_;
    std::size_t known_ = 0; // places behind which a token stands and that are in behind_
};

} // namespace bitnet::example
