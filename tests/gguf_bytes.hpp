// SPDX-License-Identifier: MIT
// GGUF files as tests write them, sound or not: a list of keys, a list of tensors, and a small
// model of both.
#pragma once

#include "file_words.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace gguf_bytes {

using Bytes = std::vector<std::byte>;

template <class T>
void append(Bytes& to, T value) {
    to.resize(to.size() + sizeof value);
    file_words::put(to.data() + to.size() - sizeof value, value);
}
inline void append(Bytes& to, const std::string& text) {
    append<std::uint64_t>(to, text.size());
    for (const char c : text) to.push_back(static_cast<std::byte>(c));
}

// Numbers of the format, written here once more.
inline constexpr std::uint32_t u32_type = 4, i32_type = 5, f32_type = 6, bool_type = 7,
                               string_type = 8, array_type = 9;

struct Value {
    std::string key;
    std::uint32_t type;
    Bytes bytes;
};

inline Value value(const std::string& key, std::uint32_t number) {
    Value made{key, u32_type, {}};
    append(made.bytes, number);
    return made;
}
inline Value value(const std::string& key, float number) {
    Value made{key, f32_type, {}};
    append(made.bytes, number);
    return made;
}
inline Value value(const std::string& key, bool flag) {
    return {key, bool_type, {static_cast<std::byte>(flag)}};
}
inline Value value(const std::string& key, const std::string& text) {
    Value made{key, string_type, {}};
    append(made.bytes, text);
    return made;
}
inline Value value(const std::string& key, const char* text) {
    return value(key, std::string(text));
}
template <class Element>
Value list(const std::string& key, std::uint32_t type, const std::vector<Element>& elements) {
    Value made{key, array_type, {}};
    append(made.bytes, type);
    append<std::uint64_t>(made.bytes, elements.size());
    for (const Element& element : elements) append(made.bytes, element);
    return made;
}

struct Tensor {
    std::string name;
    std::vector<std::uint64_t> extents; // the columns first
    std::uint32_t type;
    Bytes bytes;
    std::optional<std::uint64_t> offset = {}; // instead of the right one
};

struct File {
    std::uint32_t version = 3;
    std::uint64_t alignment = 32; // as bytes() lays tensors out; the key is the caller's
    std::vector<Value> values;
    std::vector<Tensor> tensors;

    /// In place of the value of that key, or a new one.
    void set(Value made) {
        const auto found = std::find_if(values.begin(), values.end(),
                                        [&](const Value& v) { return v.key == made.key; });
        found == values.end() ? values.push_back(std::move(made)) : void(*found = std::move(made));
    }
    void remove(const std::string& key) {
        std::erase_if(values, [&](const Value& v) { return v.key == key; });
    }
    Tensor& tensor(const std::string& name) {
        for (Tensor& t : tensors) {
            if (t.name == name) return t;
        }
        throw std::logic_error("no tensor " + name);
    }
    void remove_tensor(const std::string& name) {
        std::erase_if(tensors, [&](const Tensor& t) { return t.name == name; });
    }

    Bytes head() const { // all but the tensors' bytes
        Bytes file;
        for (const char c : {'G', 'G', 'U', 'F'}) file.push_back(static_cast<std::byte>(c));
        append(file, version);
        append<std::uint64_t>(file, tensors.size());
        append<std::uint64_t>(file, values.size());
        for (const Value& v : values) {
            append(file, v.key);
            append(file, v.type);
            file.insert(file.end(), v.bytes.begin(), v.bytes.end());
        }
        std::uint64_t offset = 0;
        for (const Tensor& t : tensors) {
            append(file, t.name);
            append(file, static_cast<std::uint32_t>(t.extents.size()));
            for (const std::uint64_t extent : t.extents) append(file, extent);
            append(file, t.type);
            append(file, t.offset.value_or(offset));
            offset += (t.bytes.size() + alignment - 1) / alignment * alignment;
        }
        return file;
    }
    Bytes bytes() const {
        Bytes file = head();
        const auto pad = [&] {
            file.resize(
                static_cast<std::size_t>((file.size() + alignment - 1) / alignment * alignment));
        };
        for (const Tensor& t : tensors) {
            pad();
            file.insert(file.end(), t.bytes.begin(), t.bytes.end());
        }
        pad();
        return file;
    }
};

struct Block {
    std::uint32_t type;
    std::size_t values, bytes;
    std::size_t tail = 0; // behind the tensor
};
inline constexpr Block f32{0, 1, 4}, f16{1, 1, 2}, q4_0{2, 32, 18}, q8_0{8, 32, 34},
    q6_k{14, 256, 210}, bf16{30, 1, 2}, tq1_0{34, 256, 54}, tq2_0{35, 256, 66},
    i2_s{36, 128, 32, 32}, q1_0{41, 128, 18}, q2_0_g64{42, 64, 18}, q2_0_g128{42, 128, 34},
    stq1_0{42, 256, 42}, pq2_0{142, 128, 34}, ptq1_0{143, 128, 28};

/// Bytes that stand for a tensor: row r of it begins with the byte r, and I2_S has `scale`.
inline Tensor tensor(const std::string& name, std::size_t rows, std::size_t cols,
                     const Block& block, float scale = 0.5f) {
    const std::size_t row_bytes = cols / block.values * block.bytes;
    Bytes bytes(rows * row_bytes);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 7 % 113);
    for (std::size_t row = 0; row < rows; ++row)
        bytes[row * row_bytes] = static_cast<std::byte>(row);
    if (block.tail != 0) append(bytes, scale);
    bytes.resize(rows * row_bytes + block.tail);
    return {name, {cols, rows}, block.type, std::move(bytes)};
}
inline Tensor vector(const std::string& name, const std::vector<float>& values) {
    return {name, {values.size()}, f32.type, file_words::bytes_of(values)};
}

struct Options {
    std::string architecture = "qwen3";
    Block block = f16; // of the projections
    std::uint32_t dim = 8, heads = 2, kv_heads = 1, head_dim = 4, ffn_dim = 8, layers = 1;
    std::uint32_t vocab = 5;
    bool tied = true, sub_norm = false, qk_norm = true, vocabulary = true;
};

/// A model with all that its architecture asks for.
inline File model(const Options& o) {
    File file;
    file.values = {value("general.architecture", o.architecture)};
    const auto key = [&](const char* name, auto v) {
        file.set(value(o.architecture + "." + name, v));
    };
    key("block_count", o.layers);
    key("context_length", std::uint32_t{64});
    key("embedding_length", o.dim);
    key("feed_forward_length", o.ffn_dim);
    key("attention.head_count", o.heads);
    key("attention.head_count_kv", o.kv_heads);
    key("attention.key_length", o.head_dim);
    key("attention.layer_norm_rms_epsilon", 1e-6f);
    key("rope.freq_base", 1e6f);
    if (o.vocabulary) {
        file.set(value("tokenizer.ggml.model", "gpt2"));
        file.set(value("tokenizer.ggml.pre", "qwen2"));
        file.set(list("tokenizer.ggml.tokens", string_type,
                      std::vector<std::string>{"a", "b", "ab", "<s>", "<|im_end|>"}));
        file.set(
            list("tokenizer.ggml.token_type", i32_type, std::vector<std::int32_t>{1, 1, 1, 3, 3}));
        file.set(list("tokenizer.ggml.merges", string_type, std::vector<std::string>{"a b"}));
        file.set(value("tokenizer.ggml.bos_token_id", std::uint32_t{3}));
        file.set(value("tokenizer.ggml.eos_token_id", std::uint32_t{4}));
    }
    const auto norm = [&](const std::string& name, std::uint32_t size) {
        file.tensors.push_back(vector(name, std::vector<float>(size, 1.0f)));
    };
    const auto projection = [&](const std::string& name, std::uint32_t rows, std::uint32_t cols) {
        file.tensors.push_back(tensor(name, rows, cols, o.block));
    };
    file.tensors.push_back(tensor("token_embd.weight", o.vocab, o.dim, f16));
    const std::uint32_t q_dim = o.heads * o.head_dim, kv_dim = o.kv_heads * o.head_dim;
    for (std::uint32_t layer = 0; layer < o.layers; ++layer) {
        const std::string blk = "blk." + std::to_string(layer) + ".";
        norm(blk + "attn_norm.weight", o.dim);
        projection(blk + "attn_q.weight", q_dim, o.dim);
        projection(blk + "attn_k.weight", kv_dim, o.dim);
        projection(blk + "attn_v.weight", kv_dim, o.dim);
        if (o.qk_norm) norm(blk + "attn_q_norm.weight", o.head_dim);
        if (o.qk_norm) norm(blk + "attn_k_norm.weight", o.head_dim);
        if (o.sub_norm) norm(blk + "attn_sub_norm.weight", q_dim);
        projection(blk + "attn_output.weight", o.dim, q_dim);
        norm(blk + "ffn_norm.weight", o.dim);
        projection(blk + "ffn_gate.weight", o.ffn_dim, o.dim);
        projection(blk + "ffn_up.weight", o.ffn_dim, o.dim);
        if (o.sub_norm) norm(blk + "ffn_sub_norm.weight", o.ffn_dim);
        projection(blk + "ffn_down.weight", o.dim, o.ffn_dim);
    }
    norm("output_norm.weight", o.dim);
    if (!o.tied) file.tensors.push_back(tensor("output.weight", o.vocab, o.dim, f16));
    return file;
}

/// Wide enough for every type of blocks.
inline Options wide(const Block& block) {
    return {.block = block, .dim = 256, .head_dim = 128, .ffn_dim = 256};
}

} // namespace gguf_bytes
