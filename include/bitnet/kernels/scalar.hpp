// SPDX-License-Identifier: MIT
// The definition of every kernel, in plain C++: what the paper writes as a sum is a loop here.
// It reads any format in any layout, value by value; all other kernels must equal it to the bit,
// on codes that verify() accepts.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/quantized.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE::kernels {

/// sum over c in [begin, end) of W[row, c] * q[token, c]
template <class Isa, class Weights, class Layout, class Codes>
std::int32_t scalar_dot(const PackedView<Weights, Layout>& weights, const Quantized<Codes>& x,
                        std::size_t row, std::size_t token, std::size_t begin,
                        std::size_t end) noexcept {
    std::int32_t sum = 0;
    for (std::size_t c = begin; c < end; ++c) sum += weights(row, c) * x(token, c);
    return sum;
}

} // namespace BITNET_NAMESPACE::kernels
