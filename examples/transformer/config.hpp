// SPDX-License-Identifier: MIT
// The hyperparameters of a model, as the JSON header of a .bitnet file states them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bitnet::example {

struct Config {
    enum class Gate { relu2, silu };

    std::size_t vocab = 0;       // "vocab_size"
    std::size_t dim = 0;         // "hidden_size"
    std::size_t ffn_dim = 0;     // "intermediate_size"
    std::size_t layers = 0;      // "num_hidden_layers"
    std::size_t heads = 0;       // "num_attention_heads": query heads
    std::size_t kv_heads = 0;    // "num_key_value_heads": divides heads; fewer means GQA
    std::size_t head_dim = 0;    // "head_dim": even, for RoPE turns pairs
    std::size_t max_context = 0; // "max_position_embeddings"
    float rope_theta = 10000.0f; // "rope_theta"
    float norm_eps = 1e-5f;      // "rms_norm_eps"
    Gate gate = Gate::relu2;     // "hidden_act": "relu2" or "silu"
    bool sub_norm = true;        // "sub_norm": RMSNorm before o_proj and before down_proj
    int bos = 256;               // "bos_token_id"
    int eos = 257;               // "eos_token_id"
    bool has_tokenizer = true;   // "tokenizer" is present
    std::string training;        // "training": free-form JSON text, shown by inspect

    std::size_t q_dim() const noexcept { return heads * head_dim; }
    std::size_t kv_dim() const noexcept { return kv_heads * head_dim; }
};

/// Reads the JSON text; UserError names the key that is missing, mistyped or beyond its cap. The
/// caps keep every product of two sizes far below 2^63, so shape arithmetic cannot overflow later.
Config parse_config(std::string_view json);

/// The JSON text of a config: parse_config(config_json(c)) gives c back.
std::string config_json(const Config& config);

} // namespace bitnet::example
