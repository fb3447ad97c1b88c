// SPDX-License-Identifier: MIT
// The training loop.
#pragma once

#include "recipe.hpp"

#include <cstddef>
#include <set>
#include <string>

namespace bitnet::train {

struct TrainOptions {
    Recipe recipe;
    std::set<std::string> given; // keys of the fields that the command line named
    std::string text;            // stories to train on
    std::string valid;           // stories whose score is logged and decides nothing; may be empty
    std::string folder;          // receives last.ckpt, best.ckpt, curve.csv
    std::string tokenizer;       // a checkpoint to take the tokenizer from; empty: learn one
    bool resume = false;         // continue from last.ckpt, with its recipe
    std::size_t threads = 1;     // changes no bit
    std::size_t evaluate_every = 150; // steps
};

void train(const TrainOptions& options);

} // namespace bitnet::train
