// SPDX-License-Identifier: MIT
// The hash tables of an encoder.
#include "lookup.hpp"

#include "error.hpp"

#include <string>

namespace bitnet::example {
namespace {

std::uint32_t hash_of(std::string_view text) noexcept {
    const auto hash = static_cast<std::uint64_t>(std::hash<std::string_view>()(text));
    return static_cast<std::uint32_t>((hash ^ hash >> 32) * 0x9E3779B1u); // std's may be weak
}

// Keys that were not chosen take one or two steps each.
void check_steps(std::size_t steps, std::size_t slots) {
    if (steps > 16 * slots) throw UserError("tokenizer: its entries are made to collide");
}

} // namespace

PairTable::PairTable(const std::vector<Vocabulary::Merge>& merges)
    : rows_(std::bit_ceil(merges.size() * 3 / 2 + 2)), shift_(64 - std::countr_zero(rows_.size())) {
    std::size_t steps = 0;
    for (std::size_t i = 0; i < merges.size(); ++i) {
        const std::size_t at = slot(merges[i].left, merges[i].right);
        steps += (at - home(merges[i].left, merges[i].right)) & (rows_.size() - 1);
        check_steps(steps, rows_.size());
        Row& row = rows_[at];
        if (row.id != none) {
            throw UserError("tokenizer: merge " + std::to_string(i) + " repeats an earlier pair");
        }
        row = {merges[i].left, merges[i].right, static_cast<std::uint32_t>(i), merges[i].id};
    }
}

std::size_t TokenTable::slot(std::string_view text, std::uint32_t hash) const noexcept {
    std::size_t at = hash & (slots_.size() - 1);
    while (slots_[at].id_and_1 != 0 &&
           (slots_[at].hash != hash || (*texts_)[slots_[at].id_and_1 - 1] != text)) {
        at = (at + 1) & (slots_.size() - 1);
    }
    return at;
}

bool TokenTable::put(std::size_t id) {
    const std::string_view text = (*texts_)[id];
    const std::uint32_t hash = hash_of(text);
    const std::size_t at = slot(text, hash);
    steps_ += (at - hash) & (slots_.size() - 1);
    check_steps(steps_, slots_.size());
    Slot& free = slots_[at];
    if (free.id_and_1 != 0) return false;
    free = {hash, static_cast<std::uint32_t>(id + 1)};
    return true;
}

std::optional<int> TokenTable::find(std::string_view text) const noexcept {
    const std::uint32_t id_and_1 = slots_[slot(text, hash_of(text))].id_and_1;
    return id_and_1 == 0 ? std::nullopt : std::optional<int>(static_cast<int>(id_and_1) - 1);
}

} // namespace bitnet::example
