// SPDX-License-Identifier: MIT
// Weights from a .bitnet file, by the names that the Hugging Face checkpoints use.
#include "weights.hpp"

#include "error.hpp"
#include "on_threads.hpp"

#include <cstddef>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace bitnet::example {
namespace {

// Loads tensors of a file and counts them.
class Loader {
public:
    explicit Loader(const ModelFile& file) : file_(file) {}

    std::vector<float> vector(const std::string& name, std::size_t size) {
        ++loaded_;
        return file_.floats(file_.require(name, 1, size));
    }
    std::vector<float> vector_if(bool there, const std::string& name, std::size_t size) {
        return there ? vector(name, size) : std::vector<float>();
    }
    Linear linear(const std::string& name, std::size_t rows, std::size_t cols) {
        ++loaded_;
        return Linear(file_, name + ".weight", rows, cols);
    }
    // With the norm of its own before it, where the config has such.
    Linear projection(const std::string& name, std::size_t rows, std::size_t cols) {
        Linear projection = linear(name, rows, cols);
        projection.set_norm(
            vector_if(file_.config().projection_norm_eps.has_value(), name + ".norm.weight", cols));
        return projection;
    }
    Layer layer(std::size_t index);

    std::size_t loaded() const { return loaded_; }

private:
    const ModelFile& file_;
    std::size_t loaded_ = 0;
};

Layer Loader::layer(std::size_t index) {
    const Config& c = file_.config();
    const std::string at = "model.layers." + std::to_string(index) + ".";
    return {
        .input_norm = vector(at + "input_layernorm.weight", c.dim),
        .q = projection(at + "self_attn.q_proj", c.q_dim(), c.dim),
        .k = projection(at + "self_attn.k_proj", c.kv_dim(), c.dim),
        .v = projection(at + "self_attn.v_proj", c.kv_dim(), c.dim),
        .q_norm = vector_if(c.qk_norm, at + "self_attn.q_norm.weight", c.head_dim),
        .k_norm = vector_if(c.qk_norm, at + "self_attn.k_norm.weight", c.head_dim),
        .attn_sub_norm = vector_if(c.sub_norm, at + "self_attn.attn_sub_norm.weight", c.q_dim()),
        .o = projection(at + "self_attn.o_proj", c.dim, c.q_dim()),
        .post_norm = vector(at + "post_attention_layernorm.weight", c.dim),
        .gate = projection(at + "mlp.gate_proj", c.ffn_dim, c.dim),
        .up = projection(at + "mlp.up_proj", c.ffn_dim, c.dim),
        .ffn_sub_norm = vector_if(c.sub_norm, at + "mlp.ffn_sub_norm.weight", c.ffn_dim),
        .down = projection(at + "mlp.down_proj", c.dim, c.ffn_dim),
    };
}

} // namespace

Weights load_weights(const ModelFile& file) {
    const Config& config = file.config();
    // Checking every code takes a moment: a task per layer, and one for the embedding, which
    // is the largest, and the head first.
    std::vector<Loader> loaders(config.layers + 1, Loader(file));
    std::vector<std::exception_ptr> errors(loaders.size());
    std::optional<Linear> embedding, untied;
    std::vector<float> final_norm;
    std::vector<std::optional<Layer>> layers(config.layers);
    on_threads(loaders.size(), file.threads(), [&](std::size_t i) noexcept {
        try {
            if (i == 0) {
                embedding = loaders[i].linear("model.embed_tokens", config.vocab, config.dim);
                if (!config.tied) untied = loaders[i].linear("lm_head", config.vocab, config.dim);
                final_norm = loaders[i].vector("model.norm.weight", config.dim);
            } else {
                layers[i - 1] = loaders[i].layer(i - 1);
            }
        } catch (...) {
            errors[i] = std::current_exception();
        }
    });
    for (const std::exception_ptr& error : errors) { // the first one, whoever met it first
        if (error) std::rethrow_exception(error);
    }
    Weights weights{.embedding = std::move(*embedding),
                    .layers = {},
                    .final_norm = std::move(final_norm),
                    .untied = std::move(untied)};
    std::size_t loaded = 0;
    for (const Loader& loader : loaders) loaded += loader.loaded();
    for (std::optional<Layer>& layer : layers) weights.layers.push_back(std::move(*layer));
    // Names are unique and each was loaded once, so a surplus shows in the count. A tensor that
    // the program ignored, a sub-norm say, would silently make another model.
    const std::size_t expected = loaded + (config.has_tokenizer() ? 1 : 0);
    if (file.tensors().size() != expected) {
        file.refuse("holds " + std::to_string(file.tensors().size()) +
                    " tensors, the config asks for " + std::to_string(expected));
    }
    return weights;
}

std::optional<Tokenizer> load_tokenizer(const ModelFile& file) {
    if (!file.config().has_tokenizer()) return std::nullopt;
    const bool is_blob = file.config().tokenizer == Config::Tokens::blob;
    std::vector<bpe_bytes::Merge> merges;
    if (!is_blob) merges = file.merges();
    const TensorInfo* const blob = file.find("tokenizer");
    if (is_blob && (blob == nullptr || blob->kind != kind_named("bytes") || blob->rows != 1)) {
        file.refuse("tensor tokenizer is missing, or is not one row of bytes");
    }
    try {
        Tokenizer tokenizer =
            is_blob ? Tokenizer::from_bytes(file.bytes(*blob)) : Tokenizer::from_merges(merges);
        if (tokenizer.vocab_size() > file.config().vocab) {
            throw UserError("tokenizer: more tokens than the model's vocabulary");
        }
        return tokenizer;
    } catch (const UserError& error) {
        file.refuse(error.what());
    }
}

} // namespace bitnet::example
