// SPDX-License-Identifier: MIT
// One quantized input, several layers of the library; and the one switch over their kinds.
#include "bit_group.hpp"

#include "../../examples/transformer/error.hpp"

#include <bitnet/bitlinear.hpp>
#include <bitnet/dispatch.hpp>

#include <string>
#include <utility>
#include <vector>

namespace bitnet::train {
namespace {

template <class W, class A>
class Group final : public BitGroup {
public:
    Group(const float* weights, std::span<const std::size_t> rows, std::size_t cols) : cols_(cols) {
        for (const std::size_t count : rows) {
            auto layer = BitLinear<W, A>::from_float({weights, count * cols}, count, cols);
            if (!layer) {
                throw example::UserError("weights could not be quantized: " +
                                         std::string(layer.error().message()));
            }
            layers_.push_back(std::move(*layer));
            weights += count * cols;
            rows_ += count;
        }
    }

    // One layer, read in place from the bytes of a model file.
    explicit Group(std::span<const std::byte> bytes) {
        auto layer = BitLinear<W, A>::map_packed(bytes);
        if (!layer) {
            throw example::UserError("a layer could not be read: " +
                                     std::string(layer.error().message()));
        }
        cols_ = layer->cols();
        rows_ = layer->rows();
        layers_.push_back(std::move(*layer));
    }

    std::size_t scratch_bytes(std::size_t tokens) const override {
        return layers_.front().scratch_bytes(tokens);
    }

    void forward(const float* x, std::size_t tokens, float* y,
                 std::span<std::byte> scratch) const override {
        const auto quantized = layers_.front().template quantize<isa::dynamic>(
            Matrix<const float>(x, tokens, cols_), scratch);
        for (const BitLinear<W, A>& layer : layers_) {
            layer.template forward<isa::dynamic>(quantized,
                                                 Matrix<float>(y, tokens, layer.rows(), rows_));
            y += layer.rows();
        }
    }

    void dequantize(operand* out) const override {
        for (const BitLinear<W, A>& layer : layers_) {
            const operand values[3] = {to_operand(-layer.scale(0)), 0, to_operand(layer.scale(0))};
            for (std::size_t r = 0; r < layer.rows(); ++r) {
                for (std::size_t c = 0; c < cols_; ++c) *out++ = values[layer.code(r, c) + 1];
            }
        }
    }

    std::span<const std::byte> bytes() const override { return layers_.front().bytes(); }

private:
    std::vector<BitLinear<W, A>> layers_;
    std::size_t cols_ = 0;
    std::size_t rows_ = 0;
};

template <class... Arguments>
std::unique_ptr<BitGroup> make(LinearKind kind, Arguments... arguments) {
    switch (kind) {
    case LinearKind::ternary_int8:
        return std::make_unique<Group<Ternary, Int8>>(arguments...);
    case LinearKind::binary_int8:
        return std::make_unique<Group<Binary, Int8>>(arguments...);
    case LinearKind::ternary_sign_norm:
        return std::make_unique<Group<Ternary, SignNorm>>(arguments...);
    case LinearKind::binary_sign_norm:
        return std::make_unique<Group<Binary, SignNorm>>(arguments...);
    case LinearKind::float32:
        break;
    }
    throw example::UserError("the trainer has no such kind of BitLinear");
}

} // namespace

std::unique_ptr<BitGroup> make_bit_group(LinearKind kind, const float* weights,
                                         std::span<const std::size_t> rows, std::size_t cols) {
    return make(kind, weights, rows, cols);
}

std::unique_ptr<BitGroup> map_bit_group(LinearKind kind, std::span<const std::byte> bytes) {
    return make(kind, bytes);
}

} // namespace bitnet::train
