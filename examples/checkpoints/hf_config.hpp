// SPDX-License-Identifier: MIT
// config.json of Hugging Face's directories: the hyperparameters, and how weights are quantized.
#pragma once

#include "config.hpp"
#include "hf_model.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bitnet::example {

/// "quantization_config", or what there is without it.
struct HfQuantization {
    bool packed = false;   // converted projections are uint8, each with a weight_scale
    bool multiply = false; // by weight_scale; else divide
    bool masters = false;  // converted projections are the floats that training kept
    std::vector<std::string> not_converted; // modules, by parts of their names

    /// Whether the projection `module` ("model.layers.0.mlp.up_proj") is quantized.
    bool converts(std::string_view module) const;
};

/// `config` without what follows from the tensors there are.
struct HfConfig {
    Config config;
    bool says_tied = false; // or not; else the tensors do
    HfQuantization quantization;
};

HfConfig read_hf_config(const HfDirectory& directory);

} // namespace bitnet::example
