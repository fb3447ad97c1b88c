// SPDX-License-Identifier: MIT
// A hash table for each length: no search takes longer in a longer text.
#include "prompt_lookup.hpp"

#include <algorithm>

namespace bitnet::example {
namespace {

// Of tokens in their order. Others may have the same: who looks compares the tokens too.
std::uint64_t hash(std::span<const int> tokens) noexcept {
    std::uint64_t sum = 0;
    for (const int token : tokens) {
        sum = (sum ^ static_cast<std::uint64_t>(token)) * 0x9E3779B97F4A7C15u; // 2^64 / phi, odd
        sum ^= sum >> 32;
    }
    return sum;
}

} // namespace

void PromptLookup::append_draft(std::span<const int> text, std::size_t most,
                                std::vector<int>& draft) {
    for (; known_ + 1 < text.size(); ++known_) {
        const std::span<const int> before = text.first(known_ + 1);
        for (std::size_t n = shortest; n <= std::min(longest, before.size()); ++n) {
            behind_[n - shortest][hash(before.last(n))] = before.size();
        }
    }
    for (std::size_t n = std::min(longest, text.size()); n >= shortest; --n) {
        const std::span<const int> end = text.last(n);
        const auto found = behind_[n - shortest].find(hash(end));
        if (found == behind_[n - shortest].end()) continue;
        const std::span<const int> before = text.first(found->second);
        if (!std::equal(end.begin(), end.end(), before.last(n).begin())) continue;
        const std::size_t period = text.size() - before.size();
        const std::size_t first = draft.size();
        for (std::size_t i = 0; i < most; ++i) {
            draft.push_back(i < period ? text[before.size() + i] : draft[first + i - period]);
        }
        return;
    }
}

void PromptLookup::clear() {
    for (auto& table : behind_) table.clear();
    known_ = 0;
}

} // namespace bitnet::example
