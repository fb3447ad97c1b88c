// SPDX-License-Identifier: MIT
// Weights from a .bitnet file, by the names that the Hugging Face checkpoints use.
#include "weights.hpp"

#include "error.hpp"

#include <string>
#include <utility>

namespace bitnet::example {
namespace {

std::vector<float> vector(const ModelFile& file, const std::string& name, std::size_t size) {
    return file.floats(file.require(name, 1, size));
}

std::vector<float> sub_norm(const ModelFile& file, const std::string& name, std::size_t size) {
    return file.config().sub_norm ? vector(file, name, size) : std::vector<float>();
}

Layer load_layer(const ModelFile& file, std::size_t index) {
    const Config& c = file.config();
    const std::string at = "model.layers." + std::to_string(index) + ".";
    return {
        .input_norm = vector(file, at + "input_layernorm.weight", c.dim),
        .q = Linear(file, at + "self_attn.q_proj.weight", c.q_dim(), c.dim),
        .k = Linear(file, at + "self_attn.k_proj.weight", c.kv_dim(), c.dim),
        .v = Linear(file, at + "self_attn.v_proj.weight", c.kv_dim(), c.dim),
        .attn_sub_norm = sub_norm(file, at + "self_attn.attn_sub_norm.weight", c.q_dim()),
        .o = Linear(file, at + "self_attn.o_proj.weight", c.dim, c.q_dim()),
        .post_norm = vector(file, at + "post_attention_layernorm.weight", c.dim),
        .gate = Linear(file, at + "mlp.gate_proj.weight", c.ffn_dim, c.dim),
        .up = Linear(file, at + "mlp.up_proj.weight", c.ffn_dim, c.dim),
        .ffn_sub_norm = sub_norm(file, at + "mlp.ffn_sub_norm.weight", c.ffn_dim),
        .down = Linear(file, at + "mlp.down_proj.weight", c.dim, c.ffn_dim),
    };
}

} // namespace

Weights::Weights(const ModelFile& file)
    : embedding(file, "model.embed_tokens.weight", file.config().vocab, file.config().dim),
      final_norm(vector(file, "model.norm.weight", file.config().dim)) {
    const Config& config = file.config();
    for (std::size_t index = 0; index < config.layers; ++index) {
        layers.push_back(load_layer(file, index));
    }
    // Names are unique and each was asked for once, so a surplus shows in the count. A tensor that
    // the program ignored, a sub-norm say, would silently make another model.
    const std::size_t per_layer = config.sub_norm ? 11 : 9;
    const std::size_t expected = 2 + per_layer * config.layers + (config.has_tokenizer ? 1 : 0);
    if (file.tensors().size() != expected) {
        file.refuse("holds " + std::to_string(file.tensors().size()) +
                    " tensors, the config asks for " + std::to_string(expected));
    }
}

std::optional<Tokenizer> load_tokenizer(const ModelFile& file) {
    if (!file.config().has_tokenizer) {
        return std::nullopt;
    }
    std::vector<Tokenizer::Merge> merges = file.merges();
    try {
        Tokenizer tokenizer(std::move(merges));
        if (tokenizer.vocab_size() > file.config().vocab) {
            throw UserError("tokenizer: more tokens than the model's vocabulary");
        }
        return tokenizer;
    } catch (const UserError& error) {
        file.refuse(error.what());
    }
}

} // namespace bitnet::example
