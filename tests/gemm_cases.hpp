// SPDX-License-Identifier: MIT
// A product of packed weights and quantized tokens beside the oracle's answer, for any pair of
// formats; used by the gemm tests.
#pragma once

#include <bitnet/gemm.hpp>
#include <bitnet/pack.hpp>
#include <bitnet/products.hpp>
#include <bitnet/quantized.hpp>
#include <bitnet/scales.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "support.hpp"

namespace support {

struct Shape {
    std::size_t rows, cols, tokens, group = 0;
};
/// Whether the pair's layout takes scales per group, where the shape has them.
template <class P>
constexpr bool takes(Shape shape) {
    return shape.group == 0 || P::Layout::has_groups;
}

template <class P>
class Product {
public:
    using Weights = typename P::Weights;
    using Codes = typename P::Codes;
    using Layout = typename P::Layout;

    /// Random codes, factors, scales and bias.
    Product(Shape shape, std::uint64_t seed, bool with_bias = true) : shape_(shape) {
        Random random(seed);
        const std::size_t groups = groups_of(shape);
        weights_ = {shape.rows,
                    shape.cols,
                    shape.group,
                    random.codes<Weights>(shape.rows * shape.cols),
                    random.reals(shape.rows * groups),
                    {}};
        if (with_bias) weights_.bias = random.reals(shape.rows, 10.0f);
        const auto codes = random.codes<Codes>(shape.tokens * shape.cols);
        std::vector<float> factors = random.reals(shape.tokens);
        for (float& f : factors) f = f < 0 ? 0.5f - f : 0.5f + f; // a factor is positive
        take(codes, factors);
    }
    /// Given codes; factors, scales 1; no bias.
    Product(Shape shape, const std::vector<std::int8_t>& w, const std::vector<std::int8_t>& x)
        : shape_(shape) {
        weights_ = {shape.rows,
                    shape.cols,
                    shape.group,
                    w,
                    std::vector<float>(shape.rows * groups_of(shape), 1.0f),
                    {}};
        take(x, std::vector<float>(shape.tokens, 1.0f));
    }

    const oracle::Weights& weights() const { return weights_; }
    const oracle::Tokens& tokens() const { return tokens_; }
    bitnet::Quantized<Codes> quantized() const { return quantized_; }
    bitnet::PackedView<Weights, Layout> view() const { return packed_->view(); }

    /// y (tokens, stride): rows [begin, end) as the table computes them, the rest untouched.
    std::vector<std::int32_t> dots(const bitnet::dispatch::Table& table, std::size_t begin,
                                   std::size_t end, std::size_t stride) const {
        std::vector<std::int32_t> y(shape_.tokens * stride, 0x5a5a5a5a);
        table.get<bitnet::functions::GemmDots<P>>()(
            view(), quantized_, {y.data(), shape_.tokens, shape_.rows, stride}, begin, end);
        return y;
    }
    std::vector<float> floats(const bitnet::dispatch::Table& table, std::size_t begin,
                              std::size_t end, std::size_t stride) const {
        std::vector<float> y(shape_.tokens * stride, untouched());
        const auto& [rows, cols, tokens, group] = shape_;
        std::vector<float> packed(
            bitnet::packed_scale_floats(weights_.scales.size(), rows, cols, group));
        const auto scales = bitnet::pack_scales(weights_.scales, rows, cols, group, packed);
        REQUIRE(scales);
        std::vector<float> bias(bitnet::round_up(rows, 16), 0.0f);
        std::copy(weights_.bias.begin(), weights_.bias.end(), bias.begin());
        table.get<bitnet::functions::Gemm<P>>()(
            view(), quantized_, *scales, weights_.bias.empty() ? nullptr : bias.data(),
            {y.data(), shape_.tokens, shape_.rows, stride}, begin, end);
        return y;
    }

    /// The same from the oracle.
    std::vector<std::int32_t> expected_dots(std::size_t begin, std::size_t end,
                                            std::size_t stride) const {
        return place<std::int32_t>(oracle::dots(weights_, tokens_), begin, end, stride, 0x5a5a5a5a);
    }
    std::vector<float> expected_floats(std::size_t begin, std::size_t end,
                                       std::size_t stride) const {
        return place<float>(oracle::forward(weights_, tokens_), begin, end, stride, untouched());
    }

private:
    static std::size_t groups_of(Shape s) { return s.group ? (s.cols + s.group - 1) / s.group : 1; }

    void take(const std::vector<std::int8_t>& codes, const std::vector<float>& factors) {
        tokens_ = {shape_.tokens,
                   shape_.cols,
                   std::is_same_v<Codes, bitnet::Int8>,
                   {codes.begin(), codes.end()},
                   factors};
        auto packed = bitnet::pack<Weights, Layout>(weights_.codes, shape_.rows, shape_.cols);
        REQUIRE(packed);
        packed_.emplace(*std::move(packed));
        memory_.resize(bitnet::scratch_bytes<Codes>(shape_.tokens, shape_.cols, shape_.group));
        auto quantized = bitnet::quantized_from_codes<Codes>(codes, shape_.tokens, shape_.cols,
                                                             factors, memory_, shape_.group);
        REQUIRE(quantized);
        quantized_ = *quantized;
    }
    template <class T, class Values>
    std::vector<T> place(const Values& all, std::size_t begin, std::size_t end, std::size_t stride,
                         T empty) const {
        std::vector<T> y(shape_.tokens * stride, empty);
        for (std::size_t t = 0; t < shape_.tokens; ++t) {
            for (std::size_t r = begin; r < end; ++r) {
                y[t * stride + r] = static_cast<T>(all[t * shape_.rows + r]);
            }
        }
        return y;
    }

    Shape shape_;
    oracle::Weights weights_;
    oracle::Tokens tokens_;
    std::optional<bitnet::PackedTensor<Weights, Layout>> packed_;
    std::vector<std::byte> memory_;
    bitnet::Quantized<Codes> quantized_;
};

} // namespace support
