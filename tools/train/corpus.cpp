// SPDX-License-Identifier: MIT
// Encoding and packing of stories.
#include "corpus.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <random>

namespace bitnet::train {

std::vector<std::vector<int>> encode_stories(const example::Tokenizer& tokenizer,
                                             const std::vector<std::string>& stories,
                                             std::size_t context) {
    std::vector<std::vector<int>> encoded;
    for (const std::string& story : stories) {
        std::vector<int> ids = tokenizer.encode(story);
        ids.insert(ids.begin(), example::bpe_bytes::bos);
        ids.push_back(example::bpe_bytes::eos);
        ids.resize(std::min(ids.size(), context));
        encoded.push_back(std::move(ids));
    }
    return encoded;
}

Batch::Batch(std::size_t slots) : tokens(slots), targets(slots, -1), positions(slots) {}

bool Batch::fits(std::size_t ids) const {
    return used_ + ids - 1 <= tokens.size();
}

void Batch::add(std::span<const int> story) {
    const std::size_t inputs = story.size() - 1; // the last id is only predicted
    for (std::size_t i = 0; i < inputs; ++i) {
        tokens[used_ + i] = story[i];
        targets[used_ + i] = story[i + 1];
        positions[used_ + i] = static_cast<int>(i);
    }
    const std::size_t size = std::min((inputs + grain - 1) / grain * grain, tokens.size() - used_);
    spans.push_back({used_, size});
    used_ += size;
    scored += inputs;
}

void Batch::finish() {
    if (used_ < tokens.size()) {
        spans.push_back({used_, tokens.size() - used_});
        used_ = tokens.size();
    }
}

std::vector<Batch> make_batches(const std::vector<std::vector<int>>& stories, std::size_t slots,
                                std::uint64_t seed) {
    // Fisher-Yates by hand: std::shuffle may differ between standard libraries.
    std::vector<std::size_t> order(stories.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::mt19937_64 random(seed);
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
    // First fit into a few open batches wastes about one slot in a hundred.
    constexpr std::size_t open_limit = 8;
    std::vector<Batch> open;
    std::vector<Batch> done;
    for (const std::size_t s : order) {
        const auto place = std::find_if(open.begin(), open.end(), [&](const Batch& batch) {
            return batch.fits(stories[s].size());
        });
        if (place != open.end()) {
            place->add(stories[s]);
            continue;
        }
        if (open.size() == open_limit) {
            const auto fullest =
                std::max_element(open.begin(), open.end(), [](const Batch& a, const Batch& b) {
                    return a.scored < b.scored;
                });
            done.push_back(std::move(*fullest));
            open.erase(fullest);
        }
        open.emplace_back(slots);
        open.back().add(stories[s]);
    }
    std::move(open.begin(), open.end(), std::back_inserter(done));
    for (Batch& batch : done) batch.finish();
    return done;
}

} // namespace bitnet::train
