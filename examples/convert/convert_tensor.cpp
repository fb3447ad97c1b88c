// SPDX-License-Identifier: MIT
// Each tensor is packed when the file is written, so that one of them is in memory at a time.
#include "convert_tensor.hpp"

#include "error.hpp"
#include "half.hpp"
#include "kind_of_layer.hpp"
#include "model_format.hpp"
#include "source_floats.hpp"
#include "tensor_kinds.hpp"
#include "ternary_floats.hpp"

#include <bitnet/blocks.hpp>
#include <bitnet/dispatch.hpp>
#include <bitnet/math.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace bitnet::example {
namespace {

using Isa = isa::dynamic;

// The reader has taken the scale behind the codes: it is in SourceTensor::factor.
struct I2_S_Codes : blocks::I2_S {
    static constexpr std::size_t tail_bytes = 0;
};

// The types of blocks, and the weights that they are.
template <SourceType Type, class B, class W>
struct BlockRow {
    static constexpr SourceType type = Type;
    using Blocks = B;
    using Weights = W;
};
constexpr std::tuple block_rows{
    BlockRow<SourceType::tq1_0, blocks::TQ1_0, Ternary>{},
    BlockRow<SourceType::tq2_0, blocks::TQ2_0, Ternary>{},
    BlockRow<SourceType::i2_s, I2_S_Codes, Ternary>{},
    BlockRow<SourceType::q1_0, blocks::Q1_0, Binary>{},
    BlockRow<SourceType::q2_0_g64, blocks::Q2_0<64>, Ternary>{},
    BlockRow<SourceType::q2_0_g128, blocks::Q2_0<128>, Ternary>{},
    BlockRow<SourceType::ptq1_0, blocks::PTQ1_0, Ternary>{},
    BlockRow<SourceType::hf_ternary, blocks::HfTernary, Ternary>{},
};

template <class Layer>
struct weights_of_layer {
    using type = void;
};
template <class W, class A, class L>
struct weights_of_layer<BitLinear<W, A, L>> {
    using type = W;
};
// Layers of these weights whose input is int8, of whatever groups.
template <class Layer, class Weights>
constexpr bool is_layer_of() {
    if constexpr (std::is_same_v<typename weights_of_layer<Layer>::type, Weights>) {
        return std::is_same_v<typename Layer::Codes, Int8>;
    } else {
        return false;
    }
}

// What is added, and what of: both outlive the writer's source.
struct Job {
    const Checkpoint& checkpoint;
    const SourceTensor& tensor;

    [[noreturn]] void refuse(const Error& error) const {
        std::string what(error.message());
        if (error.code == Errc::bad_code || error.code == Errc::bad_scale ||
            error.code == Errc::bad_weight) {
            what += " at row " + std::to_string(error.where / tensor.cols) + ", column " +
                    std::to_string(error.where % tensor.cols);
        }
        example::refuse(checkpoint, tensor, what);
    }
    // Row by row; UserError for NaN and infinity.
    void floats(std::size_t row, std::span<float> out) const {
        source_floats(tensor, row, out);
        for (std::size_t c = 0; c < out.size(); ++c) {
            if (!std::isfinite(out[c])) {
                example::refuse(checkpoint, tensor,
                                "NaN or infinity at row " + std::to_string(row) + ", column " +
                                    std::to_string(c));
            }
        }
    }
    // How many values there are; UserError where this system has no addresses for them.
    std::size_t count(std::size_t bytes_each) const {
        std::size_t values = 0, bytes = 0;
        if (!checked_mul(tensor.rows, tensor.cols, values) ||
            !checked_mul(values, bytes_each, bytes)) {
            example::refuse(checkpoint, tensor, "too large for this system");
        }
        return values;
    }
    std::vector<float> all_floats() const {
        std::vector<float> values(count(sizeof(float)));
        for (std::size_t r = 0; r < tensor.rows; ++r) {
            floats(r, std::span(values).subspan(r * tensor.cols, tensor.cols));
        }
        return values;
    }
};

// As floats where the kind is that.
template <class Weights, class Make>
void add_layer(ModelWriter& writer, const Job& job, TensorKind kind, Make make) {
    const auto layer_of = [job, make]<class Layer>(std::type_identity<Layer> type) {
        auto layer = make(type);
        if (!layer) job.refuse(layer.error());
        return std::move(*layer);
    };
    const auto write = [kind, layer_of](const ModelWriter::Sink& sink) {
        if (kind == kind_named("f32")) {
            sink(bytes_of_floats(layer_of(std::type_identity<BitLinear<Weights, Int8>>())));
            return;
        }
        visit_layer(kind, [&]<class Layer>(std::type_identity<Layer> type) {
            if constexpr (is_layer_of<Layer, Weights>()) sink(layer_of(type).bytes());
        });
    };
    writer.add_source(job.tensor.name, kind, job.tensor.rows, job.tensor.cols, write);
}

// As they are; halves where that is exact.
void add_floats(ModelWriter& writer, const Job& job) {
    const SourceTensor& t = job.tensor;
    const bool same = t.type == SourceType::f16 && t.factor == 1.0f; // bytes as they are
    bool exact = t.rows > 1; // vectors are small, and floats in every file
    std::vector<float> row(t.cols);
    std::vector<std::uint16_t> halves(t.cols);
    for (std::size_t r = 0; r < t.rows; ++r) {
        job.floats(r, row); // all finite
        exact = exact && (same || exact_halves(row, halves));
    }
    const auto write = [job, exact, same](const ModelWriter::Sink& sink) {
        if (exact && same) return sink(job.tensor.bytes);
        const std::size_t cols = job.tensor.cols;
        const std::size_t size = exact ? 2 : 4;
        std::vector<std::byte> bytes(job.count(size) * size);
        std::vector<float> values(cols);
        std::byte* to = bytes.data();
        for (std::size_t r = 0; r < job.tensor.rows; ++r) {
            job.floats(r, values);
            for (const float value : values) {
                exact ? file_format::store<std::uint16_t>(to, float_to_half(value))
                      : file_format::store<std::uint32_t>(to, std::bit_cast<std::uint32_t>(value));
                to += size;
            }
        }
        sink(bytes);
    };
    writer.add_source(t.name, exact ? kind_named("f16") : kind_named("f32"), t.rows, t.cols, write);
}

// Rounded to the codes of `kind`.
void add_head(ModelWriter& writer, const Job& job, TensorKind kind) {
    writer.add_source(job.tensor.name, kind, job.tensor.rows, job.tensor.cols,
                      [job, kind](const ModelWriter::Sink& sink) {
                          const std::vector<float> values = job.all_floats();
                          const auto give = [&](const auto& layer) {
                              if (!layer) job.refuse(layer.error());
                              sink(layer->bytes());
                          };
                          visit_layer(kind, [&]<class Layer>(std::type_identity<Layer>) {
                              const std::size_t rows = job.tensor.rows, cols = job.tensor.cols;
                              if constexpr (std::is_same_v<Layer, ScreenedHead>) {
                                  give(Layer::template from_float<Isa>(values, rows, cols, 1));
                              } else if constexpr (requires { typename Layer::Codes; }) {
                                  give(Layer::template from_float<Isa>(values, rows, cols, {},
                                                                       {.per_row = true}));
                              }
                          });
                      });
}

bool is_head(const Checkpoint& checkpoint, const SourceTensor& tensor) {
    return tensor.name == (checkpoint.config.tied ? "model.embed_tokens.weight" : "lm_head.weight");
}

} // namespace

std::string default_activations(const Config& config) {
    return config.qk_norm && !config.sub_norm && !config.projection_norm_eps ? "int8g128" : "int8";
}

void add_tensor(ModelWriter& writer, const Checkpoint& checkpoint, const SourceTensor& tensor,
                const ConvertOptions& options) {
    const Job job{checkpoint, tensor};
    const std::string activations =
        options.activations.empty() ? default_activations(checkpoint.config) : options.activations;
    const auto kind_of_ternary = [&] {
        return layer_kind(options.dense ? "ternary-dense" : "ternary", activations);
    };
    const bool packed = std::apply(
        [&]<class... Row>(const Row&...) {
            const auto add = [&]<class R>(std::type_identity<R>) {
                if (R::type != tensor.type) return false;
                using W = typename R::Weights;
                const bool is_binary = std::is_same_v<W, Binary>;
                add_layer<W>(writer, job,
                             is_binary ? layer_kind("binary", activations) : kind_of_ternary(),
                             [&tensor]<class Layer>(std::type_identity<Layer>) {
                                 return Layer::template from_blocks<typename R::Blocks, Isa>(
                                     tensor.bytes, tensor.rows, tensor.cols,
                                     {.factor = tensor.factor, .half_scales = true});
                             });
                return true;
            };
            return (add(std::type_identity<Row>()) || ...);
        },
        block_rows);
    if (packed) return;
    if (!has_floats(tensor.type)) {
        refuse(checkpoint, tensor, std::string(format_of(tensor.type).name) + " is not converted");
    }

    if (is_head(checkpoint, tensor) && !options.head.empty()) {
        add_head(writer, job, layer_kind(options.head));
    } else if (tensor.master) {
        add_layer<Ternary>(writer, job, kind_of_ternary(),
                           [job]<class Layer>(std::type_identity<Layer>) {
                               return Layer::template from_float<Isa>(
                                   job.all_floats(), job.tensor.rows, job.tensor.cols);
                           });
    } else if (is_float(tensor.type) && tensor.rows > 1 && ternary_blocks(tensor)) {
        add_layer<Ternary>(writer, job, kind_of_ternary(),
                           [&tensor]<class Layer>(std::type_identity<Layer>) {
                               const TernaryBlocks blocks = *ternary_blocks(tensor);
                               return Layer::template from_blocks<blocks::Q2_0<64>, Isa>(
                                   blocks.bytes, tensor.rows, tensor.cols,
                                   {.factor = blocks.factor, .half_scales = true});
                           });
    } else {
        add_floats(writer, job);
    }
}

} // namespace bitnet::example
