// SPDX-License-Identifier: MIT
// One unit of the program: runs a layer that another unit made. Compiled several times.
#include "unit.hpp"

void UNIT(const Layer& layer, std::span<const float> x, std::span<float> y,
          std::span<std::byte> scratch) {
    layer.forward(x, y, y.size() / layer.rows(), scratch);
}
