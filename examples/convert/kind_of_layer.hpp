// SPDX-License-Identifier: MIT
// How the kinds of layers are called, and a layer's weights as floats.
#pragma once

#include "error.hpp"
#include "model_format.hpp"
#include "tensor_kinds.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace bitnet::example {

/// Activations that are not quantized: their layers are of floats.
inline constexpr std::string_view float_activations = "float";

/// The kind of layers of that name. UserError where there is none.
inline TensorKind layer_kind(std::string_view name) {
    TensorKind kind{};
    const bool found = find_kind([&]<class Layer>(const KindRow<Layer>& row) {
        kind = row.kind;
        return row.name == name && !std::is_void_v<Layer>;
    });
    if (!found) {
        throw UserError("there are no layers of kind " + std::string(name) + " in .bitnet files");
    }
    return kind;
}
/// The same by weights, "ternary" say, and activations.
inline TensorKind layer_kind(std::string_view weights, std::string_view activations) {
    if (activations == float_activations) return kind_named("f32");
    return layer_kind(std::string(weights) + "-" + std::string(activations));
}

/// The weights, code * scale, as an f32 tensor has them. layer: a BitLinear
template <class Layer>
std::vector<std::byte> bytes_of_floats(const Layer& layer) {
    std::vector<std::byte> bytes(layer.rows() * layer.cols() * sizeof(float));
    std::byte* to = bytes.data();
    const std::size_t group = layer.group() != 0 ? layer.group() : layer.cols();
    for (std::size_t r = 0; r < layer.rows(); ++r) {
        for (std::size_t c = 0; c < layer.cols(); ++c, to += sizeof(float)) {
            const float weight = static_cast<float>(layer.code(r, c)) * layer.scale(r, c / group);
            file_format::store<std::uint32_t>(to, std::bit_cast<std::uint32_t>(weight));
        }
    }
    return bytes;
}

} // namespace bitnet::example
