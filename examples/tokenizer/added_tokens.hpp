// SPDX-License-Identifier: MIT
// Finds added tokens, special ones among them, in a text.
#pragma once

#include "vocabulary.hpp"

#include <bitset>
#include <cstddef>
#include <string_view>
#include <vector>

namespace bitnet::example {

/// A part of a text: an added token, or what lies between two.
struct Segment {
    std::string_view text;
    int id = -1; // below 0: text
};

class AddedTokens {
public:
    /// Of the vocabulary's added tokens, those whose `prepared` is this. Borrows their texts.
    /// UserError when two have the same text.
    AddedTokens(const Vocabulary& vocabulary, bool prepared);

    /// `text` from left to right, at each place the longest token; without `special`, names of
    /// control tokens are text.
    std::vector<Segment> split(std::string_view text, bool special) const;

private:
    struct Entry {
        std::string_view text;
        int id;
        bool take_left, take_right, control;
    };
    const Entry* longest(std::string_view text) const noexcept; // that `text` begins with

    std::vector<Entry> entries_; // sorted by text
    std::bitset<256> first_;     // bytes
};

} // namespace bitnet::example
