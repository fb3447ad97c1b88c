// SPDX-License-Identifier: MIT
// The flat list of a model's parameters.
#pragma once

#include "recipe.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace bitnet::train {

inline std::size_t qkv_dim(const Config& config) {
    return config.q_dim() + 2 * config.kv_dim();
}

enum class Role { embedding, norm, linear };

struct Parameter {
    std::string name;
    std::size_t offset = 0; // first element in the flat array
    std::size_t rows = 1;
    std::size_t cols = 1;
    Role role = Role::norm;

    std::size_t size() const { return rows * cols; }
};

/// Offsets of one layer. q, k, v and gate, up lie one after another: each trio or pair is one
/// matrix to a matmul.
struct LayerOffsets {
    std::size_t input_norm, qkv, attn_sub_norm, o, post_norm, gate_up, ffn_sub_norm, down;
};

struct ParameterMap {
    explicit ParameterMap(const Config& config);

    std::vector<Parameter> list;
    std::vector<LayerOffsets> layers;
    std::size_t embedding = 0;
    std::size_t final_norm = 0;
    std::size_t total = 0; // elements in the flat array, gaps for alignment included
};

} // namespace bitnet::train
