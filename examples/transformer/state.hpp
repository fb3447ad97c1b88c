// SPDX-License-Identifier: MIT
// What changes while a model runs: the KV cache and the buffers of one forward pass. Everything is
// allocated here, once.
#pragma once

#include "config.hpp"
#include "weights.hpp"

#include <bitnet/large_pages.hpp>

#include <cstddef>
#include <cstdint>
#include <new>
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

/// Gives vectors memory that begins at a cache line: where rows are whole lines too, no load of a
/// register takes two of them. Large ones are in large pages where the system grants them.
template <class T>
struct LineAllocator {
    using value_type = T;

    LineAllocator() = default;
    template <class U>
    LineAllocator(const LineAllocator<U>&) noexcept {}
    T* allocate(std::size_t n) {
        void* const p = ::operator new(n * sizeof(T), alignment(n));
        if (n * sizeof(T) >= 2 * large_page) advise_large_pages(p, n * sizeof(T));
        return static_cast<T*>(p);
    }
    void deallocate(T* p, std::size_t n) noexcept { ::operator delete(p, alignment(n)); }
    static std::align_val_t alignment(std::size_t n) noexcept {
        return std::align_val_t{alignment_for(n * sizeof(T))};
    }
    friend bool operator==(const LineAllocator&, const LineAllocator&) noexcept { return true; }
};
using Floats = std::vector<float, LineAllocator<float>>;

/// Positions from one row of values or scores to the next: an odd number of cache lines, so that
/// neighbours, which are read side by side, do not meet in the same few sets of a cache.
constexpr std::size_t row_of_positions(std::size_t context) noexcept {
    return ((context + 15) / 16 | 1) * 16;
}

struct State {
    Limits limits;
    std::size_t position = 0; // tokens in the cache: the position of the next one
    std::size_t stride = 0;   // row_of_positions(limits.context)

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
    Floats scores;          // (workers, heads / kv_heads, stride)

    // Keys are stored by position, values transposed. Both products of attention are then dots of
    // contiguous rows.
    Floats keys;   // (layers, kv_heads, stride, head_dim)
    Floats values; // (layers, kv_heads, head_dim, stride)

    Floats cosines; // (context, head_dim / 2)  RoPE
    Floats sines;   // (context, head_dim / 2)

    // The quantized input of the projections, or halves as floats.
    std::vector<std::byte, LineAllocator<std::byte>> scratch;

    /// UserError when state_bytes() are more than this machine has.
    State(const Config& config, const Weights& weights, const Limits& limits);
};

/// All that a State allocates. The caps of Config keep it far below 2^64 for limits within them.
std::uint64_t state_bytes(const Config& config, const Weights& weights, const Limits& limits);

} // namespace bitnet::example
