// SPDX-License-Identifier: MIT
// Safetensors files as tests write them, and a small model of Hugging Face's around one.
#pragma once

#include "file_words.hpp"
#include "hf_model.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace safetensors_bytes {

using Bytes = std::vector<std::byte>;

struct Tensor {
    std::string name, dtype;
    std::vector<std::size_t> shape;
    Bytes bytes;
};

/// `json` as the header of `data`.
inline Bytes file_of(const std::string& json, const Bytes& data) {
    Bytes file(8);
    file_words::put<std::uint64_t>(file.data(), json.size());
    for (const char c : json) file.push_back(static_cast<std::byte>(c));
    file.insert(file.end(), data.begin(), data.end());
    return file;
}

inline Bytes file_of(const std::vector<Tensor>& tensors) {
    std::string json = "{\"__metadata__\":{\"format\":\"pt\"}";
    Bytes data;
    for (const Tensor& t : tensors) {
        json += ",\"" + t.name + "\":{\"dtype\":\"" + t.dtype + "\",\"shape\":[";
        for (std::size_t i = 0; i < t.shape.size(); ++i) {
            json += (i == 0 ? "" : ",") + std::to_string(t.shape[i]);
        }
        json += "],\"data_offsets\":[" + std::to_string(data.size()) + ",";
        data.insert(data.end(), t.bytes.begin(), t.bytes.end());
        json += std::to_string(data.size()) + "]}";
    }
    json += "}";
    json.resize((json.size() + 7) / 8 * 8, ' ');
    return file_of(json, data);
}

inline Tensor f32(const std::string& name, const std::vector<float>& values) {
    return {name, "F32", {values.size()}, file_words::bytes_of(values)};
}
inline Tensor bf16(const std::string& name, std::size_t rows, std::size_t cols) {
    std::vector<std::uint16_t> values(rows * cols);
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = static_cast<std::uint16_t>(0x3F80 + i);
    }
    return {name, "BF16", {rows, cols}, file_words::bytes_of(values)};
}
inline Tensor packed(const std::string& name, std::size_t rows, std::size_t cols) {
    return {name, "U8", {(rows + 3) / 4, cols}, Bytes((rows + 3) / 4 * cols, std::byte{0x64})};
}

/// A model, whose files a test changes before it is read.
struct Model {
    std::string config, generation_config, tokenizer_config, chat_template;
    std::vector<Tensor> tensors;

    Tensor& tensor(const std::string& name) {
        for (Tensor& t : tensors) {
            if (t.name == name) return t;
        }
        throw std::logic_error("no tensor " + name);
    }
    void remove(const std::string& name) {
        std::erase_if(tensors, [&](const Tensor& t) { return t.name == name; });
    }
    /// `config` with `key` at `value`, which is JSON; empty takes the key away.
    void set(const std::string& key, const std::string& value) {
        const std::string quoted = ",\"" + key + "\":";
        if (const std::size_t at = config.find(quoted); at != std::string::npos) {
            int depth = 0;
            std::size_t end = at + quoted.size();
            for (; depth > 0 || (config[end] != ',' && config[end] != '}'); ++end) {
                depth += config[end] == '{' || config[end] == '[';
                depth -= config[end] == '}' || config[end] == ']';
            }
            config.erase(at, end - at);
        }
        if (!value.empty()) config.insert(config.size() - 1, quoted + value);
    }
};

struct Options {
    std::string model_type = "llama";
    bool packed = false; // uint8 with scales; else bf16
    bool tied = false, sub_norm = false, qk_norm = false;
};

/// Hidden 8, one layer, two heads of 4 and one of keys, ffn 12, vocabulary 6.
inline Model model(const Options& o) {
    Model made;
    made.config = "{\"model_type\":\"" + o.model_type +
                  "\",\"vocab_size\":6,\"hidden_size\":8,\"intermediate_size\":12"
                  ",\"num_hidden_layers\":1,\"num_attention_heads\":2,\"num_key_value_heads\":1"
                  ",\"head_dim\":4,\"max_position_embeddings\":64,\"rope_theta\":500000.0"
                  ",\"rms_norm_eps\":1e-05,\"bos_token_id\":1,\"eos_token_id\":2"
                  ",\"tie_word_embeddings\":" +
                  (o.tied ? "true" : "false") + "}";
    if (o.packed) {
        made.set("quantization_config",
                 "{\"quant_method\":\"bitnet\",\"linear_class\":\"autobitlinear\"}");
    }
    auto& tensors = made.tensors;
    const auto projection = [&](const std::string& name, std::size_t rows, std::size_t cols) {
        const std::string module = "model.layers.0." + name;
        if (o.packed) {
            tensors.push_back(packed(module + ".weight", rows, cols));
            tensors.push_back({module + ".weight_scale",
                               "BF16",
                               {1}, // 0.25
                               file_words::bytes_of(std::vector<std::uint16_t>{0x3E80})});
        } else {
            tensors.push_back(bf16(module + ".weight", rows, cols));
        }
    };
    const auto norm = [&](const std::string& name, std::size_t size) {
        tensors.push_back(f32(name, std::vector<float>(size, 1.0f)));
    };
    const std::string layer = "model.layers.0.";
    tensors.push_back(bf16("model.embed_tokens.weight", 6, 8));
    norm(layer + "input_layernorm.weight", 8);
    projection("self_attn.q_proj", 8, 8);
    projection("self_attn.k_proj", 4, 8);
    projection("self_attn.v_proj", 4, 8);
    if (o.qk_norm) norm(layer + "self_attn.q_norm.weight", 4);
    if (o.qk_norm) norm(layer + "self_attn.k_norm.weight", 4);
    if (o.sub_norm) norm(layer + "self_attn.attn_sub_norm.weight", 8);
    projection("self_attn.o_proj", 8, 8);
    norm(layer + "post_attention_layernorm.weight", 8);
    projection("mlp.gate_proj", 12, 8);
    projection("mlp.up_proj", 12, 8);
    if (o.sub_norm) norm(layer + "mlp.ffn_sub_norm.weight", 12);
    projection("mlp.down_proj", 8, 12);
    norm("model.norm.weight", 8);
    if (!o.tied) tensors.push_back(bf16("lm_head.weight", 6, 8));
    return made;
}

/// A checkpoint, and the bytes that it points to.
struct Read {
    std::unique_ptr<const Bytes> bytes;
    bitnet::example::Checkpoint checkpoint;
};
inline bitnet::example::HfDirectory directory_of(const Model& model, const Bytes& weights) {
    bitnet::example::HfDirectory directory;
    directory.label = "m";
    directory.config = model.config;
    directory.generation_config = model.generation_config;
    directory.tokenizer_config = model.tokenizer_config;
    directory.chat_template = model.chat_template;
    directory.weights.emplace_back("m/model.safetensors", weights);
    return directory;
}
inline Read read(const Model& model) {
    auto bytes = std::make_unique<const Bytes>(file_of(model.tensors));
    auto checkpoint = checkpoint_of(directory_of(model, *bytes));
    return {std::move(bytes), std::move(checkpoint)};
}

} // namespace safetensors_bytes
