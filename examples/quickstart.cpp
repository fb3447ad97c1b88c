// SPDX-License-Identifier: MIT
// A layer from float weights, an error, and one token through the layer.
// prints: y = -1.37205 4.1
#include <bitnet/bitlinear.hpp>

#include <cstddef>
#include <cstdio>
#include <utility>
#include <vector>

using Layer = bitnet::BitLinear<bitnet::Ternary, bitnet::Int8>;

int main() {
    constexpr std::size_t rows = 2, cols = 3, tokens = 1;
    const std::vector<float> weights{0.9f, -0.1f, -1.2f, // row-major: (rows, cols)
                                     0.4f, 0.8f,  0.7f};

    // What may be wrong with data comes back as a Result: here, weights for another shape.
    const bitnet::Result<Layer> refused = Layer::from_float(weights, rows, cols + 1);
    if (!refused) std::printf("refused: %s\n", refused.error().message().data());

    bitnet::Result<Layer> made = Layer::from_float(weights, rows, cols);
    if (!made) return 1;
    const Layer layer = std::move(*made);

    const std::vector<float> x{1, 2, 3};
    std::vector<float> y(tokens * rows);
    std::vector<std::byte> scratch(layer.scratch_bytes(tokens)); // keep it for the next call
    layer.forward(x, y, tokens, scratch);                        // allocates nothing
    std::printf("y = %g %g\n", y[0], y[1]);
}
