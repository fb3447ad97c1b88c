// SPDX-License-Identifier: MIT
// The hyperparameters of a model, as the JSON header of a .bitnet file states them.
#pragma once

#include <bitnet/rope.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bitnet::example {

struct Config {
    enum class Gate { relu2, silu };
    static constexpr std::size_t max_head_dim = 1024;

    std::string architecture = "bitnet-b1.58"; // "architecture": its name; the keys say the graph
    std::size_t vocab = 0;                     // "vocab_size"
    std::size_t dim = 0;                       // "hidden_size"
    std::size_t ffn_dim = 0;                   // "intermediate_size"
    std::size_t layers = 0;                    // "num_hidden_layers"
    std::size_t heads = 0;                     // "num_attention_heads": query heads
    std::size_t kv_heads = 0;             // "num_key_value_heads": divides heads; fewer means GQA
    std::size_t head_dim = 0;             // "head_dim": even, for RoPE turns pairs
    std::size_t max_context = 0;          // "max_position_embeddings"
    float rope_theta = 10000.0f;          // "rope_theta"
    std::optional<YarnScaling> yarn = {}; // "rope_scaling"
    float norm_eps = 1e-5f;               // "rms_norm_eps"
    Gate gate = Gate::relu2;              // "hidden_act": "relu2" or "silu"
    bool sub_norm = true;                 // "sub_norm": RMSNorm before o_proj and before down_proj
    bool tied = true;     // "tie_word_embeddings": the embedding is the output head too
    bool qk_norm = false; // "qk_norm": RMSNorm of each head of q and of k, before RoPE
    // "projection_norm_eps": of an RMSNorm with weights of its own before each projection
    std::optional<float> projection_norm_eps = {};
    std::optional<int> bos = 256; // "bos_token_id"
    std::vector<int> eos = {257}; // "eos_token_id": any of them ends a text
    bool add_bos = true;          // "add_bos_token": a text begins with bos, which is there then
    enum class Tokens { none, merges, blob };
    Tokens tokenizer = Tokens::merges; // "tokenizer": which tensor holds it
    std::string chat_template = {};    // "chat_template": Jinja text; empty: none
    std::string training = {};         // "training": free-form JSON text, shown by inspect

    bool ends_text(int id) const noexcept {
        return std::find(eos.begin(), eos.end(), id) != eos.end();
    }
    bool has_tokenizer() const noexcept { return tokenizer != Tokens::none; }
    std::size_t q_dim() const noexcept { return heads * head_dim; }
    std::size_t kv_dim() const noexcept { return kv_heads * head_dim; }
};

/// Reads the JSON text; UserError names the key that is missing, mistyped or beyond its cap. The
/// caps keep every product of two sizes far below 2^63, so shape arithmetic cannot overflow later.
Config parse_config(std::string_view json);

/// The JSON text of a config: parse_config(config_json(c)) gives c back. Keys that version 1 of the
/// file lacks are there only where they are needed.
std::string config_json(const Config& config);

/// The lowest version of the file that can say what this config says. A reader of version 1 would
/// ignore the keys of version 2 and run another model.
unsigned file_version(const Config& config);

} // namespace bitnet::example
