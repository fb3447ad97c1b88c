// SPDX-License-Identifier: MIT
// Adam with decoupled weight decay and clipping by the global norm.
#pragma once

#include "buffer.hpp"
#include "parameters.hpp"
#include "workers.hpp"

#include <cstddef>
#include <vector>

namespace bitnet::train {

struct AdamWState {
    Buffer<float> parameters, m, v; // m, v: first and second moment
};

/// One step; `step` counts from 1. The gradients, one of each batch, are summed into the first and
/// clipped. Returns the norm before clipping; if it is not finite, nothing changes. The number of
/// workers changes no bit.
float adamw(const ParameterMap& map, const AdamWOptions& options, AdamWState& state,
            std::vector<Buffer<float>>& gradients, float rate, std::size_t step,
            const Workers& workers);

} // namespace bitnet::train
