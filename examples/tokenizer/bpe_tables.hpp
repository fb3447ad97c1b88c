// SPDX-License-Identifier: MIT
// Tokens and merges as files of BPE write them, turned into those of a vocabulary.
#pragma once

#include "lookup.hpp"
#include "vocabulary.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace bitnet::example {

/// The tokens of a file by id, as it writes them. What is put into the vocabulary are the same
/// texts, or for byte-level BPE the bytes that they write.
class BpeTables {
public:
    /// `written` has the text of each id. Borrowed.
    BpeTables(Vocabulary& vocabulary, const Strings& written)
        : vocabulary_(vocabulary), written_(written), ids_(written, written.size()) {}

    /// The next id is a token of the vocabulary: merges may make it.
    void add_token();
    /// The next id is only known by its name.
    void add_named(std::string_view name, Vocabulary::Type type);

    /// UserError when a part or the whole is no token.
    void add_merge(std::string_view left, std::string_view right);
    /// "left right"
    void add_merge(std::string_view pair);

    const TokenTable& ids() const noexcept { return ids_; }

private:
    std::uint32_t id(std::string_view token) const;

    Vocabulary& vocabulary_;
    const Strings& written_;
    TokenTable ids_;
    std::string whole_;
};

} // namespace bitnet::example
