// SPDX-License-Identifier: MIT
// Adam with decoupled weight decay and clipping by the global norm.
#pragma once

#include "buffer.hpp"
#include "config.hpp"
#include "workers.hpp"

#include <cstddef>
#include <vector>

namespace bitnet::train {

struct AdamWOptions {
    float beta1 = 0.9F;
    float beta2 = 0.95F;
    float epsilon = 1e-8F;
    float decay = 0.1F; // of matrices and the embedding; norm weights have none
    float clip = 1.0F;
};

class AdamW {
public:
    AdamW(const ParameterMap& map, AdamWOptions options)
        : map_(map), options_(options), m(map.total), v(map.total) {}

    // One step: the gradients of all workers are summed, clipped and applied, then set to zero.
    // `step` counts from 1. Returns the norm before clipping; a norm that is not finite skips the
    // step.
    float step(Buffer<float>& parameters, const std::vector<Buffer<float>*>& gradients, float rate,
               std::size_t step, Workers& workers);

private:
    const ParameterMap& map_;
    AdamWOptions options_;

public:
    Buffer<float> m, v; // first and second moment, for the checkpoint
};

} // namespace bitnet::train
