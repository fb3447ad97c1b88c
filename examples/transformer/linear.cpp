// SPDX-License-Identifier: MIT
// Loading a projection by the kind its tensor states, and running it.
#include "linear.hpp"

#include <algorithm>
#include <type_traits>

namespace bitnet::example {
namespace {

// Rows of a dense matrix that one task takes: enough work to outweigh handing it out.
constexpr std::size_t rows_per_task = 64;

template <class Layer>
Layer load(const ModelFile& file, const TensorInfo& tensor) {
    const auto fail = [&](Error error) {
        file.refuse("tensor " + tensor.name + ": " + std::string(error.message()) + " (at " +
                    std::to_string(error.where) + ")");
    };
    Result<Layer> layer = Layer::map_packed(file.bytes(tensor));
    if (!layer) {
        fail(layer.error());
    }
    if (layer->rows() != tensor.rows || layer->cols() != tensor.cols) {
        file.refuse("tensor " + tensor.name + ": its bytes hold another shape than the index");
    }
    if (const Status sound = layer->verify(); !sound) {
        fail(sound.error());
    }
    return std::move(*layer);
}

Linear::Kind load_kind(const ModelFile& file, const TensorInfo& tensor) {
    switch (tensor.kind) {
    case TensorKind::f32:
    case TensorKind::f16:
        return DenseFloat{file.floats(tensor), static_cast<std::size_t>(tensor.rows),
                          static_cast<std::size_t>(tensor.cols)};
    case TensorKind::ternary_int8:
        return load<BitLinear<Ternary, Int8>>(file, tensor);
    case TensorKind::ternary_sign:
        return load<BitLinear<Ternary, Sign>>(file, tensor);
    case TensorKind::ternary_signnorm:
        return load<BitLinear<Ternary, SignNorm>>(file, tensor);
    case TensorKind::ternary_signmean:
        return load<BitLinear<Ternary, SignMean>>(file, tensor);
    case TensorKind::binary_int8:
        return load<BitLinear<Binary, Int8>>(file, tensor);
    case TensorKind::binary_sign:
        return load<BitLinear<Binary, Sign>>(file, tensor);
    case TensorKind::binary_signnorm:
        return load<BitLinear<Binary, SignNorm>>(file, tensor);
    case TensorKind::binary_signmean:
        return load<BitLinear<Binary, SignMean>>(file, tensor);
    case TensorKind::int8_int8:
        return load<BitLinear<Int8, Int8>>(file, tensor);
    case TensorKind::int6_int8:
        return load<BitLinear<Int6, Int8>>(file, tensor);
    case TensorKind::u16:
        break;
    }
    file.refuse("tensor " + tensor.name + " is " + std::string(name_of(tensor.kind)) +
                ", which is no kind of linear layer");
}

// y = layer · x from quantized x; false when the layer takes another kind of input.
template <class W, class A>
bool run_on(const Quantized<A>& x, const BitLinear<W, A>& layer, Matrix<float> y,
            const ThreadPool& pool) {
    if (layer.group() != x.group) {
        return false;
    }
    layer.template forward<Isa>(x, y, pool);
    return true;
}
template <class Quantized, class Layer>
bool run_on(const Quantized&, const Layer&, Matrix<float>, const ThreadPool&) {
    return false;
}

// Runs the first output and those behind it that can share its quantized input; returns how many.
template <class W, class A>
std::size_t run(const BitLinear<W, A>& first, Matrix<const float> x,
                std::span<const Output> outputs, std::span<std::byte> scratch,
                const ThreadPool& pool) {
    const Quantized<A> quantized = first.template quantize<Isa>(x, scratch, pool);
    std::size_t served = 0;
    const auto serve = [&](const auto& layer) {
        return run_on(quantized, layer, outputs[served].y, pool);
    };
    while (served < outputs.size() && std::visit(serve, outputs[served].layer->kind())) {
        ++served;
    }
    return served;
}
std::size_t run(const DenseFloat& first, Matrix<const float> x, std::span<const Output> outputs,
                std::span<std::byte>, const ThreadPool& pool) {
    first.forward(x, outputs.front().y, pool);
    return 1;
}

} // namespace

void DenseFloat::forward(Matrix<const float> x, Matrix<float> y,
                         const ThreadPool& pool) const noexcept {
    const std::size_t blocks = (rows + rows_per_task - 1) / rows_per_task;
    pool.parallel_for(blocks, [&](std::size_t block, std::size_t) noexcept {
        const std::size_t end = std::min(rows, (block + 1) * rows_per_task);
        for (std::size_t row = block * rows_per_task; row < end; ++row) {
            for (std::size_t token = 0; token < x.rows; ++token) {
                y.row(token)[row] = dot<Isa>(weights.data() + row * cols, x.row(token), cols);
            }
        }
    });
}

Linear::Linear(const ModelFile& file, std::string_view name, std::size_t rows, std::size_t cols)
    : kind_(load_kind(file, file.require(name, rows, cols))) {}

std::size_t Linear::scratch_bytes(std::size_t tokens, std::size_t workers) const {
    return std::visit(
        [&](const auto& layer) -> std::size_t {
            if constexpr (std::is_same_v<std::decay_t<decltype(layer)>, DenseFloat>) {
                return 0;
            } else {
                return layer.scratch_bytes(tokens, workers);
            }
        },
        kind_);
}

void project(Matrix<const float> x, std::span<const Output> outputs, std::span<std::byte> scratch,
             const ThreadPool& pool) {
    while (!outputs.empty()) {
        const std::size_t served =
            std::visit([&](const auto& first) { return run(first, x, outputs, scratch, pool); },
                       outputs.front().layer->kind());
        outputs = outputs.subspan(served);
    }
}

} // namespace bitnet::example
