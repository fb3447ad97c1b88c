// SPDX-License-Identifier: MIT
// What a training run writes down to be continued, or exported, exactly.
#pragma once

#include "../../examples/tokenizer/bpe_bytes.hpp"
#include "adamw.hpp"
#include "recipe.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bitnet::train {

struct Progress {
    std::size_t step = 0; // steps done
    std::size_t epoch = 0;
    std::size_t batch = 0;    // of that epoch, next to be used
    std::uint64_t tokens = 0; // seen
    double seconds = 0.0;     // of training, over all resumptions
    double best = 1e30;       // nats per byte on the held-out stories
    std::size_t best_step = 0;
    double loss = 0.0; // nats per token, running mean over about fifty steps
};

struct Checkpoint {
    Recipe recipe;
    Progress progress;
    std::vector<example::bpe_bytes::Merge> merges;
    AdamWState state;
    std::uint64_t text = 0; // checksum of the text trained on
};

/// Both throw UserError. A failed save leaves the old file.
void save(const std::string& path, const Checkpoint& checkpoint);
Checkpoint load_checkpoint(const std::string& path);

} // namespace bitnet::train
