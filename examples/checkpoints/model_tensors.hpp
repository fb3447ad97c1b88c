// SPDX-License-Identifier: MIT
// The tensors of a model, by its config: what they are called in each kind of file, and their
// shapes. One row each, in the order of docs/formats.md.
#pragma once

#include "config.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace bitnet::example {

enum class TensorRole { embedding, norm, projection, head };

struct ModelTensor {
    TensorRole role;
    std::string name;                // Hugging Face's, and ours
    std::array<std::string, 2> hf;   // how directories call it; the second name may be empty
    std::array<std::string, 2> gguf; // how GGUF files call it
    std::size_t rows, cols;
};

namespace detail {

enum class Extent { one, dim, q_dim, kv_dim, ffn_dim, head_dim };
enum class Part { always, sub_norm, qk_norm, projection_norm };

struct LayerRow {
    TensorRole role;
    Extent rows, cols;
    std::array<std::string_view, 2> hf;
    std::array<std::string_view, 2> gguf;
    Part part = Part::always;
};

constexpr LayerRow norm(Extent cols, std::string_view hf, std::string_view gguf,
                        Part part = Part::always, std::string_view old_hf = {}) {
    return {TensorRole::norm, Extent::one, cols, {hf, old_hf}, {gguf, {}}, part};
}
constexpr LayerRow input_norm(Extent cols, std::string_view hf, std::string_view rms_hf,
                              std::string_view gguf, std::string_view rms_gguf) {
    return {TensorRole::norm, Extent::one,      cols,
            {hf, rms_hf},     {gguf, rms_gguf}, Part::projection_norm};
}
constexpr LayerRow projection(Extent rows, Extent cols, std::string_view hf,
                              std::string_view gguf) {
    return {TensorRole::projection, rows, cols, {hf, {}}, {gguf, {}}};
}

/// Of a layer: behind "model.layers.N." and "blk.N.".
inline constexpr std::array layer_rows{
    norm(Extent::dim, "input_layernorm.weight", "attn_norm.weight"),
    input_norm(Extent::dim, "self_attn.q_proj.norm.weight", "self_attn.q_proj.rms_norm.weight",
               "attn_q_norm_in.weight", "attn_q.rms_norm.weight"),
    projection(Extent::q_dim, Extent::dim, "self_attn.q_proj.weight", "attn_q.weight"),
    input_norm(Extent::dim, "self_attn.k_proj.norm.weight", "self_attn.k_proj.rms_norm.weight",
               "attn_k_norm_in.weight", "attn_k.rms_norm.weight"),
    projection(Extent::kv_dim, Extent::dim, "self_attn.k_proj.weight", "attn_k.weight"),
    input_norm(Extent::dim, "self_attn.v_proj.norm.weight", "self_attn.v_proj.rms_norm.weight",
               "attn_v_norm_in.weight", "attn_v.rms_norm.weight"),
    projection(Extent::kv_dim, Extent::dim, "self_attn.v_proj.weight", "attn_v.weight"),
    norm(Extent::head_dim, "self_attn.q_norm.weight", "attn_q_norm.weight", Part::qk_norm),
    norm(Extent::head_dim, "self_attn.k_norm.weight", "attn_k_norm.weight", Part::qk_norm),
    norm(Extent::q_dim, "self_attn.attn_sub_norm.weight", "attn_sub_norm.weight", Part::sub_norm,
         "self_attn.inner_attn_ln.weight"),
    input_norm(Extent::q_dim, "self_attn.o_proj.norm.weight", "self_attn.o_proj.rms_norm.weight",
               "attn_output_norm_in.weight", "attn_output.rms_norm.weight"),
    projection(Extent::dim, Extent::q_dim, "self_attn.o_proj.weight", "attn_output.weight"),
    norm(Extent::dim, "post_attention_layernorm.weight", "ffn_norm.weight"),
    input_norm(Extent::dim, "mlp.gate_proj.norm.weight", "mlp.gate_proj.rms_norm.weight",
               "ffn_gate_norm_in.weight", "ffn_gate.rms_norm.weight"),
    projection(Extent::ffn_dim, Extent::dim, "mlp.gate_proj.weight", "ffn_gate.weight"),
    input_norm(Extent::dim, "mlp.up_proj.norm.weight", "mlp.up_proj.rms_norm.weight",
               "ffn_up_norm_in.weight", "ffn_up.rms_norm.weight"),
    projection(Extent::ffn_dim, Extent::dim, "mlp.up_proj.weight", "ffn_up.weight"),
    norm(Extent::ffn_dim, "mlp.ffn_sub_norm.weight", "ffn_sub_norm.weight", Part::sub_norm,
         "mlp.ffn_layernorm.weight"),
    input_norm(Extent::ffn_dim, "mlp.down_proj.norm.weight", "mlp.down_proj.rms_norm.weight",
               "ffn_down_norm_in.weight", "ffn_down.rms_norm.weight"),
    projection(Extent::dim, Extent::ffn_dim, "mlp.down_proj.weight", "ffn_down.weight"),
};

constexpr std::size_t extent_of(const Config& config, Extent extent) noexcept {
    switch (extent) {
    case Extent::dim:
        return config.dim;
    case Extent::q_dim:
        return config.q_dim();
    case Extent::kv_dim:
        return config.kv_dim();
    case Extent::ffn_dim:
        return config.ffn_dim;
    case Extent::head_dim:
        return config.head_dim;
    default:
        return 1;
    }
}

constexpr bool has_part(const Config& config, Part part) noexcept {
    switch (part) {
    case Part::sub_norm:
        return config.sub_norm;
    case Part::qk_norm:
        return config.qk_norm;
    case Part::projection_norm:
        return config.projection_norm_eps.has_value();
    default:
        return true;
    }
}

} // namespace detail

/// Calls f(ModelTensor) for each tensor, the embedding first. f may throw at one that is missing:
/// what a hostile config asks for is never listed as a whole.
template <class F>
void for_each_tensor(const Config& config, const F& f) {
    f(ModelTensor{TensorRole::embedding,
                  "model.embed_tokens.weight",
                  {"model.embed_tokens.weight", ""},
                  {"token_embd.weight", ""},
                  config.vocab,
                  config.dim});
    for (std::size_t layer = 0; layer < config.layers; ++layer) {
        const std::string hf = "model.layers." + std::to_string(layer) + ".";
        const std::string gguf = "blk." + std::to_string(layer) + ".";
        const auto behind = [](const std::string& prefix, std::string_view name) {
            return name.empty() ? std::string() : prefix + std::string(name);
        };
        for (const detail::LayerRow& row : detail::layer_rows) {
            if (!detail::has_part(config, row.part)) continue;
            f(ModelTensor{row.role,
                          behind(hf, row.hf[0]),
                          {behind(hf, row.hf[0]), behind(hf, row.hf[1])},
                          {behind(gguf, row.gguf[0]), behind(gguf, row.gguf[1])},
                          detail::extent_of(config, row.rows),
                          detail::extent_of(config, row.cols)});
        }
    }
    f(ModelTensor{TensorRole::norm,
                  "model.norm.weight",
                  {"model.norm.weight", ""},
                  {"output_norm.weight", ""},
                  1,
                  config.dim});
    if (!config.tied) {
        f(ModelTensor{TensorRole::head,
                      "lm_head.weight",
                      {"lm_head.weight", ""},
                      {"output.weight", ""},
                      config.vocab,
                      config.dim});
    }
}

} // namespace bitnet::example
