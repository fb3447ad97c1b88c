// SPDX-License-Identifier: MIT
// The two questions of an encoder, answered by hash tables: what do two ids merge to, and which id
// is this text? Both tables refuse keys that were chosen to collide: building them stays linear.
#pragma once

#include "pair_merger.hpp"
#include "vocabulary.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace bitnet::example {

/// (left id, right id) -> rank and id of the merge. Open addressing: a row of 16 bytes per merge,
/// at most two thirds of the rows in use.
class PairTable {
public:
    /// UserError when a pair occurs twice. pre: ids below 2^31
    explicit PairTable(const std::vector<Vocabulary::Merge>& merges);

    std::optional<Merged> find(std::int32_t left, std::int32_t right) const noexcept {
        if (left < 0 || right < 0) return std::nullopt;
        const Row& row =
            rows_[slot(static_cast<std::uint32_t>(left), static_cast<std::uint32_t>(right))];
        if (row.id == none) return std::nullopt;
        return Merged{row.rank, static_cast<std::int32_t>(row.id)};
    }

private:
    static constexpr std::uint32_t none = 0xFFFFFFFF;
    struct Row {
        std::uint32_t left = 0, right = 0, rank = 0, id = none;
    };
    std::size_t home(std::uint32_t left, std::uint32_t right) const noexcept {
        const std::uint64_t key = std::uint64_t{left} << 32 | right;
        return static_cast<std::size_t>((key ^ key >> 29) * 0x9E3779B97F4A7C15u >> shift_);
    }
    // The row of the pair, or the free one where it would be.
    std::size_t slot(std::uint32_t left, std::uint32_t right) const noexcept {
        std::size_t at = home(left, right);
        while (rows_[at].id != none && (rows_[at].left != left || rows_[at].right != right)) {
            at = (at + 1) & (rows_.size() - 1);
        }
        return at;
    }

    std::vector<Row> rows_;
    int shift_;
};

/// Text of a token -> its id, for the tokens that were put in. Borrows the texts.
class TokenTable {
public:
    /// pre: no more than `count` are put in
    TokenTable(const Strings& texts, std::size_t count)
        : texts_(&texts), slots_(std::bit_ceil(count * 3 / 2 + 2)) {}

    /// Of equal texts the first one stays, and false says that there was one.
    bool put(std::size_t id);
    std::optional<int> find(std::string_view text) const noexcept;

private:
    struct Slot {
        std::uint32_t hash = 0, id_and_1 = 0; // 0: free
    };
    std::size_t slot(std::string_view text, std::uint32_t hash) const noexcept;

    const Strings* texts_;
    std::vector<Slot> slots_;
    std::size_t steps_ = 0; // of all put()
};

} // namespace bitnet::example
