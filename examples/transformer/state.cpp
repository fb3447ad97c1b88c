// SPDX-License-Identifier: MIT
// Sizes of the buffers, and the table of RoPE.
#include "state.hpp"

#include "error.hpp"
#include "memory.hpp"

#include <bitnet/dispatch.hpp>
#include <bitnet/rope.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>
#include <string>

namespace bitnet::example {
namespace {

std::size_t largest_scratch(const Weights& weights, const Limits& limits) {
    std::size_t bytes = weights.head().scratch_bytes(limits.logit_rows, limits.workers);
    for (const Layer& layer : weights.layers) {
        for (const Linear* linear :
             {&layer.q, &layer.k, &layer.v, &layer.o, &layer.gate, &layer.up, &layer.down}) {
            bytes = std::max(bytes, linear->scratch_bytes(limits.batch, limits.workers));
        }
    }
    return bytes;
}

struct Buffer {
    const char* name;
    Floats State::*data;
    std::uint64_t size; // floats
};

// Every buffer of floats, once: to be counted, then to be allocated.
std::array<Buffer, 15> buffers(const Config& c, const Limits& limits) {
    const std::uint64_t batch = limits.batch;
    const std::uint64_t context = limits.context;
    const std::uint64_t workers = limits.workers;
    const std::uint64_t stride = KvCache::stride_of(limits.context);
    return {{
        {"x", &State::x, batch * c.dim},
        {"norm", &State::norm, batch * c.dim},
        {"projection_norm", &State::projection_norm,
         c.projection_norm_eps ? batch * std::max({c.dim, c.q_dim(), c.ffn_dim}) : 0},
        {"q", &State::q, batch * c.q_dim()},
        {"k", &State::k, batch * c.kv_dim()},
        {"v", &State::v, batch * c.kv_dim()},
        {"attn", &State::attn, batch * c.q_dim()},
        {"gate", &State::gate, batch * c.ffn_dim},
        {"up", &State::up, batch * c.ffn_dim},
        {"out", &State::out, batch * c.dim},
        {"logits", &State::logits, std::uint64_t{limits.logit_rows} * c.vocab},
        {"queries", &State::queries, workers * query_rows(c, limits) * c.head_dim},
        {"scores", &State::scores, workers * query_rows(c, limits) * stride},
        {"cosines", &State::cosines, context * c.head_dim / 2},
        {"sines", &State::sines, context * c.head_dim / 2},
    }};
}

std::string gigabytes(std::uint64_t bytes) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f GB", static_cast<double>(bytes) / 1e9);
    return text;
}

// A small file may claim a huge context: to ask the system for it and write zeros to it would take
// the machine down, so refuse what cannot fit.
const Limits& checked(const Config& config, const Weights& weights, const Limits& limits) {
    const std::uint64_t bytes = state_bytes(config, weights, limits);
    const std::uint64_t available = obtainable_memory_bytes();
    if (bytes <= available) return limits;
    std::uint64_t most = KvCache::bytes(config, limits.kv, limits.context);
    std::string largest = "keys and values";
    for (const Buffer& buffer : buffers(config, limits)) {
        if (buffer.size * sizeof(float) <= most) continue;
        most = buffer.size * sizeof(float);
        largest = buffer.name;
    }
    throw UserError("a context of " + std::to_string(limits.context) +
                    " positions, in batches of " + std::to_string(limits.batch) + ", takes " +
                    gigabytes(bytes) + " of memory, of them " + gigabytes(most) + " for " +
                    largest + "; " + gigabytes(available) + " are left");
}

} // namespace

std::size_t query_rows(const Config& config, const Limits& limits) noexcept {
    const std::size_t group = config.heads / config.kv_heads;
    return group * std::min(std::max<std::size_t>(16 / group, 1), limits.batch);
}

std::uint64_t state_bytes(const Config& config, const Weights& weights, const Limits& limits) {
    std::uint64_t bytes =
        largest_scratch(weights, limits) + KvCache::bytes(config, limits.kv, limits.context);
    for (const Buffer& buffer : buffers(config, limits)) bytes += buffer.size * sizeof(float);
    return bytes;
}

State::State(const Config& config, const Weights& weights, const Limits& wanted)
    : limits(checked(config, weights, wanted)), cache(config, limits.kv, limits.context) {
    for (const Buffer& buffer : buffers(config, limits)) {
        (this->*buffer.data).resize(static_cast<std::size_t>(buffer.size));
    }
    scratch.resize(largest_scratch(weights, limits));
    rope_table<Isa>(0, limits.context, config.head_dim, config.rope_theta, cosines, sines,
                    config.yarn.value_or(YarnScaling()));
}

} // namespace bitnet::example
