// SPDX-License-Identifier: MIT
// Quantizing all layers of a step, one (layer, group) at a time.
#include "weights.hpp"

#include "ops.hpp"

#include <array>

namespace bitnet::train {

Weights::Weights(const Config& config, const ParameterMap& map, LinearKind kind_of_layers)
    : kind(kind_of_layers), half(map.total), layers(config.layers), config_(config), map_(map) {}

void Weights::update(const float* values, const Workers& workers) {
    parameters = values;
    workers.run([&](std::size_t w) {
        if (kind == LinearKind::float32) {
            const std::size_t share = map_.total / workers.count();
            const std::size_t begin = w * share;
            convert(values + begin, w + 1 == workers.count() ? map_.total - begin : share,
                    half.data() + begin);
            return;
        }
        const auto quantize = [&](std::unique_ptr<BitGroup>& group, std::size_t offset,
                                  std::span<const std::size_t> rows, std::size_t cols) {
            group = make_bit_group(kind, values + offset, rows, cols);
            group->dequantize(half.data() + offset);
        };
        const std::array qkv{config_.q_dim(), config_.kv_dim(), config_.kv_dim()};
        const std::array gate_up{config_.ffn_dim, config_.ffn_dim};
        const std::array hidden{config_.dim};
        for (std::size_t l = w; l < config_.layers; l += workers.count()) {
            const LayerOffsets& at = map_.layers[l];
            quantize(layers[l].qkv, at.qkv, qkv, config_.dim);
            quantize(layers[l].o, at.o, hidden, config_.q_dim());
            quantize(layers[l].gate_up, at.gate_up, gate_up, config_.dim);
            quantize(layers[l].down, at.down, hidden, config_.ffn_dim);
        }
        if (w + 1 ==
            workers
                .count()) { // norms stay float; of the rest only the embedding is a matmul operand
            convert(values + map_.embedding, config_.vocab * config_.dim,
                    half.data() + map_.embedding);
        }
    });
}

} // namespace bitnet::train
