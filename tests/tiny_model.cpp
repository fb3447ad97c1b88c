// SPDX-License-Identifier: MIT
// The tiny models. tiny_oracle.cpp has what their logits must be.
#include "tiny_model.hpp"

#include "half.hpp"

#include <bitnet/math.hpp>
#include <bitnet/screened_head.hpp>

#include <algorithm>
#include <cmath>
#include <random>
#include <sstream>
#include <string_view>
#include <type_traits>

namespace tiny {
namespace {

using bitnet::example::ModelWriter;

// What a kind means follows from its name: "<weights>-<activations>".
bool is_binary(TensorKind kind) {
    return name_of(kind).starts_with("binary");
}

// The largest code; 1 for the kinds of one and two bits.
int largest_code(TensorKind kind) {
    const std::string_view name = name_of(kind);
    if (name.starts_with("int")) {
        const int bits = name[3] - '0';
        return (1 << (bits - 1)) - 1;
    }
    return name.starts_with("screened") ? bitnet::ScreenedHead::max_code : 1;
}

// Uniform in [-1, 1), the same on every machine: std:: distributions are not.
float uniform(std::mt19937& random) {
    return static_cast<float>(random() >> 8) * 0x1p-23f - 1.0f;
}

float as_half(float value) {
    const std::uint16_t half = bitnet::example::float_to_half(value);
    float rounded = 0;
    bitnet::halves_to_floats(&half, &rounded, 1);
    return rounded;
}

Tensor make_linear(std::mt19937& random, TensorKind kind, std::size_t rows, std::size_t cols) {
    Tensor tensor{kind, rows, cols, {}, {}, 1.0f};
    const float size = 1.5f / std::sqrt(static_cast<float>(cols));
    if (kind == kind_named("f32") || kind == kind_named("f16")) {
        for (std::size_t i = 0; i < rows * cols; ++i) {
            const float value = uniform(random) * size;
            tensor.values.push_back(kind == kind_named("f32") ? value : as_half(value));
        }
        return tensor;
    }
    const int largest = largest_code(kind);
    for (std::size_t i = 0; i < rows * cols; ++i) {
        const auto choices = static_cast<unsigned>(2 * largest + 1);
        const int code = is_binary(kind) ? (random() % 2 == 0 ? -1 : 1)
                                         : static_cast<int>(random() % choices) - largest;
        tensor.codes.push_back(static_cast<std::int8_t>(code));
    }
    tensor.scale = size * (1.0f + 0.25f * uniform(random)) / static_cast<float>(largest);
    return tensor;
}

Tensor make_vector(std::mt19937& random, std::size_t cols) {
    Tensor tensor{kind_named("f32"), 1, cols, {}, {}, 1.0f};
    for (std::size_t i = 0; i < cols; ++i) {
        tensor.values.push_back(1.0f + 0.5f * uniform(random));
    }
    return tensor;
}

template <class Layer>
auto packed(const Tensor& t) {
    if constexpr (std::is_same_v<Layer, bitnet::ScreenedHead>) {
        const std::vector<float> scales(t.rows, t.scale);
        return Layer::from_codes(t.codes, t.rows, t.cols, scales, 1);
    } else {
        return Layer::from_codes(t.codes, t.rows, t.cols, std::span(&t.scale, 1));
    }
}

void add_tensor(ModelWriter& writer, const std::string& name, const Tensor& t) {
    using bitnet::example::Dense;
    bitnet::example::visit_layer(t.kind, [&]<class Layer>(std::type_identity<Layer>) {
        if constexpr (std::is_same_v<Layer, Dense<float>>) {
            writer.add_f32(name, t.rows, t.cols, t.values);
        } else if constexpr (std::is_same_v<Layer, Dense<std::uint16_t>>) {
            writer.add_f16(name, t.rows, t.cols, t.values);
        } else if constexpr (!std::is_void_v<Layer>) {
            writer.add(name, t.kind, t.rows, t.cols, packed<Layer>(t).value().bytes());
        }
    });
}

} // namespace

std::vector<TensorKind> projection_kinds() {
    std::vector<TensorKind> kinds;
    bitnet::example::find_kind([&]<class Layer>(const bitnet::example::KindRow<Layer>& row) {
        if (!std::is_void_v<Layer>) {
            kinds.push_back(row.kind);
        }
        return false;
    });
    return kinds;
}

Model make(const Options& options) {
    std::mt19937 random(options.seed);
    Model model;
    Config& c = model.config;
    c.vocab = 264;
    c.dim = 48;
    c.ffn_dim = 80;
    c.layers = 2;
    c.heads = 4;
    c.kv_heads = 2;
    c.max_context = 80;
    c.gate = options.gate;
    c.sub_norm = options.sub_norm;
    if (!options.tokenizer) c.tokenizer = Config::Tokens::none;
    c.tied = options.tied;
    c.qk_norm = options.qk_norm;
    c.yarn = options.yarn;
    c.projection_norm_eps = options.projection_norm_eps;
    c.head_dim = options.head_dim;
    if (options.tokenizer) {
        model.merges = {{'h', 'e'}, {'t', 258}, {' ', 259}, {0xC3, 0xA9}, {'o', 'n'}, {' ', 'a'}};
    }
    auto& tensors = model.tensors;
    const auto embedding = [&] { // or a head
        const bool halves = options.head == kind_named("f16");
        const TensorKind kind = halves ? kind_named("f32") : options.head;
        Tensor table = make_linear(random, kind, c.vocab, c.dim);
        table.kind = options.head;
        table.scale *= 8.0f; // of codes; of floats, each
        for (float& v : table.values) {
            v *= 8.0f;
            v = halves ? as_half(v) : v;
        }
        return table;
    };
    tensors["model.embed_tokens.weight"] = embedding();
    if (!c.tied) tensors["lm_head.weight"] = embedding();
    tensors["model.norm.weight"] = make_vector(random, c.dim);
    std::size_t next = 0;
    const auto kind = [&] { return options.kinds[next++ % options.kinds.size()]; };
    for (std::size_t l = 0; l < c.layers; ++l) {
        const std::string at = "model.layers." + std::to_string(l) + ".";
        const auto linear = [&](const char* name, std::size_t rows, std::size_t cols) {
            tensors[at + name + "_proj.weight"] = make_linear(random, kind(), rows, cols);
            if (c.projection_norm_eps) {
                tensors[at + name + "_proj.norm.weight"] = make_vector(random, cols);
            }
        };
        linear("self_attn.q", c.q_dim(), c.dim);
        linear("self_attn.k", c.kv_dim(), c.dim);
        linear("self_attn.v", c.kv_dim(), c.dim);
        linear("self_attn.o", c.dim, c.q_dim());
        linear("mlp.gate", c.ffn_dim, c.dim);
        linear("mlp.up", c.ffn_dim, c.dim);
        linear("mlp.down", c.dim, c.ffn_dim);
        tensors[at + "input_layernorm.weight"] = make_vector(random, c.dim);
        tensors[at + "post_attention_layernorm.weight"] = make_vector(random, c.dim);
        if (c.qk_norm) {
            tensors[at + "self_attn.q_norm.weight"] = make_vector(random, c.head_dim);
            tensors[at + "self_attn.k_norm.weight"] = make_vector(random, c.head_dim);
        }
        if (c.sub_norm) {
            tensors[at + "self_attn.attn_sub_norm.weight"] = make_vector(random, c.q_dim());
            tensors[at + "mlp.ffn_sub_norm.weight"] = make_vector(random, c.ffn_dim);
        }
    }
    return model;
}

std::vector<std::byte> Model::file() const {
    ModelWriter writer(config);
    for (const auto& [name, tensor] : tensors) {
        add_tensor(writer, name, tensor);
    }
    if (!tokenizer.empty()) {
        writer.add("tokenizer", kind_named("bytes"), 1, tokenizer.size(), tokenizer);
    } else if (!merges.empty()) {
        writer.add_merges(merges);
    }
    return bytes_of(writer);
}

std::vector<std::byte> bytes_of(const ModelWriter& writer) {
    std::ostringstream out;
    writer.write(out);
    const std::string file = std::move(out).str();
    const auto* data = reinterpret_cast<const std::byte*>(file.data());
    return {data, data + file.size()};
}

} // namespace tiny
