// SPDX-License-Identifier: MIT
// What changes while a model runs: the KV cache and the buffers of one forward pass. Everything is
// allocated here, once.
#pragma once

#include "config.hpp"
#include "kv_cache.hpp"
#include "line_allocator.hpp"
#include "weights.hpp"

#include <cstddef>
#include <cstdint>

namespace bitnet::example {

/// Prompt tokens of one forward pass. Fills the tiles of a GEMM; on BitNet b1.58 2B4T's shape 32 to
/// 512 are within 3 % of each other.
constexpr std::size_t prompt_batch = 64;

struct Limits {
    std::size_t context = 1;    // positions that the KV cache holds
    std::size_t batch = 1;      // tokens that one forward pass takes
    std::size_t logit_rows = 1; // of them, how many may ask for logits
    std::size_t workers = 1;
    KvType kv = default_kv; // how the cache keeps keys and values
};

using Floats = Lines<float>;

/// Queries that attention takes together: those of whole tokens that read one head's keys and
/// values, about 16, as far as a pass has them.
std::size_t query_rows(const Config& config, const Limits& limits) noexcept;

struct State {
    Limits limits;
    std::size_t position = 0; // tokens in the cache: the position of the next one

    // Activations of the tokens in hand; B = batch, row-major.
    Floats x;               // (B, dim)      the residual stream
    Floats norm;            // (B, dim)      after input, post or final norm
    Floats projection_norm; // (B, the most columns of a projection)  where the config has such
    Floats q;               // (B, q_dim)
    Floats k;               // (B, kv_dim)   before it goes to the cache
    Floats v;               // (B, kv_dim)
    Floats attn;            // (B, q_dim)    attention output
    Floats gate;            // (B, ffn_dim)  then act(gate) * up
    Floats up;              // (B, ffn_dim)
    Floats out;             // (B, dim)      what a block adds to x
    Floats logits;          // (logit_rows, vocab)
    Floats queries;         // (workers, query_rows, head_dim)
    Floats scores;          // (workers, query_rows, cache.stride())

    KvCache cache;

    Floats cosines; // (context, head_dim / 2)  RoPE
    Floats sines;   // (context, head_dim / 2)

    // The quantized input of the projections, or halves as floats.
    Lines<std::byte> scratch;

    /// UserError when state_bytes() are more than this process can take.
    State(const Config& config, const Weights& weights, const Limits& limits);
};

/// All that a State allocates. The caps of Config keep it far below 2^64 for limits within them.
std::uint64_t state_bytes(const Config& config, const Weights& weights, const Limits& limits);

} // namespace bitnet::example
