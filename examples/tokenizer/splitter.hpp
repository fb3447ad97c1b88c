// SPDX-License-Identifier: MIT
// Cuts text into the pieces that merges never cross, by the regular expressions of a tokenizer.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bitnet::example {

class Splitter {
public:
    /// Each pattern cuts what the one before it left; what a pattern does not match is a piece as
    /// well. Perl syntax with Unicode's properties: \s is White_Space, \p{L} all letters.
    /// UserError when a pattern is none.
    explicit Splitter(const std::vector<std::string>& patterns);
    Splitter(Splitter&&) noexcept;
    ~Splitter();

    /// Appends the pieces of `text` to `pieces`; together they are the text. Bytes that are no
    /// UTF-8 match nothing: a run of them is a piece. UserError when a pattern needs more steps
    /// than any of a known tokenizer does, or when the build lacks PCRE2.
    void split(std::string_view text, std::vector<std::string_view>& pieces) const;

private:
    class Pattern;
    std::vector<Pattern> patterns_;
};

} // namespace bitnet::example
