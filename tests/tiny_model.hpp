// SPDX-License-Identifier: MIT
// Small random models for the tests of the transformer and of the program, and what their logits
// must be: a forward pass of plain loops that shares no code with examples/transformer.
#pragma once

#include "config.hpp"
#include "model_file.hpp"
#include "tensor_kinds.hpp"

#include <bitnet/tensor.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tiny {

using bitnet::example::Config;
using bitnet::example::kind_named;
using bitnet::example::TensorKind;

struct Tensor {
    TensorKind kind = kind_named("f32");
    std::size_t rows = 0;
    std::size_t cols = 0;
    std::vector<float> values;      // (rows, cols)   f32 and f16
    std::vector<std::int8_t> codes; // (rows, cols)   packed kinds
    float scale = 1.0f;             //                packed kinds
};

struct Options {
    std::uint32_t seed = 1;
    Config::Gate gate = Config::Gate::relu2;
    bool sub_norm = true;
    bool tied = true;
    bool qk_norm = false;
    std::optional<bitnet::YarnScaling> yarn = {};
    std::optional<float> projection_norm_eps = {};
    std::size_t head_dim = 16;
    bool tokenizer = true;
    // Kinds of q, k, v, o, gate, up, down, q, k ... in turn, from the front again when they run
    // out.
    std::vector<TensorKind> kinds = {kind_named("ternary-int8")};
    TensorKind head = kind_named("f16"); // of the embedding
};

struct Model {
    Config config;
    std::map<std::string, Tensor> tensors;
    std::vector<std::array<std::uint16_t, 2>> merges;
    std::vector<std::byte> tokenizer; // a blob, in place of the merges

    std::vector<std::byte> file() const; // as .bitnet bytes
};

/// All kinds that a projection can be of, in the order of tensor_kinds.hpp.
std::vector<TensorKind> projection_kinds();

/// vocab 264, dim 48, ffn 80, 2 layers, 4 heads of 16 on 2 key-value heads, context 80: no two
/// extents are equal, and neither is a multiple of a vector's width.
Model make(const Options& options);

/// Of a forward pass, a row for each token: the input of each projection by the name of its tensor,
/// and act(gate) * up of layer 0 as "model.layers.0.mlp.gated".
template <class Real>
using Inputs = std::map<std::string, std::vector<std::vector<Real>>>;

/// Logits (ids.size(), vocab) after each of the ids. Real = float: every operation and the order of
/// every sum as documented, so equal to the program's bit for bit. Real = double: the same formulas
/// with the mathematics of the C library, an independent check of those definitions.
template <class Real>
std::vector<std::vector<Real>> logits(const Model& model, const std::vector<int>& ids,
                                      Inputs<Real>* inputs = nullptr);

/// What `writer` writes.
std::vector<std::byte> bytes_of(const bitnet::example::ModelWriter& writer);

/// Bytes at an address that ModelFile accepts.
class Aligned {
public:
    explicit Aligned(std::span<const std::byte> bytes)
        : memory_(std::max<std::size_t>(bytes.size(), 1)), size_(bytes.size()) {
        if (size_ != 0) {
            std::memcpy(memory_.data(), bytes.data(), size_);
        }
    }
    std::span<const std::byte> bytes() const { return {memory_.data(), size_}; }

private:
    bitnet::AlignedBytes memory_;
    std::size_t size_;
};

} // namespace tiny
