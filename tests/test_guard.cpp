// SPDX-License-Identifier: MIT
// Kernels and quantizers beside inaccessible pages: nothing reads or writes one byte outside what
// the contracts name. Inputs are read-only pages, so that nothing writes to them either.
#include <bitnet/bitlinear.hpp>

#include <cstddef>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>

#include "gemm_cases.hpp"
#include "guard.hpp"
#include "layer_kinds.hpp"

using namespace bitnet;
using support::difference;
using support::Edge;
using support::Guarded;
using support::Shape;

namespace {

constexpr Edge edges[] = {Edge::front, Edge::back};
constexpr Shape shapes[] = {{1, 1, 1},          {1, 5, 3},
                            {15, 31, 8},        {16, 32, 1},
                            {17, 33, 9},        {33, 64, 2},
                            {47, 65, 17},       {64, 96, 1},
                            {65, 127, 7},       {80, 129, 4},
                            {20, 100, 5, 64},   {3, 33, 1, 32},
                            {16, 64, 3, 32},    {49, 500, 17},
                            {49, 500, 17, 64},  {20, 100, 5, 64, 32},
                            {17, 33, 1, 0, 32}, {49, 500, 17, 0, 128},
                            {17, 256, 1},       {17, 515, 1},
                            {33, 260, 4},       {33, 515, 7},
                            {16, 512, 1, 32},   {17, 300, 1, 64},
                            {20, 500, 9, 128},  {17, 530, 1, 0, 32}};

} // namespace

TEMPLATE_LIST_TEST_CASE("kernels stay inside weights, tokens, scales and outputs", "[guard]",
                        bitnet::products) {
    using Weights = typename TestType::Weights;
    using Codes = typename TestType::Codes;
    using Layout = typename TestType::Layout;
    for (const Shape& s : shapes) {
        if (!support::takes<TestType>(s)) continue;
        const support::Product<TestType> product(s, s.rows * s.cols);
        const auto dots = product.expected_dots(0, s.rows, s.rows);
        const auto floats = product.expected_floats(0, s.rows, s.rows);
        const auto& row_major = product.weights().scales;
        std::vector<float> scales(packed_scale_floats(row_major.size(), s.rows, s.cols, s.group)),
            bias = product.weights().bias;
        const ScaleView packed = pack_scales(row_major, s.rows, s.cols, s.group, scales).value();
        bias.resize((s.rows + 15) / 16 * 16);
        const auto view = product.view();
        const auto q = product.quantized();
        const std::vector<std::uint8_t> weight_bytes(view.data, view.data + view.bytes());
        const std::vector<std::uint8_t> token_bytes(q.codes, q.codes + q.layout().code_bytes());
        const std::vector<float> factors(q.scales, q.scales + q.layout().scale_groups() * s.tokens);
        const std::vector<std::int32_t> sums(q.sums, q.sums + q.layout().groups() * s.tokens);

        for (Edge edge : edges) {
            const Guarded w(weight_bytes, edge), x(token_bytes, edge), a(factors, edge),
                n(sums, edge), scale(scales, edge), b(bias, edge);
            const PackedView<Weights, Layout> guarded{w.as<std::uint8_t>(), s.rows, s.cols};
            const Quantized<Codes> tokens{x.as<std::uint8_t>(),
                                          a.as<float>(),
                                          n.as<std::int32_t>(),
                                          s.tokens,
                                          s.cols,
                                          q.group,
                                          q.scale_group};
            for (const auto* table : support::clusters()) {
                INFO(table->name << ": " << s.rows << " rows, " << s.cols << " columns, "
                                 << s.tokens << " tokens");
                const Guarded y(s.tokens * s.rows * sizeof(float), edge);
                table->template get<functions::GemmDots<TestType>>()(
                    guarded, tokens, {y.as<std::int32_t>(), s.tokens, s.rows}, 0, s.rows);
                REQUIRE(difference(std::span<const std::int32_t>(y.span<std::int32_t>()),
                                   std::span<const std::int32_t>(dots)) == "");
                ScaleView view_of_scales = packed;
                view_of_scales.data = scale.as<float>();
                table->template get<functions::Gemm<TestType>>()(
                    guarded, tokens, view_of_scales, b.as<float>(),
                    {y.as<float>(), s.tokens, s.rows}, 0, s.rows);
                REQUIRE(difference(std::span<const float>(y.span<float>()),
                                   std::span<const float>(floats)) == "");
            }
        }
    }
}

TEMPLATE_LIST_TEST_CASE("quantizers stay inside x and their memory", "[guard]", activation_kinds) {
    support::Random random(70);
    for (std::size_t tokens : {1u, 3u, 8u, 9u}) {
        for (std::size_t cols : {1u, 2u, 15u, 16u, 17u, 31u, 32u, 33u, 47u, 48u, 100u, 530u}) {
            for (std::size_t group : {0u, 32u}) {
                const auto values = random.reals(tokens * cols);
                const auto expected =
                    oracle::quantize(support::rule_of<TestType>(), values, tokens, cols);
                const std::size_t bytes = scratch_bytes<TestType>(tokens, cols, group);
                for (Edge edge : edges) {
                    const Guarded x(values, edge), memory(bytes, edge);
                    for (const auto* table : support::clusters()) {
                        INFO(table->name << ": " << tokens << " tokens, " << cols << " columns");
                        const auto q =
                            detail::place<TestType>(memory.span<std::byte>(), tokens, cols, group);
                        table->template get<bitnet::functions::Quantize<TestType>>()(
                            {x.as<float>(), tokens, cols}, q, 0, tokens);
                        const std::size_t scale_groups = q.layout().scale_groups();
                        std::size_t wrong = 0;
                        for (std::size_t i = 0; i < expected.factors.size(); ++i) {
                            wrong += q.scales[i % scale_groups * tokens + i / scale_groups] !=
                                     expected.factors[i];
                        }
                        for (std::size_t t = 0; t < tokens; ++t) {
                            for (std::size_t c = 0; c < cols; ++c) {
                                wrong += q(t, c) != expected.codes[t * cols + c];
                            }
                        }
                        REQUIRE(wrong == 0);
                    }
                }
            }
        }
    }
}

TEMPLATE_LIST_TEST_CASE("a layer stays inside what it is given", "[guard]", support::FloatKinds) {
    static_cast<void>(support::clusters());
    using Weights = typename TestType::Weights;
    using Activations = typename TestType::Activations;
    using Layer = typename TestType::Layer;
    support::Random random(71);
    for (const Shape& s : shapes) {
        if (s.scale_group != 0) continue;
        const std::size_t groups = s.group ? (s.cols + s.group - 1) / s.group : 1;
        const auto codes = random.codes<Weights>(s.rows * s.cols);
        const auto scales = random.reals(s.rows * groups), bias = random.reals(s.rows);
        const auto weights = random.reals(s.rows * s.cols), x = random.reals(s.tokens * s.cols);
        const oracle::Weights w{s.rows, s.cols, s.group, codes, scales, bias};
        const auto expected = oracle::forward(
            w, oracle::quantize(support::rule_of<Activations>(), x, s.tokens, s.cols));
        for (Edge edge : edges) {
            INFO(dispatch::name() << ": " << s.rows << " rows, " << s.cols << " columns");
            const Guarded c(codes, edge), scale(scales, edge), b(bias, edge), in(x, edge),
                f(weights, edge);
            const Layer made =
                Layer::from_codes(c.span<const std::int8_t>(), s.rows, s.cols,
                                  scale.span<const float>(), b.span<const float>(), s.group)
                    .value();
            REQUIRE(Layer::from_float(f.span<const float>(), s.rows, s.cols, b.span<const float>(),
                                      {.centred = true, .group = s.group}));
            // The layer itself in read-only memory: bytes() is a multiple of 64, so both edges
            // align.
            const Guarded image(std::vector<std::byte>(made.bytes().begin(), made.bytes().end()),
                                edge);
            const Layer layer = Layer::map_packed(image.span<const std::byte>()).value();
            REQUIRE(layer.verify());
            const Guarded y(s.tokens * s.rows * sizeof(float), edge);
            const Guarded scratch(layer.scratch_bytes(s.tokens), edge);
            layer.template forward<isa::dynamic>(in.span<const float>(), y.span<float>(), s.tokens,
                                                 scratch.span<std::byte>());
            REQUIRE(difference(std::span<const float>(y.span<float>()),
                               std::span<const float>(expected)) == "");
        }
    }
}

TEMPLATE_TEST_CASE("codes and tokens from codes stay inside", "[guard]", Int8, Sign, Ternary) {
    support::Random random(72);
    for (std::size_t tokens : {1u, 9u}) {
        for (std::size_t cols : {1u, 31u, 33u, 64u}) {
            const auto values = random.codes<TestType>(tokens * cols);
            for (Edge edge : edges) {
                const Guarded codes(values, edge),
                    memory(scratch_bytes<TestType>(tokens, cols), edge);
                const auto q = quantized_from_codes<TestType>(
                    codes.span<const std::int8_t>(), tokens, cols, {}, memory.span<std::byte>());
                REQUIRE(q);
                REQUIRE((*q)(tokens - 1, cols - 1) == values.back());
            }
        }
    }
}
