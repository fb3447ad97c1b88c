// SPDX-License-Identifier: MIT
// The definition of every kernel, in plain C++: what the paper writes as a sum is a loop here.
// It reads any format in any layout, value by value; all other kernels must equal it to the bit,
// on codes that verify() accepts.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/config.hpp>
#include <bitnet/kernels/tile.hpp>
#include <bitnet/quantized.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE::kernels {

/// sum over c in [begin, end) of W[row, c] * q[token, c]
/// data: weights (rows, x.cols), packed
template <class Weights, class Codes, class Layout, class Isa>
BITNET_HIDDEN std::int32_t scalar_dot(const std::uint8_t* data, std::size_t rows,
                                      const Quantized<Codes>& x, std::size_t row, std::size_t token,
                                      std::size_t begin, std::size_t end) noexcept {
    const PackedView<Weights, Layout> weights{data, rows, x.cols};
    std::int32_t sum = 0;
    for (std::size_t c = begin; c < end; ++c) sum += weights(row, c) * x(token, c);
    return sum;
}

/// The tiles of the scalar cluster: one row block times one token. See TileRunner.
template <class Codes>
struct ScalarRunner {
    static constexpr std::size_t max_tokens = 1, max_values = tile_rows, max_dots = max_values;

    const std::uint8_t* data;
    std::size_t rows;
    std::int32_t (*dot)(const std::uint8_t* data, std::size_t rows, const Quantized<Codes>& x,
                        std::size_t row, std::size_t token, std::size_t begin,
                        std::size_t end) noexcept;
    const Quantized<Codes>& x;

    BITNET_INLINE std::size_t max_blocks() const noexcept { return 1; }

    BITNET_INLINE void operator()(const TileRange& tile, std::size_t first, std::size_t last,
                                  const OutputLines&, std::int32_t* dots) const noexcept {
        for (std::size_t g = first; g < last; ++g) {
            const std::size_t begin = g * x.group;
            const std::size_t end = g + 1 == x.layout().groups() ? x.cols : begin + x.group;
            for (std::size_t i = 0; i < tile_rows; ++i) {
                const std::size_t row = tile.block * tile_rows + i;
                *dots++ = row < rows ? dot(data, rows, x, row, tile.token, begin, end) : 0;
            }
        }
    }
};

} // namespace BITNET_NAMESPACE::kernels
