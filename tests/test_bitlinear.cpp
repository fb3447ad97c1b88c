// SPDX-License-Identifier: MIT
// BitLinear from the outside: float tokens in, float tokens out, bit for bit as the oracle's loops,
// through every form of call, on the cluster in use and by the flags of this file. Most other tests
// leave the flags' own kernels to it, as they take long to compile.
#include <bitnet/bitlinear.hpp>
#include <bitnet/self_test.hpp>

#include <limits>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>

#include "executors.hpp"
#include "layer_kinds.hpp"
#include "layer_sample.hpp"
#include "support.hpp"

using namespace bitnet;
using support::difference;
using support::Sample;
using Kinds = support::FloatKinds;

namespace {

template <class K>
void check(const Sample<K>& s) {
    const auto expected = s.expected();
    std::vector<std::byte> scratch(s.layer.scratch_bytes(s.tokens), std::byte{0xff});
    std::vector<float> y(s.tokens * s.rows, support::untouched());
    s.layer.template forward<isa::dynamic>(s.x, y, s.tokens, scratch);
    s.require(y, expected);
    std::fill(y.begin(), y.end(), support::untouched());
    s.layer.forward(s.x, y, s.tokens, scratch); // the flags of this file
    s.require(y, expected);
}

/// to = these rows, whatever its stride
void put(const std::vector<float>& rows, Matrix<float> to) {
    for (std::size_t t = 0; t < to.rows; ++t) {
        std::copy_n(rows.begin() + static_cast<long>(t * to.cols), to.cols, to.row(t));
    }
}

} // namespace

TEST_CASE("the call that the README shows", "[bitlinear]") {
    static_cast<void>(support::clusters());
    using Layer = BitLinear<Ternary, Int8>;
    const std::vector<std::int8_t> codes{1, 0, -1, 0, 1, 1};
    const std::vector<float> scales{0.5f, 2.0f}, bias{1.0f, -1.0f}, x{127.0f, 1.0f, 2.0f};
    Result<Layer> made = Layer::from_codes(codes, 2, 3, scales, bias);
    REQUIRE(made);
    Layer layer = *std::move(made);
    CHECK(layer.rows() == 2);
    CHECK(layer.cols() == 3);
    CHECK(layer.group() == 0);
    CHECK(layer);
    CHECK(layer.has_bias());
    CHECK(difference(layer.bias(), std::span<const float>(bias)) == "");
    CHECK(layer.code(0, 2) == -1);
    CHECK(layer.code(1, 0) == 0);
    CHECK(layer.scale(1) == 2.0f);
    std::vector<float> y(2);
    std::vector<std::byte> scratch(layer.scratch_bytes(1));
    layer.forward(x, y, 1, scratch);
    CHECK(y[0] == 125 * 0.5f + 1);
    CHECK(y[1] == 3 * 2.0f - 1);
    y.assign(2, 0.0f);
    layer.forward<isa::here<isa::scalar>>(x, y, 1, scratch);
    CHECK(y[0] == 125 * 0.5f + 1);
    // Spans: to make one of a vector is noexcept in libstdc++ alone.
    const std::span<const float> x_span(x);
    const std::span<float> y_span(y);
    const std::span<std::byte> scratch_span(scratch);
    STATIC_CHECK(noexcept(layer.forward(x_span, y_span, 1, scratch_span)));
    STATIC_CHECK(noexcept(layer.forward<isa::dynamic>(x_span, y_span, 1, scratch_span)));
    STATIC_CHECK_FALSE(std::is_copy_constructible_v<Layer>);
}

TEMPLATE_LIST_TEST_CASE("layers of any shape", "[bitlinear]", Kinds) {
    static_cast<void>(support::clusters());
    std::size_t i = 0;
    for (std::size_t rows : {1u, 2u, 15u, 16u, 17u, 47u, 64u, 65u, 100u}) {
        for (std::size_t cols : {1u, 3u, 16u, 20u, 31u, 32u, 33u, 64u, 127u, 200u}) {
            ++i;
            check(Sample<TestType>(rows, cols, 1 + i * 5 % 19, i % 2 ? 1 : rows, i % 3 == 0, 0, i));
        }
    }
    for (std::size_t tokens = 1; tokens <= 19; ++tokens) {
        check(Sample<TestType>(50, 77, tokens, 50, true, 0, tokens));
    }
    check(Sample<TestType>(2, 20001, 2, 1, true));
    check(Sample<TestType>(3001, 40, 1, 3001, true));
}

TEMPLATE_LIST_TEST_CASE("a batch of no tokens", "[bitlinear]", Kinds) {
    static_cast<void>(support::clusters());
    const Sample<TestType> s(20, 70, 0, 20, true);
    check(s);
    using Activations = typename TestType::Activations;
    std::vector<std::byte> memory(s.layer.scratch_bytes(0));
    const auto q = quantized_from_codes<Activations>({}, 0, 70, {}, memory);
    REQUIRE(q);
    CHECK(q->tokens == 0);
    s.layer.template forward<isa::dynamic>(*q, std::span<float>());
}

TEMPLATE_LIST_TEST_CASE("layers with scales by group", "[bitlinear]", Kinds) {
    static_cast<void>(support::clusters());
    for (std::size_t group : {32u, 64u, 128u, 256u}) {
        for (std::size_t cols : {group - 1, group, group + 1, 2 * group + 40}) {
            const std::size_t groups = (cols + group - 1) / group;
            for (std::size_t rows : {1u, 16u, 35u}) {
                const Sample<TestType> s(rows, cols, 3, rows * groups, rows != 16, group);
                CHECK(s.layer.scale(rows - 1, groups - 1) == s.weights.scales.back());
                check(s);
            }
        }
    }
}

TEMPLATE_LIST_TEST_CASE("all forms of call give the same bits", "[bitlinear]", support::FewKinds) {
    static_cast<void>(support::clusters());
    constexpr std::size_t rows = 150, cols = 90, tokens = 11, x_stride = 97, y_stride = 157;
    const Sample<TestType> s(rows, cols, tokens, rows, true);
    const auto expected = s.expected();
    std::vector<float> wide(tokens * x_stride, 1e30f), y(tokens * y_stride);
    put(s.x, {wide.data(), tokens, cols, x_stride});
    std::vector<float> strided(tokens * y_stride, support::untouched());
    put(expected, {strided.data(), tokens, rows, y_stride});
    std::vector<std::byte> scratch(s.layer.scratch_bytes(tokens));
    const Matrix<const float> in(wide.data(), tokens, cols, x_stride);
    const Matrix<float> out(y.data(), tokens, rows, y_stride);
    const auto clear = [&] { std::fill(y.begin(), y.end(), support::untouched()); };

    clear();
    s.layer.forward(in, out, scratch);
    CHECK(difference(y, strided) == "");
    clear();
    s.layer.template forward<isa::dynamic>(in, out, scratch, serial);
    CHECK(difference(y, strided) == "");
    for (std::size_t workers : {1u, 2u, 3u, 7u, 40u}) {
        CAPTURE(workers);
        clear();
        s.layer.template forward<isa::dynamic>(in, out, scratch, support::Backwards{workers});
        CHECK(difference(y, strided) == "");
    }
    clear();
    s.layer.template forward<isa::dynamic>(in, out, scratch, support::Threads{3});
    CHECK(difference(y, strided) == "");
    std::vector<float> dense(tokens * rows);
    s.layer.forward(s.x, dense, tokens, scratch, support::Threads{2});
    CHECK(difference(dense, expected) == "");

    // Quantized once, used by two layers.
    const Sample<TestType> other(33, cols, tokens, 1, false, 0, 99);
    std::vector<std::byte> memory(s.layer.scratch_bytes(tokens));
    const auto q = s.layer.quantize(s.x, tokens, memory);
    const auto again = s.layer.template quantize<isa::dynamic>(in, scratch, support::Threads{2});
    clear();
    s.layer.template forward<isa::dynamic>(q, out);
    CHECK(difference(y, strided) == "");
    clear();
    s.layer.template forward<isa::dynamic>(again, out, support::Backwards{5});
    CHECK(difference(y, strided) == "");
    s.layer.forward(q, dense);
    CHECK(difference(dense, expected) == "");
    std::vector<float> second(tokens * 33);
    other.layer.forward(q, second);
    CHECK(difference(second, oracle::forward(other.weights, s.quantized())) == "");

    // Integers.
    const auto dots = oracle::dots(s.weights, s.quantized());
    const std::vector<std::int32_t> integers(dots.begin(), dots.end());
    std::vector<std::int32_t> n(tokens * rows);
    s.layer.dots(q, n);
    CHECK(difference(n, integers) == "");
    std::fill(n.begin(), n.end(), 0);
    s.layer.template dots<isa::dynamic>(q, Matrix<std::int32_t>(n.data(), tokens, rows),
                                        support::Backwards{3});
    CHECK(difference(n, integers) == "");
}

TEMPLATE_LIST_TEST_CASE("several layers in one call of the executor", "[bitlinear]",
                        support::FewKinds) {
    static_cast<void>(support::clusters());
    constexpr std::size_t cols = 70, tokens = 5, stride = 180;
    const Sample<TestType> a(170, cols, tokens, 170, true), b(1, cols, tokens, 1, false, 0, 40),
        c(65, cols, tokens, 65, true, 0, 50);
    std::vector<std::byte> memory(a.layer.scratch_bytes(tokens));
    const auto q = a.layer.quantize(a.x, tokens, memory);
    std::vector<float> wanted(3 * tokens * stride, support::untouched()), y(wanted.size());
    const auto part = [&](std::vector<float>& all, std::size_t i, std::size_t rows) {
        return Matrix<float>(all.data() + i * tokens * stride, tokens, rows, stride);
    };
    std::size_t i = 0;
    for (const auto* s : {&a, &b, &c}) {
        put(oracle::forward(s->weights, a.quantized()), part(wanted, i++, s->rows));
    }
    const auto run = [&](const auto& executor) {
        std::fill(y.begin(), y.end(), support::untouched());
        forward<isa::dynamic>(q, executor, Output{a.layer, part(y, 0, a.rows)},
                              Output{b.layer, part(y, 1, b.rows)},
                              Output{c.layer, part(y, 2, c.rows)});
        return difference(y, wanted);
    };
    CHECK(run(serial) == "");
    for (std::size_t workers : {1u, 2u, 3u, 7u, 40u}) {
        CAPTURE(workers);
        CHECK(run(support::Backwards{workers}) == "");
    }
    CHECK(run(support::Threads{3}) == "");
    forward(q, support::Threads{2}, Output{b.layer, part(y, 1, b.rows)}); // the flags of this file
    CHECK(difference(y, wanted) == "");
}

TEST_CASE("layers of several kinds in one call of the executor", "[bitlinear]") {
    static_cast<void>(support::clusters());
    constexpr std::size_t cols = 50;
    support::Random random(70);
    const auto w = random.reals(100 * cols), x = random.reals(cols);
    const auto ternary = BitLinear<Ternary, Int8>::from_float(w, 100, cols).value();
    const auto binary =
        BitLinear<Binary, Int8>::from_float(std::span(w).first(80 * cols), 80, cols).value();
    std::vector<std::byte> scratch(ternary.scratch_bytes(1));
    const auto q = ternary.quantize<isa::dynamic>(x, 1, scratch);
    std::vector<float> expected(180), y(180);
    ternary.forward<isa::dynamic>(q, std::span(expected).first(100));
    binary.forward<isa::dynamic>(q, std::span(expected).subspan(100));
    forward<isa::dynamic>(q, support::Backwards{2},
                          Output{ternary, Matrix<float>(y.data(), 1, 100)},
                          Output{binary, Matrix<float>(y.data() + 100, 1, 80)});
    CHECK(difference(y, expected) == "");
    STATIC_CHECK(noexcept(forward(q, serial, Output{ternary, Matrix<float>(y.data(), 1, 100)})));
}

TEMPLATE_LIST_TEST_CASE("rows in ranges of the caller's", "[bitlinear]", support::FewKinds) {
    static_cast<void>(support::clusters());
    constexpr std::size_t rows = 83, cols = 70, tokens = 5, stride = 90;
    const Sample<TestType> s(rows, cols, tokens, rows, true);
    const auto expected = s.expected();
    std::vector<std::byte> memory(s.layer.scratch_bytes(tokens));
    const auto q = s.layer.quantize(s.x, tokens, memory);
    for (std::size_t begin : {0u, 1u, 16u, 40u, 64u, 82u, 83u}) {
        for (std::size_t end : {0u, 1u, 16u, 17u, 64u, 82u, 83u}) {
            if (end < begin) continue;
            CAPTURE(begin, end);
            std::vector<float> y(tokens * stride, support::untouched()), wanted = y;
            for (std::size_t t = 0; t < tokens; ++t) {
                for (std::size_t r = begin; r < end; ++r) {
                    wanted[t * stride + r] = expected[t * rows + r];
                }
            }
            const Matrix<float> out(y.data(), tokens, rows, stride);
            s.layer.template forward_rows<isa::dynamic>(q, out, begin, end);
            REQUIRE(difference(y, wanted) == "");
            std::fill(y.begin(), y.end(), support::untouched());
            s.layer.forward_rows(q, out, begin, end);
            REQUIRE(difference(y, wanted) == "");
        }
    }
}

TEMPLATE_LIST_TEST_CASE("an empty layer", "[bitlinear]", Kinds) {
    static_cast<void>(support::clusters());
    using Layer = typename TestType::Layer;
    Layer layer;
    const auto is_empty = [](const Layer& l) {
        return !l && l.rows() == 0 && l.cols() == 0 && l.group() == 0 && l.bytes().empty() &&
               !l.has_bias() && l.bias().empty() && l.weights().bytes() == 0;
    };
    CHECK(is_empty(layer));
    std::vector<std::byte> scratch(layer.scratch_bytes(3));
    layer.template forward<isa::dynamic>(std::span<const float>(), std::span<float>(), 3, scratch);
    layer.forward(std::span<const float>(), std::span<float>(), 3, scratch);
    const auto q = layer.quantize(std::span<const float>(), 3, scratch);
    layer.template forward_rows<isa::dynamic>(q, Matrix<float>(nullptr, 3, 0), 0, 0);
    layer.forward_rows(q, Matrix<float>(nullptr, 3, 0), 0, 0);
    CHECK(layer.verify());
    unpack(layer.weights(), {});
    CHECK(repack<typename Layer::Layout>(layer.weights()).error().code == Errc::empty_shape);

    const Sample<TestType> s(20, 70, 1, 20, false);
    layer = Layer::from_packed(s.layer.bytes()).value();
    CHECK(layer);
    CHECK(layer.rows() == 20);
    CHECK(layer.bias().empty());
    CHECK(layer.weights().bytes() != 0);
    layer = Layer();
    CHECK(is_empty(layer));
}

TEMPLATE_LIST_TEST_CASE("x, y and scratch need only their natural alignment", "[bitlinear]",
                        Kinds) {
    static_cast<void>(support::clusters());
    constexpr std::size_t rows = 37, cols = 66, tokens = 5;
    const Sample<TestType> s(rows, cols, tokens, rows, true);
    const auto expected = s.expected();
    const std::size_t bytes = s.layer.scratch_bytes(tokens);
    AlignedBytes x_memory(s.x.size() * 4 + 64), y_memory(tokens * rows * 4 + 64),
        scratch(bytes + 64);
    for (std::size_t off = 0; off < 64; ++off) {
        CAPTURE(off);
        const std::size_t floats = off / 4 * 4; // a float's own alignment
        float* const x = reinterpret_cast<float*>(x_memory.data() + floats);
        float* const y = reinterpret_cast<float*>(y_memory.data() + (64 - floats) % 64);
        std::copy(s.x.begin(), s.x.end(), x);
        s.layer.template forward<isa::dynamic>(std::span<const float>(x, s.x.size()),
                                               std::span<float>(y, tokens * rows), tokens,
                                               std::span(scratch.data() + off, bytes));
        REQUIRE(difference(std::span<const float>(y, tokens * rows),
                           std::span<const float>(expected)) == "");
    }
}

TEMPLATE_LIST_TEST_CASE("a NaN or an infinity stays in its token", "[bitlinear]", Kinds) {
    static_cast<void>(support::clusters());
    constexpr std::size_t rows = 35, cols = 70, tokens = 10;
    for (std::size_t group : {0u, 64u}) {
        Sample<TestType> s(rows, cols, tokens, group ? rows * 2 : 1, true, group);
        const auto clean = s.expected();
        for (float bad :
             {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
              -std::numeric_limits<float>::infinity()}) {
            for (std::size_t at : {std::size_t{0}, std::size_t{40}, cols - 1}) {
                for (std::size_t token : {std::size_t{0}, std::size_t{6}, tokens - 1}) {
                    CAPTURE(bad, at, token, group);
                    const float good = std::exchange(s.x[token * cols + at], bad);
                    auto expected = clean;
                    std::fill_n(expected.begin() + static_cast<long>(token * rows), rows,
                                std::numeric_limits<float>::quiet_NaN());
                    std::vector<std::byte> scratch(s.layer.scratch_bytes(tokens));
                    std::vector<float> y(tokens * rows);
                    s.layer.template forward<isa::dynamic>(s.x, y, tokens, scratch);
                    CHECK(difference(y, expected) == "");
                    s.layer.forward(s.x, y, tokens, scratch);
                    CHECK(difference(y, expected) == "");
                    s.x[token * cols + at] = good;
                }
            }
        }
    }
}

TEMPLATE_TEST_CASE("ternary activations come quantized", "[bitlinear]", Binary, Ternary) {
    static_cast<void>(support::clusters());
    using Layer = BitLinear<TestType, Ternary>;
    support::Random random(31);
    for (std::size_t group : {0u, 32u}) {
        const std::size_t rows = 40, cols = 75, tokens = 6, groups = group ? 3 : 1;
        const auto packed = random.codes<TestType>(rows * cols);
        const auto scales = random.reals(rows * groups), bias = random.reals(rows);
        const oracle::Weights w{rows, cols, group, packed, scales, bias};
        const Layer layer = Layer::from_codes(packed, rows, cols, scales, bias, group).value();
        const auto codes = random.codes<Ternary>(tokens * cols);
        const auto factors = random.reals(tokens);
        std::vector<std::byte> memory(layer.scratch_bytes(tokens));
        const auto q =
            quantized_from_codes<Ternary>(codes, tokens, cols, factors, memory, group).value();
        const oracle::Tokens x{tokens, cols, false, {codes.begin(), codes.end()}, factors};
        std::vector<float> y(tokens * rows);
        layer.template forward<isa::dynamic>(q, y, support::Backwards{3});
        CHECK(difference(y, oracle::forward(w, x)) == "");
        layer.forward(q, y);
        CHECK(difference(y, oracle::forward(w, x)) == "");
        const auto dots = oracle::dots(w, x);
        std::vector<std::int32_t> n(tokens * rows);
        layer.template dots<isa::dynamic>(q, n);
        CHECK(difference(n, std::vector<std::int32_t>(dots.begin(), dots.end())) == "");
    }
}

TEST_CASE("the functions of this file's flags pass their self-test", "[bitlinear]") {
    static_cast<void>(support::clusters());
    CHECK(self_test<>() == nullptr);
}
