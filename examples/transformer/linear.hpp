// SPDX-License-Identifier: MIT
// One projection of the model: a BitLinear of whatever formats the file gives it, or dense floats.
#pragma once

#include "model_file.hpp"
#include "tensor_kinds.hpp"
#include "thread_pool.hpp"

#include <bitnet/bitlinear.hpp>
#include <bitnet/dispatch.hpp>
#include <bitnet/math.hpp>
#include <bitnet/screened_head.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bitnet::example {

// Every vector function of the library runs on the cluster that bitnet::dispatch chose for this
// CPU.
using Isa = isa::dynamic;

/// y = W x in float32, of floats or of halves (std::uint16_t) that stay in the file: float models,
/// and an embedding that is not packed.
template <class Value>
struct Dense {
    const Value* weights = nullptr; // (rows, cols)
    std::size_t rows = 0;
    std::size_t cols = 0;
    std::vector<Value> copy = {}; // of the weights, where the CPU's byte order is not the file's

    /// x (tokens, cols) -> y (tokens, rows); each value one dot in the library's order of sums.
    /// Halves become floats, which is exact, a few rows at a time in `scratch`.
    void forward(Matrix<const float> x, Matrix<float> y, std::span<std::byte> scratch,
                 const ThreadPool& pool) const noexcept;
    std::size_t scratch_bytes(std::size_t tokens, std::size_t workers) const noexcept;
};

class Linear {
public:
    /// The tensor `name` of shape (rows, cols), borrowed from `file`. UserError when it is missing,
    /// has another shape, or holds what its kind does not allow.
    Linear(const ModelFile& file, std::string_view name, std::size_t rows, std::size_t cols);

    const AnyLayer& layer() const noexcept { return layer_; }
    /// That of the tensor: "model.layers.0.mlp.up_proj.weight", say.
    const std::string& name() const noexcept { return name_; }
    /// The weights of an RMSNorm of its input, (cols); empty: none. Who runs the layer applies it.
    const std::vector<float>& norm() const noexcept { return norm_; }
    void set_norm(std::vector<float> norm) { norm_ = std::move(norm); }
    /// Row `index` of the weights, as an embedding has it: floats, or code * scale.
    void row(std::size_t index, std::span<float> out) const noexcept;
    /// Bytes that forward needs for this many tokens.
    std::size_t scratch_bytes(std::size_t tokens, std::size_t workers) const;

private:
    AnyLayer layer_;
    std::string name_;
    std::vector<float> norm_;
};

/// One of several projections of the same input: y (tokens, rows) = linear · x.
struct Projection {
    const Linear* linear;
    Matrix<float> y;
};

/// x (tokens, cols) through every layer. Up to three neighbours of one activation kind and
/// sum_group() share one quantization of x and one call of the pool, as q, k, v and gate, up do in
/// BitNet.
/// pre: scratch holds the largest scratch_bytes() of the layers.
void project(Matrix<const float> x, std::span<const Projection> outputs,
             std::span<std::byte> scratch, const ThreadPool& pool);

/// Whether project() reads the weights once for many tokens: not those of a ScreenedHead, which
/// takes one token at a time.
bool reads_weights_once(const Linear& layer) noexcept;

/// best (k) = the largest of layer · x (1, cols), the largest first, of equal ones the smaller row;
/// or false, when the layer is no ScreenedHead or k too large for it to gain by that.
bool find_largest(const Linear& layer, Matrix<const float> x, std::span<Logit> best,
                  std::span<std::byte> scratch, const ThreadPool& pool);

} // namespace bitnet::example
