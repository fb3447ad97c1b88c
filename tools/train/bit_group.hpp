// SPDX-License-Identifier: MIT
// BitLinear layers that share their input: q, k, v or gate, up, or o or down alone.
#pragma once

#include "buffer.hpp"
#include "recipe.hpp"

#include <cstddef>
#include <memory>
#include <span>

namespace bitnet::train {

class BitGroup {
public:
    virtual ~BitGroup() = default;
    virtual std::size_t scratch_bytes(std::size_t tokens) const = 0;
    /// y (tokens, sum of the rows), each layer's rows behind the one before
    virtual void forward(const float* x, std::size_t tokens, float* y,
                         std::span<std::byte> scratch) const = 0;
    /// The values code · scale, row-major.
    virtual void dequantize(operand* out) const = 0;
    /// The first layer as a model file holds it.
    virtual std::span<const std::byte> bytes() const = 0;
};

/// `rows` of each layer; `weights` holds them one after another. Throws UserError if the
/// library refuses.
std::unique_ptr<BitGroup> make_bit_group(LinearKind kind, const float* weights,
                                         std::span<const std::size_t> rows, std::size_t cols);

/// A group of one layer over the bytes of a model file, which must outlive it.
std::unique_ptr<BitGroup> map_bit_group(LinearKind kind, std::span<const std::byte> bytes);

} // namespace bitnet::train
