// SPDX-License-Identifier: MIT
// The order of the parameters in the flat array.
#include "parameters.hpp"

#include <utility>

namespace bitnet::train {

ParameterMap::ParameterMap(const Config& config) {
    const auto add = [this](std::string name, std::size_t rows, std::size_t cols, Role role) {
        list.push_back({std::move(name), total, rows, cols, role});
        const std::size_t offset = total;
        total += rows * cols;
        return offset;
    };
    // A segment of a fused matrix must follow its neighbour without a gap; everything else starts
    // on a cache line of 16 floats.
    const auto align = [this] { total = (total + 15) / 16 * 16; };

    embedding = add("model.embed_tokens.weight", config.vocab, config.dim, Role::embedding);
    for (std::size_t l = 0; l < config.layers; ++l) {
        const std::string p = "model.layers." + std::to_string(l) + ".";
        LayerOffsets at{};
        align();
        at.input_norm = add(p + "input_layernorm.weight", 1, config.dim, Role::norm);
        align();
        at.qkv = add(p + "self_attn.q_proj.weight", config.q_dim(), config.dim, Role::linear);
        add(p + "self_attn.k_proj.weight", config.kv_dim(), config.dim, Role::linear);
        add(p + "self_attn.v_proj.weight", config.kv_dim(), config.dim, Role::linear);
        align();
        at.attn_sub_norm = add(p + "self_attn.attn_sub_norm.weight", 1, config.q_dim(), Role::norm);
        align();
        at.o = add(p + "self_attn.o_proj.weight", config.dim, config.q_dim(), Role::linear);
        align();
        at.post_norm = add(p + "post_attention_layernorm.weight", 1, config.dim, Role::norm);
        align();
        at.gate_up = add(p + "mlp.gate_proj.weight", config.ffn_dim, config.dim, Role::linear);
        add(p + "mlp.up_proj.weight", config.ffn_dim, config.dim, Role::linear);
        align();
        at.ffn_sub_norm = add(p + "mlp.ffn_sub_norm.weight", 1, config.ffn_dim, Role::norm);
        align();
        at.down = add(p + "mlp.down_proj.weight", config.dim, config.ffn_dim, Role::linear);
        layers.push_back(at);
    }
    align();
    final_norm = add("model.norm.weight", 1, config.dim, Role::norm);
    align();
}

} // namespace bitnet::train
