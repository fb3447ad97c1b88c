// SPDX-License-Identifier: MIT
// Shape of the trained model, the kinds of linear layer it can have, and the flat list of its
// parameters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bitnet::train {

// The numbers are the tensor kinds of the .bitnet file, so that an exported layer needs no table.
enum class LinearKind : std::uint32_t {
    float32 = 0,
    ternary_int8 = 16,
    binary_int8 = 17,
    ternary_sign_norm = 19,
    binary_sign_norm = 22,
};

LinearKind linear_kind(std::string_view name); // throws std::invalid_argument on an unknown name
std::string_view name_of(LinearKind kind);

struct ModelConfig {
    std::size_t vocab = 1024;
    std::size_t hidden = 192;
    std::size_t layers = 6;
    std::size_t heads = 6;
    std::size_t kv_heads = 3;
    std::size_t head_dim = 32;
    std::size_t ffn = 512;
    std::size_t context = 1024; // longest document in tokens
    float rope_theta = 10000.0F;
    float eps = 1e-5F;

    std::size_t q_dim() const { return heads * head_dim; }
    std::size_t kv_dim() const { return kv_heads * head_dim; }
    std::size_t qkv_dim() const { return q_dim() + 2 * kv_dim(); }
};

enum class Role { embedding, norm, linear };

struct Parameter {
    std::string name;
    std::size_t offset = 0; // first element in the flat array
    std::size_t rows = 1;
    std::size_t cols = 1;
    Role role = Role::norm;

    std::size_t size() const { return rows * cols; }
};

// Offsets of one layer. q, k, v and gate, up lie one after another: each trio or pair is one matrix
// to a matmul.
struct LayerOffsets {
    std::size_t input_norm, qkv, attn_sub_norm, o, post_norm, gate_up, ffn_sub_norm, down;
};

struct ParameterMap {
    explicit ParameterMap(const ModelConfig& config);

    std::vector<Parameter> list;
    std::vector<LayerOffsets> layers;
    std::size_t embedding = 0;
    std::size_t final_norm = 0;
    std::size_t total = 0; // elements in the flat array, gaps for alignment included
};

} // namespace bitnet::train
