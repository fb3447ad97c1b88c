// SPDX-License-Identifier: MIT
// Forward and backward pass of the transformer over one batch, on one thread.
#pragma once

#include "corpus.hpp"
#include "matmul.hpp"
#include "ops.hpp"
#include "weights.hpp"

#include <cstdint>

namespace bitnet::train {

struct Dropout {
    float rate = 0.0f;
    std::uint32_t seed = 0; // one for each batch of each step
};

class Model {
public:
    Model(const Config& config, const ParameterMap& map, std::size_t slots);

    /// Sum of the negative log-likelihoods of the scored slots.
    double forward(const Weights& weights, const Batch& batch, Dropout dropout);
    /// The same; `gradients` becomes those of (that sum · weight).
    double forward_backward(const Weights& weights, const Batch& batch, Dropout dropout,
                            float weight, Buffer<float>& gradients);

private:
    /// What a layer's backward pass needs of its forward pass. T: slots, H: hidden, F: ffn
    struct Kept {
        Buffer<float> x, attended, middle, gate_up;        // (T, H), (T, q), (T, H), (T, 2F)
        Buffer<float> rstd[4];                             // (T,): input, attention, post, ffn
        Buffer<operand> in_qkv, in_o, in_gate_up, in_down; // inputs as the linear layers see them
        Buffer<operand> q, k, v;                           // (heads, T, head_dim)
        Buffer<operand> p;                                 // attention weights by span and head
    };

    void run(const Weights& weights, const Batch& batch, Dropout dropout);
    void layer_forward(const Weights& weights, const Batch& batch, std::size_t l, Dropout dropout);
    void layer_backward(const Weights& weights, const Batch& batch, std::size_t l, Dropout dropout,
                        float* gradients);
    void attention(const Batch& batch, Kept& kept);
    void attention_backward(const Batch& batch, const Kept& kept);
    void linear(const Weights& weights, const BitGroup* group, std::size_t offset, std::size_t rows,
                std::size_t cols, operand* seen, float* y);
    void linear_backward(const Weights& weights, std::size_t offset, std::size_t rows,
                         std::size_t cols, const operand* dy, const operand* seen, float* dx,
                         float* dw);
    DropoutKey key(Dropout dropout, std::size_t layer, std::size_t site) const;

    const Config& config_;
    const ParameterMap& map_;
    std::size_t slots_;
    Rope rope_;
    Matmul matmul_;
    std::vector<Kept> kept_;
    Buffer<float> x_, dx_;                      // (T, H): the residual stream and its gradient
    Buffer<float> normed_, wide_;               // (T, max(H, q, F)); (T, max(2F, qkv, vocab))
    Buffer<float> final_rstd_, row_dot_;        // (T,); (heads, T)
    Buffer<float> scores_, head_out_, dk_, dv_; // (n, n) of the longest span; (heads, T, head_dim)
    Buffer<operand> final_in_, dwide_, dattended_, ds_;
    Buffer<std::byte> scratch_;
};

} // namespace bitnet::train
