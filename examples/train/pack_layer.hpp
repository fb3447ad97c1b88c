// SPDX-License-Identifier: MIT
// A trained matrix as the bytes of a BitLinear layer.
#pragma once

#include "config.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace bitnet::train {

// weights: rows × cols floats. Throws std::runtime_error if the library refuses them.
std::vector<std::byte> pack_layer(LinearKind kind, std::span<const float> weights, std::size_t rows,
                                  std::size_t cols);

} // namespace bitnet::train
