// SPDX-License-Identifier: MIT
// The training loop.
#pragma once

#include "checkpoint.hpp"

#include <string>

namespace bitnet::train {

struct TrainOptions {
    Recipe recipe;
    std::string text;        // stories to train on
    std::string valid;       // stories whose score is logged and decides nothing; may be empty
    std::string folder;      // receives last.ckpt, best.ckpt, curve.csv
    std::string tokenizer;   // a checkpoint to take the tokenizer from; empty: learn one
    bool resume = false;     // continue from last.ckpt
    std::size_t threads = 1; // each has its own gradients; the count changes the order of their sum
    std::size_t evaluate_every = 150; // steps
};

void train(const TrainOptions& options);

} // namespace bitnet::train
