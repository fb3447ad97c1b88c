// SPDX-License-Identifier: MIT
// What changes while a model runs: the KV cache and the buffers of one forward pass. Everything is
// allocated here, once.
#pragma once

#include "config.hpp"
#include "weights.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bitnet::example {

/// Prompt tokens of one forward pass. Fills the tiles of a GEMM; on BitNet b1.58 2B4T's shape 32 to
/// 512 are within 3 % of each other.
constexpr std::size_t prompt_batch = 64;

struct Limits {
    std::size_t context = 1;    // positions that the KV cache holds
    std::size_t batch = 1;      // tokens that one forward pass takes
    std::size_t logit_rows = 1; // of them, how many may ask for logits
    std::size_t workers = 1;
};

struct State {
    Limits limits;
    std::size_t position = 0; // tokens in the cache: the position of the next one

    // Activations of the tokens in hand; B = batch, row-major.
    std::vector<float> x;      // (B, dim)      the residual stream
    std::vector<float> norm;   // (B, dim)      after input, post or final norm
    std::vector<float> q;      // (B, q_dim)
    std::vector<float> k;      // (B, kv_dim)   before it goes to the cache
    std::vector<float> v;      // (B, kv_dim)
    std::vector<float> attn;   // (B, q_dim)    attention output
    std::vector<float> gate;   // (B, ffn_dim)  then act(gate) * up
    std::vector<float> up;     // (B, ffn_dim)
    std::vector<float> out;    // (B, dim)      what a block adds to x
    std::vector<float> logits; // (logit_rows, vocab)
    std::vector<float> scores; // (workers, heads / kv_heads, context)

    // Keys stand by position; values stand transposed, so that both products of attention are
    // dots of contiguous rows.
    std::vector<float> keys;   // (layers, kv_heads, context, head_dim)
    std::vector<float> values; // (layers, kv_heads, head_dim, context)

    std::vector<float> cosines; // (context, head_dim / 2)  RoPE
    std::vector<float> sines;   // (context, head_dim / 2)

    std::vector<std::byte> scratch; // quantized input of the projections, or halves as floats

    /// UserError when state_bytes() are more than this machine has.
    State(const Config& config, const Weights& weights, const Limits& limits);
};

/// All that a State allocates. The caps of Config keep it far below 2^64 for limits within them.
std::uint64_t state_bytes(const Config& config, const Weights& weights, const Limits& limits);

} // namespace bitnet::example
