// SPDX-License-Identifier: MIT
// Byte-pair encoding of one piece: parts that stand side by side merge, the pair of lowest rank
// first and of equal ones the leftmost, until no pair is left that may.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace bitnet::example {

struct Part {
    std::int32_t id; // below 0: no token
    std::uint32_t begin, bytes;
};

struct Merged {
    std::uint32_t rank;
    std::int32_t id;
};

/// O(n log n) in the parts: a heap holds the pairs, and those whose parts have since merged are
/// passed over. Keeps its memory for the next piece.
class PairMerger {
public:
    std::vector<Part>& parts() noexcept { return parts_; } // to be filled, then the result

    /// find(left, right) gives what two neighbours merge to, an std::optional<Merged>.
    template <class Find>
    void run(const Find& find) {
        const auto size = static_cast<std::uint32_t>(parts_.size());
        if (size < 2) return;
        next_.resize(size);
        previous_.resize(size);
        heap_.clear();
        for (std::uint32_t i = 0; i < size; ++i) next_[i] = i + 1, previous_[i] = i - 1;
        const auto look = [&](std::uint32_t left) {
            const Part &a = parts_[left], &b = parts_[next_[left]];
            const std::optional<Merged> found = find(a, b);
            if (found) heap_.push_back({found->rank, left, a.bytes + b.bytes, found->id});
            return found.has_value();
        };
        for (std::uint32_t i = 0; i + 1 < size; ++i) look(i);
        std::make_heap(heap_.begin(), heap_.end(), std::greater<>());
        while (!heap_.empty()) {
            std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
            const Pair pair = heap_.back();
            heap_.pop_back();
            Part& left = parts_[pair.left];
            const std::uint32_t gone = next_[pair.left];
            // Parts only grow, and a part that is gone has no bytes: the same sum, the same pair.
            if (left.bytes == 0 || gone == size || left.bytes + parts_[gone].bytes != pair.bytes) {
                continue;
            }
            left.id = pair.id;
            left.bytes = pair.bytes;
            parts_[gone].bytes = 0;
            next_[pair.left] = next_[gone];
            if (next_[gone] != size) {
                previous_[next_[gone]] = pair.left;
                if (look(pair.left)) push();
            }
            if (pair.left != 0 && look(previous_[pair.left])) push();
        }
        std::erase_if(parts_, [](const Part& part) { return part.bytes == 0; });
    }

private:
    struct Pair {
        std::uint32_t rank, left, bytes;
        std::int32_t id;
        bool operator>(const Pair& other) const noexcept {
            return rank != other.rank ? rank > other.rank : left > other.left;
        }
    };
    void push() { std::push_heap(heap_.begin(), heap_.end(), std::greater<>()); }

    std::vector<Part> parts_;
    std::vector<std::uint32_t> next_, previous_; // part beside part, of those that are left
    std::vector<Pair> heap_;
};

} // namespace bitnet::example
