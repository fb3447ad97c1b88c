// SPDX-License-Identifier: MIT
// Sizes of the buffers, and the table of RoPE.
#include "state.hpp"

#include "error.hpp"
#include "stats.hpp"

#include <bitnet/rope.hpp>

#include <algorithm>
#include <string>

namespace bitnet::example {
namespace {

std::size_t largest_scratch(const Weights& weights, const Limits& limits) {
    std::size_t bytes = 0;
    for (const Layer& layer : weights.layers) {
        for (const Linear* linear :
             {&layer.q, &layer.k, &layer.v, &layer.o, &layer.gate, &layer.up, &layer.down}) {
            bytes = std::max(bytes, linear->scratch_bytes(limits.batch, limits.workers));
        }
    }
    return bytes;
}

// A small file may claim a huge context: to ask the system for it and write zeros to it would take
// the machine down, so refuse what cannot fit.
Limits checked(const Config& config, const Limits& limits) {
    const std::size_t bytes_per_position = 2 * config.layers * config.kv_dim() * sizeof(float);
    const std::size_t available = machine_memory_bytes();
    if (available != 0 && limits.context > available / bytes_per_position) {
        throw UserError("the keys and values of a context of " + std::to_string(limits.context) +
                        " positions do not fit the memory of this machine");
    }
    return limits;
}

} // namespace

State::State(const Config& config, const Weights& weights, const Limits& wanted)
    : limits(checked(config, wanted)), x(wanted.batch * config.dim),
      norm(wanted.batch * config.dim), q(wanted.batch * config.q_dim()),
      k(wanted.batch * config.kv_dim()), v(wanted.batch * config.kv_dim()),
      attn(wanted.batch * config.q_dim()), gate(wanted.batch * config.ffn_dim),
      up(wanted.batch * config.ffn_dim), hidden(wanted.batch * config.ffn_dim),
      out(wanted.batch * config.dim), logits(wanted.logit_rows * config.vocab),
      scores(wanted.workers * wanted.context),
      keys(config.layers * config.kv_dim() * wanted.context),
      values(config.layers * config.kv_dim() * wanted.context),
      cosines(wanted.context * config.head_dim / 2), sines(wanted.context * config.head_dim / 2),
      scratch(largest_scratch(weights, wanted)) {
    rope_table<Isa>(0, wanted.context, config.head_dim, config.rope_theta, cosines, sines);
}

} // namespace bitnet::example
