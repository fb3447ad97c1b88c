// SPDX-License-Identifier: MIT
// The parts of the model between the matrix products, forward and backward, as loops that a
// compiler vectorises. `tokens` rows of `n` floats, row-major. Backward functions add to weight
// gradients and write the others.
#pragma once

#include "buffer.hpp"
#include "parameters.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace bitnet::train {

/// y = x · rstd · w, rstd = 1 / sqrt(mean(x²) + eps)
void rms_norm(const float* x, const float* w, std::size_t tokens, std::size_t n, float eps,
              float* y, float* rstd);
/// dx += gradient through the norm
void rms_norm_backward(const float* dy, const float* x, const float* w, const float* rstd,
                       std::size_t tokens, std::size_t n, float* dx, float* dw);

/// gate_up (tokens, 2n), the gate's row before up's. y = norm(f(gate) · up) · w
void gate_norm(Config::Gate kind, const float* gate_up, const float* w, std::size_t tokens,
               std::size_t n, float eps, float* y, float* rstd);
void gate_norm_backward(Config::Gate kind, const float* dy, const float* gate_up, const float* w,
                        const float* rstd, std::size_t tokens, std::size_t n, operand* dgate_up,
                        float* dw);

/// What a linear layer's weights are multiplied by, as the layer sees it: x itself, or its
/// quantized values.
void as_seen(LinearKind kind, const float* x, std::size_t tokens, std::size_t n, operand* y);

struct DropoutKey {
    std::uint32_t key = 0;
    float rate = 0.0f;
};
/// x += dropped(y): each element of y is zeroed with the key's rate, the rest scaled up to keep the
/// mean.
void add_dropped(float* x, const float* y, std::size_t count, DropoutKey key);
/// y = the gradient of that with respect to y
void dropped_backward(const float* dx, std::size_t count, DropoutKey key, operand* dy);
void drop_in_place(float* x, std::size_t count, DropoutKey key);

/// RoPE tables: cos and sin of each position and pair, (positions, head_dim / 2).
struct Rope {
    Rope(std::size_t positions, std::size_t head_dim, float theta);
    Buffer<float> cos, sin;
    std::size_t half;
};

/// qkv (tokens, (heads + 2 · kv_heads) · head_dim) -> q, k (turned) and v by head:
/// (heads, tokens, head_dim)
void split_heads(const float* qkv, const int* positions, const Rope& rope, const Config& config,
                 std::size_t tokens, operand* q, operand* k, operand* v);
/// dq, dk, dv (heads, tokens, head_dim), dk and dv once per query head -> dqkv
void join_heads_backward(const float* dq, const float* dk, const float* dv, const int* positions,
                         const Rope& rope, const Config& config, std::size_t tokens, operand* dqkv);

/// Causal softmax of scale·s, row i over columns 0..i; p has zeros behind the diagonal. n is a
/// multiple of 16.
void softmax_causal(const float* s, std::size_t n, float scale, operand* p);
/// ds = scale · p · (dp − row_dot), zeros behind the diagonal
void softmax_causal_backward(const float* dp, const operand* p, const float* row_dot, std::size_t n,
                             float scale, operand* ds);

/// Sum of −log softmax(logits)[target] over scored rows; dlogits = (softmax − onehot) · weight, or
/// untouched if null.
double cross_entropy(const float* logits, const int* targets, std::size_t tokens, std::size_t vocab,
                     float weight, operand* dlogits);

void convert(const float* x, std::size_t count, operand* y);

} // namespace bitnet::train
