// SPDX-License-Identifier: MIT
// The weights of one step, made from the float parameters once and read by all workers: quantized
// layers of the library for the forward pass, and the same values as operands of the backward pass.
#pragma once

#include "buffer.hpp"
#include "config.hpp"
#include "workers.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace bitnet::train {

// One or more BitLinear layers that share their input: q, k, v or gate, up, or o or down alone.
class BitGroup {
public:
    virtual ~BitGroup() = default;
    virtual std::size_t scratch_bytes(std::size_t tokens) const = 0;
    // y: tokens × (sum of the rows), each layer's rows behind the one before
    virtual void forward(const float* x, std::size_t tokens, float* y,
                         std::span<std::byte> scratch) const = 0;
    // The values code · scale, row-major.
    virtual void dequantize(operand* out) const = 0;
};

// `rows` of each layer; `weights` holds them one after another. Throws std::runtime_error if the
// library refuses.
std::unique_ptr<BitGroup> make_bit_group(LinearKind kind, const float* weights,
                                         std::span<const std::size_t> rows, std::size_t cols);

// A group of one layer over the bytes of a model file, which must outlive it.
std::unique_ptr<BitGroup> map_bit_group(LinearKind kind, std::span<const std::byte> bytes);

struct LayerGroups {
    std::unique_ptr<BitGroup> qkv, o, gate_up, down; // null for float layers
};

struct Weights {
    Weights(const ModelConfig& config, const ParameterMap& map, LinearKind kind);

    // Quantizes `parameters` anew, the work split over the crew.
    void update(const float* parameters, Workers& workers);

    LinearKind kind;
    const float* parameters = nullptr;
    Buffer<operand> half; // all parameters as the matmuls see them, at the same offsets
    std::vector<LayerGroups> layers;

private:
    const ModelConfig& config_;
    const ParameterMap& map_;
};

} // namespace bitnet::train
