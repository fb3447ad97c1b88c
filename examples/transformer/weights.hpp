// SPDX-License-Identifier: MIT
// The weights of a model, as the forward pass reads them. Packed ones stay in the mapped file.
#pragma once

#include "linear.hpp"
#include "model_file.hpp"
#include "tokenizer.hpp"

#include <optional>
#include <vector>

namespace bitnet::example {

// Vectors are empty where the config has no such norm.
struct Layer {
    std::vector<float> input_norm;    // (dim,)
    Linear q;                         // (q_dim, dim)      q_dim  = heads · head_dim
    Linear k;                         // (kv_dim, dim)     kv_dim = kv_heads · head_dim
    Linear v;                         // (kv_dim, dim)
    std::vector<float> q_norm;        // (head_dim,)
    std::vector<float> k_norm;        // (head_dim,)
    std::vector<float> attn_sub_norm; // (q_dim,)
    Linear o;                         // (dim, q_dim)
    std::vector<float> post_norm;     // (dim,)
    Linear gate;                      // (ffn_dim, dim)
    Linear up;                        // (ffn_dim, dim)
    std::vector<float> ffn_sub_norm;  // (ffn_dim,)
    Linear down;                      // (dim, ffn_dim)
};

struct Weights {
    Linear embedding;              // (vocab, dim)
    std::vector<Layer> layers;     // (config.layers,)
    std::vector<float> final_norm; // (dim,)
    std::optional<Linear> untied;  // (vocab, dim)

    const Linear& head() const noexcept { return untied ? *untied : embedding; }
};

/// Borrows from `file`, which must outlive it. UserError when a tensor is missing, superfluous, of
/// another shape than the config states, or holds illegal values.
Weights load_weights(const ModelFile& file);

/// None when the file has none; UserError when it is not sound or has ids that the model lacks.
std::optional<Tokenizer> load_tokenizer(const ModelFile& file);

} // namespace bitnet::example
