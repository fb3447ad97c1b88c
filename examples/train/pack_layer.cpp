// SPDX-License-Identifier: MIT
// The same from_float() as in training, so that a packed layer has the codes and the scale it was
// trained with.
#include "pack_layer.hpp"

#include <bitnet/bitlinear.hpp>

#include <stdexcept>
#include <string>

namespace bitnet::train {
namespace {

template <class W, class A>
std::vector<std::byte> pack(std::span<const float> weights, std::size_t rows, std::size_t cols) {
    const auto layer = BitLinear<W, A>::from_float(weights, rows, cols);
    if (!layer) {
        throw std::runtime_error("weights could not be quantized: " +
                                 std::string(layer.error().message()));
    }
    return {layer->bytes().begin(), layer->bytes().end()};
}

} // namespace

std::vector<std::byte> pack_layer(LinearKind kind, std::span<const float> weights, std::size_t rows,
                                  std::size_t cols) {
    switch (kind) {
    case LinearKind::ternary_int8:
        return pack<Ternary, Int8>(weights, rows, cols);
    case LinearKind::binary_int8:
        return pack<Binary, Int8>(weights, rows, cols);
    case LinearKind::ternary_sign_norm:
        return pack<Ternary, SignNorm>(weights, rows, cols);
    case LinearKind::binary_sign_norm:
        return pack<Binary, SignNorm>(weights, rows, cols);
    case LinearKind::float32:
        break;
    }
    throw std::invalid_argument("a float layer is not packed");
}

} // namespace bitnet::train
