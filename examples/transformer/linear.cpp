// SPDX-License-Identifier: MIT
// Loading a projection by the kind its tensor states, and running it.
#include "linear.hpp"

#include "model_format.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace bitnet::example {
namespace {

// Rows of a dense matrix that one task takes: enough work to outweigh handing it out.
constexpr std::size_t rows_per_task = 64;
// Of them, how many are floats at a time: 2560 columns of 16 rows stay in the L2 cache.
constexpr std::size_t float_rows = 16;
// Of a ScreenedHead, how many of the largest are found faster than all: it inserts each into them.
constexpr std::size_t most_screened = 256;
// How many layers run in one call of the pool: q, k and v.
constexpr std::size_t most_shared = 3;

// A layer whose input is quantized to A.
template <class Layer, class A>
concept Takes = requires(const Layer& layer, const Quantized<A>& x, Matrix<float> y) {
    layer.template forward_rows<Isa>(x, y, 0, 0);
};

template <class Layer>
Layer load(std::type_identity<Layer>, const ModelFile& file, const TensorInfo& tensor) {
    const auto fail = [&](Error error) {
        file.refuse("tensor " + tensor.name + ": " + std::string(error.message()) + " (at " +
                    std::to_string(error.where) + ")");
    };
    Result<Layer> layer = Layer::map_packed(file.bytes(tensor));
    if (!layer) fail(layer.error());
    if (layer->rows() != tensor.rows || layer->cols() != tensor.cols) {
        file.refuse("tensor " + tensor.name + ": its bytes hold another shape than the index");
    }
    if (file.checks() == Checks::all) {
        if (const Result<void> sound = layer->verify(); !sound) fail(sound.error());
    }
    return std::move(*layer);
}

template <class Value>
Dense<Value> load(std::type_identity<Dense<Value>>, const ModelFile& file,
                  const TensorInfo& tensor) {
    if (file.checks() == Checks::all) file.require_finite(tensor);
    const std::byte* const bytes = file.bytes(tensor).data();
    Dense<Value> dense{reinterpret_cast<const Value*>(bytes), static_cast<std::size_t>(tensor.rows),
                       static_cast<std::size_t>(tensor.cols)};
    if constexpr (std::endian::native != std::endian::little) {
        using Bits = std::conditional_t<sizeof(Value) == 4, std::uint32_t, std::uint16_t>;
        dense.copy.resize(dense.rows * dense.cols);
        for (std::size_t i = 0; i < dense.copy.size(); ++i) {
            dense.copy[i] = std::bit_cast<Value>(file_format::load<Bits>(bytes + sizeof(Bits) * i));
        }
        dense.weights = dense.copy.data();
    }
    return dense;
}

AnyLayer load_layer(const ModelFile& file, const TensorInfo& tensor) {
    std::optional<AnyLayer> loaded;
    visit_layer(tensor.kind, [&]<class Layer>(std::type_identity<Layer> type) {
        if constexpr (!std::is_void_v<Layer>) loaded = load(type, file, tensor);
    });
    if (!loaded) {
        file.refuse("tensor " + tensor.name + " is " + std::string(name_of(tensor.kind)) +
                    ", which is no kind of linear layer");
    }
    return std::move(*loaded);
}

// Runs the first output and those behind it that can share its quantized input, in one call of the
// pool; returns how many.
template <class W, class A, class L>
std::size_t run(const BitLinear<W, A, L>& first, Matrix<const float> x,
                std::span<const Projection> outputs, std::span<std::byte> scratch,
                const ThreadPool& pool) {
    const Quantized<A> quantized = first.template quantize<Isa>(x, scratch, pool);
    const auto can_share = [&](const auto& layer) {
        if constexpr (Takes<std::decay_t<decltype(layer)>, A>) {
            return layer.sum_group() == quantized.group;
        } else {
            return false;
        }
    };
    std::array<std::size_t, most_shared> rows;
    std::size_t served = 0;
    while (served < std::min(outputs.size(), rows.size()) &&
           std::visit(can_share, outputs[served].linear->layer())) {
        rows[served] = outputs[served].y.cols;
        ++served;
    }
    for_row_ranges<Isa>(pool, std::span(rows).first(served),
                        [&](std::size_t part, std::size_t begin, std::size_t end) noexcept {
                            const auto run_rows = [&](const auto& layer) {
                                if constexpr (Takes<std::decay_t<decltype(layer)>, A>) {
                                    layer.template forward_rows<Isa>(quantized, outputs[part].y,
                                                                     begin, end);
                                }
                            };
                            std::visit(run_rows, outputs[part].linear->layer());
                        });
    return served;
}
template <class Value>
std::size_t run(const Dense<Value>& first, Matrix<const float> x,
                std::span<const Projection> outputs, std::span<std::byte> scratch,
                const ThreadPool& pool) {
    first.forward(x, outputs.front().y, scratch, pool);
    return 1;
}
// A screened head takes one token at a time; its scratch follows the quantized token.
Quantized<Int8> quantize_one(const float* x, std::size_t cols, std::span<std::byte>& scratch) {
    const std::size_t bytes = scratch_bytes<Int8>(1, cols);
    const auto quantized = quantize<Int8, Isa>(Matrix<const float>(x, 1, cols), scratch);
    scratch = scratch.subspan(bytes);
    return quantized;
}
std::size_t run(const ScreenedHead& first, Matrix<const float> x,
                std::span<const Projection> outputs, std::span<std::byte> scratch,
                const ThreadPool& pool) {
    for (std::size_t t = 0; t < x.rows; ++t) {
        std::span<std::byte> rest = scratch;
        const auto token = quantize_one(x.row(t), x.cols, rest);
        first.forward<Isa>(token, {outputs.front().y.row(t), first.rows()}, rest, pool);
    }
    return 1;
}

} // namespace

template <class Value>
void Dense<Value>::forward(Matrix<const float> x, Matrix<float> y, std::span<std::byte> scratch,
                           const ThreadPool& pool) const noexcept {
    const std::size_t tasks = (rows + rows_per_task - 1) / rows_per_task;
    pool.parallel_for(tasks, [&](std::size_t task, std::size_t worker) noexcept {
        const std::size_t end = std::min(rows, (task + 1) * rows_per_task);
        for (std::size_t row = task * rows_per_task; row < end; row += float_rows) {
            const std::size_t count = std::min(float_rows, end - row);
            const float* from;
            if constexpr (std::is_same_v<Value, float>) {
                from = weights + row * cols;
            } else {
                auto* to = reinterpret_cast<float*>(scratch.data()) + worker * float_rows * cols;
                halves_to_floats<Isa>(weights + row * cols, to, count * cols);
                from = to;
            }
            dots<Isa>(x, {from, count, cols}, {y.data + row, y.rows, count, y.stride});
        }
    });
}

template <class Value>
std::size_t Dense<Value>::scratch_bytes(std::size_t, std::size_t workers) const noexcept {
    return std::is_same_v<Value, float> ? 0 : workers * float_rows * cols * sizeof(float);
}

void Linear::row(std::size_t index, std::span<float> out) const noexcept {
    std::visit(
        [&](const auto& layer) {
            using Layer = std::decay_t<decltype(layer)>;
            if constexpr (std::is_same_v<Layer, Dense<float>>) {
                std::copy_n(layer.weights + index * layer.cols, layer.cols, out.data());
            } else if constexpr (std::is_same_v<Layer, Dense<std::uint16_t>>) {
                halves_to_floats<Isa>(layer.weights + index * layer.cols, out.data(), layer.cols);
            } else if constexpr (std::is_same_v<Layer, ScreenedHead>) {
                for (std::size_t col = 0; col < layer.cols(); ++col) {
                    out[col] = static_cast<float>(layer.code(index, col)) * layer.scale(index);
                }
            } else {
                const std::size_t group = layer.group() != 0 ? layer.group() : layer.cols();
                for (std::size_t col = 0; col < layer.cols(); ++col) {
                    out[col] = static_cast<float>(layer.code(index, col)) *
                               layer.scale(index, col / group);
                }
            }
        },
        layer_);
}

Linear::Linear(const ModelFile& file, std::string_view name, std::size_t rows, std::size_t cols)
    : layer_(load_layer(file, file.require(name, rows, cols))), name_(name) {}

std::size_t Linear::scratch_bytes(std::size_t tokens, std::size_t workers) const {
    const auto bytes = [&](const auto& layer) {
        if constexpr (std::is_same_v<std::decay_t<decltype(layer)>, ScreenedHead>) {
            return bitnet::scratch_bytes<Int8>(1, layer.cols()) + layer.scratch_bytes();
        } else if constexpr (requires { layer.scratch_bytes(tokens, workers); }) {
            return layer.scratch_bytes(tokens, workers);
        } else {
            return layer.scratch_bytes(tokens);
        }
    };
    return std::visit(bytes, layer_);
}

void project(Matrix<const float> x, std::span<const Projection> outputs,
             std::span<std::byte> scratch, const ThreadPool& pool) {
    while (!outputs.empty()) {
        const std::size_t served =
            std::visit([&](const auto& first) { return run(first, x, outputs, scratch, pool); },
                       outputs.front().linear->layer());
        outputs = outputs.subspan(served);
    }
}

bool reads_weights_once(const Linear& layer) noexcept {
    return !std::holds_alternative<ScreenedHead>(layer.layer());
}

bool find_largest(const Linear& layer, Matrix<const float> x, std::span<Logit> best,
                  std::span<std::byte> scratch, const ThreadPool& pool) {
    const auto* head = std::get_if<ScreenedHead>(&layer.layer());
    if (head == nullptr || best.size() > most_screened) return false;
    const auto token = quantize_one(x.row(0), x.cols, scratch);
    head->top<Isa>(token, best, scratch, pool);
    return true;
}

} // namespace bitnet::example
