// SPDX-License-Identifier: MIT
// Tokens and merges of BPE.
#include "bpe_tables.hpp"

#include "byte_map.hpp"
#include "error.hpp"

namespace bitnet::example {

void BpeTables::add_token() {
    using Type = Vocabulary::Type;
    const std::size_t id = vocabulary_.tokens.size();
    ids_.put(id);
    const std::string_view token = written_[id];
    if (vocabulary_.kind != Vocabulary::Kind::byte_level) {
        const bool is_byte = vocabulary_.byte_fallback && byte_of_name(token);
        vocabulary_.add(token, is_byte ? Type::byte : Type::normal);
    } else if (const std::optional<std::string> bytes = bytes_of_mapped(token)) {
        vocabulary_.add(*bytes);
    } else { // of another alphabet: no merge makes it
        vocabulary_.add(token, Type::unused);
    }
}

void BpeTables::add_named(std::string_view name, Vocabulary::Type type) {
    ids_.put(vocabulary_.tokens.size());
    vocabulary_.add(name, type);
}

std::uint32_t BpeTables::id(std::string_view token) const {
    const std::optional<int> found = ids_.find(token);
    if (!found) {
        throw UserError("tokenizer: merge " + std::to_string(vocabulary_.merges.size()) +
                        " has a part or a result that is no token");
    }
    return static_cast<std::uint32_t>(*found);
}

void BpeTables::add_merge(std::string_view left, std::string_view right) {
    whole_.assign(left).append(right);
    vocabulary_.merges.push_back({id(left), id(right), id(whole_)});
}

void BpeTables::add_merge(std::string_view pair) {
    const std::size_t space = pair.find(' ', 1);
    if (space == pair.npos) {
        throw UserError("tokenizer: merge " + std::to_string(vocabulary_.merges.size()) +
                        " is no pair");
    }
    add_merge(pair.substr(0, space), pair.substr(space + 1));
}

} // namespace bitnet::example
