// SPDX-License-Identifier: MIT
// What may look at a model while it runs.
#pragma once

#include "linear.hpp"
#include "thread_pool.hpp"

#include <bitnet/tensor.hpp>

#include <span>

namespace bitnet::example {

/// Transformer::forward calls it, on its own thread, between its steps. It may use the pool.
class Observer {
public:
    virtual ~Observer() = default;

    /// x (tokens, cols) is about to go through these projections, to which it is the input.
    virtual void input(Matrix<const float> x, std::span<const Projection> projections,
                       const ThreadPool& pool) = 0;
    /// act(gate) * up (tokens, ffn_dim), of the layer whose gate and up had the last input.
    virtual void gated(Matrix<const float> gate) = 0;
};

} // namespace bitnet::example
