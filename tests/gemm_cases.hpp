// SPDX-License-Identifier: MIT
// A product of packed weights and quantized tokens beside the oracle's answer, for any pair of
// formats; used by the gemm tests.
#pragma once

#include <bitnet/gemm.hpp>
#include <bitnet/pack.hpp>
#include <bitnet/products.hpp>
#include <bitnet/quantize.hpp>
#include <bitnet/scales.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "support.hpp"

namespace support {

/// group: columns per scale of the weights, scale_group: of the tokens (int8 alone); 0 = all
struct Shape {
    std::size_t rows, cols, tokens, group = 0, scale_group = 0;
};
/// Whether the pair takes tokens with scales per group, where the shape has them.
template <class P>
constexpr bool takes(Shape shape) {
    return shape.scale_group == 0 || std::is_same_v<typename P::Codes, bitnet::Int8>;
}
/// Calls f(Int8Groups<group>{}), or f(Codes{}) where group is 0.
template <class Codes, class F>
auto with_kind(std::size_t group, F&& f) {
    if constexpr (std::is_same_v<Codes, bitnet::Int8>) {
        if (group == 32) return f(bitnet::Int8Groups<32>{});
        if (group == 64) return f(bitnet::Int8Groups<64>{});
        if (group == 128) return f(bitnet::Int8Groups<128>{});
    }
    return f(Codes{});
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
        draw_tokens(random);
    }
    /// Given codes and scales; no bias; random tokens.
    Product(Shape shape, const std::vector<std::int8_t>& w, const std::vector<float>& scales,
            Random& random)
        : shape_(shape), weights_{shape.rows, shape.cols, shape.group, w, scales, {}} {
        draw_tokens(random);
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
        const Shape& s = shape_;
        std::vector<float> packed(
            bitnet::packed_scale_floats(weights_.scales.size(), s.rows, s.cols, s.group));
        const auto scales = bitnet::pack_scales(weights_.scales, s.rows, s.cols, s.group, packed);
        REQUIRE(scales);
        std::vector<float> bias(bitnet::round_up(s.rows, 16), 0.0f);
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

    void draw_tokens(Random& random) {
        std::vector<float> factors =
            random.reals(shape_.tokens * bitnet::groups_of(shape_.cols, shape_.scale_group));
        for (float& f : factors) f = f < 0 ? 0.5f - f : 0.5f + f; // a factor is positive
        take(random.codes<Codes>(shape_.tokens * shape_.cols), factors);
    }
    void take(const std::vector<std::int8_t>& codes, const std::vector<float>& factors) {
        tokens_ = {shape_.tokens,
                   shape_.cols,
                   std::is_same_v<Codes, bitnet::Int8> && shape_.scale_group == 0,
                   {codes.begin(), codes.end()},
                   factors,
                   shape_.scale_group};
        auto packed = bitnet::pack<Weights, Layout>(weights_.codes, shape_.rows, shape_.cols);
        REQUIRE(packed);
        packed_.emplace(*std::move(packed));
        quantized_ = with_kind<Codes>(shape_.scale_group, [&]<class Activations>(Activations) {
            memory_.resize(
                bitnet::scratch_bytes<Activations>(shape_.tokens, shape_.cols, shape_.group));
            const auto q = bitnet::quantized_from_codes<Activations>(
                codes, shape_.tokens, shape_.cols, factors, memory_, shape_.group);
            REQUIRE(q);
            return q->as_codes();
        });
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
