// SPDX-License-Identifier: MIT
// The weights of one step, made from the float parameters once and read by all workers: quantized
// layers of the library for the forward pass, and the same values as operands of the backward pass.
#pragma once

#include "bit_group.hpp"
#include "parameters.hpp"
#include "workers.hpp"

#include <memory>
#include <vector>

namespace bitnet::train {

struct LayerGroups {
    std::unique_ptr<BitGroup> qkv, o, gate_up, down; // null for float layers
};

struct Weights {
    Weights(const Config& config, const ParameterMap& map, LinearKind kind);

    /// Quantizes `parameters` anew, the work split over the crew.
    void update(const float* parameters, const Workers& workers);

    LinearKind kind;
    const float* parameters = nullptr;
    Buffer<operand> half; // all parameters as the matmuls see them, at the same offsets
    std::vector<LayerGroups> layers;

private:
    const Config& config_;
    const ParameterMap& map_;
};

} // namespace bitnet::train
