// SPDX-License-Identifier: MIT
// The bytes of a layer do not say how its input is quantized: its kind does.
#include "with_activations.hpp"

#include "kind_of_layer.hpp"

#include <cstddef>
#include <string>
#include <type_traits>

namespace bitnet::example {
namespace {

// The weights of a kind of layer, as its name has them: "ternary-dense"; empty of other tensors.
std::string_view weights_of(TensorKind kind) {
    const std::string_view name = name_of(kind);
    const bool is_layer = name.starts_with("ternary") || name.starts_with("binary");
    return is_layer ? name.substr(0, name.rfind('-')) : std::string_view();
}

void add_tensor(ModelWriter& writer, const ModelFile& file, const TensorInfo& tensor,
                TensorKind kind) {
    const auto write = [&file, &tensor, kind](const ModelWriter::Sink& sink) {
        const std::span<const std::byte> bytes = file.bytes(tensor);
        if (kind == tensor.kind || kind != kind_named("f32")) return sink(bytes);
        visit_layer(tensor.kind, [&]<class Layer>(std::type_identity<Layer>) {
            if constexpr (requires { typename Layer::Layout; }) {
                const auto layer = Layer::map_packed(bytes);
                if (!layer) {
                    file.refuse("tensor " + tensor.name + ": " +
                                std::string(layer.error().message()));
                }
                sink(bytes_of_floats(*layer));
            }
        });
    };
    writer.add_source(tensor.name, kind, static_cast<std::size_t>(tensor.rows),
                      static_cast<std::size_t>(tensor.cols), write);
}

} // namespace

ModelWriter with_activations(const ModelFile& file, std::string_view activations) {
    ModelWriter writer(file.config());
    for (const TensorInfo& tensor : file.tensors()) {
        const std::string_view weights = weights_of(tensor.kind);
        if (weights.empty()) {
            add_tensor(writer, file, tensor, tensor.kind);
            continue;
        }
        if (!name_of(tensor.kind).substr(weights.size()).starts_with("-int8")) {
            file.refuse("tensor " + tensor.name + " is " + std::string(name_of(tensor.kind)) +
                        ": its layer is made for activations of one bit");
        }
        add_tensor(writer, file, tensor, layer_kind(weights, activations));
    }
    return writer;
}

} // namespace bitnet::example
