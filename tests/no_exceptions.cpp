// SPDX-License-Identifier: MIT
// Compiled with -fno-exceptions -fno-rtti, never run: the headers need neither.
#include <bitnet/activation.hpp>
#include <bitnet/bitlinear.hpp>
#include <bitnet/math.hpp>
#include <bitnet/screened_head.hpp>
#include <bitnet/stochastic.hpp>

#include <cstddef>
#include <span>

bool run_without_exceptions(std::span<const float> weights, std::span<const float> x,
                            std::span<float> y, std::span<std::byte> scratch) {
    using Layer = bitnet::BitLinear<bitnet::Ternary, bitnet::Int8>;
    bitnet::Result<Layer> made = Layer::from_float(weights, y.size(), x.size());
    if (!made) return made.error().code == bitnet::Errc::wrong_size;
    made.value().forward(x, y, 1, scratch);
    return static_cast<bool>(made->verify());
}
