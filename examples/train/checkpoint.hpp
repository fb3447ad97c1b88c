// SPDX-License-Identifier: MIT
// What a training run writes down to be continued, or exported, exactly.
#pragma once

#include "../transformer/tokenizer.hpp"
#include "adamw.hpp"
#include "config.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bitnet::train {

// All that determines a run besides the text and the machine.
struct Recipe {
    ModelConfig model;
    LinearKind kind = LinearKind::float32;
    std::size_t slots = 1024; // tokens of one batch, the work of one thread
    std::size_t batches = 2;  // per step
    std::size_t steps = 3300;
    std::size_t warmup = 200;
    float rate = 3e-3F;      // peak
    float last_rate = 0.03F; // share of the peak at the last step
    float fall = 0.4F;       // share of the steps, at the end, in which the rate falls to that
    float dropout = 0.05F;
    AdamWOptions adamw;
    std::uint64_t seed = 1;
};

struct Progress {
    std::size_t step = 0; // steps done
    std::size_t epoch = 0;
    std::size_t batch = 0;    // of that epoch, next to be used
    std::uint64_t tokens = 0; // seen
    double seconds = 0.0;     // of training, over all resumptions
    double best = 1e30;       // nats per byte on the held-out stories
    std::size_t best_step = 0;
};

struct Checkpoint {
    Recipe recipe;
    Progress progress;
    std::vector<example::Tokenizer::Merge> merges;
    Buffer<float> parameters, m, v;
};

// Written beside the target and renamed, so that an interrupted write leaves the old file.
void save(const std::string& path, const Recipe& recipe, const Progress& progress,
          const std::vector<example::Tokenizer::Merge>& merges, const Buffer<float>& parameters,
          const Buffer<float>& m, const Buffer<float>& v);
Checkpoint load_checkpoint(const std::string& path); // throws std::runtime_error

} // namespace bitnet::train
