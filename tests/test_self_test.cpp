// SPDX-License-Identifier: MIT
// The self-test passes on every cluster, and names the function of a table that goes wrong: each in
// turn is replaced, in a copy of its table, by one that errs in a single bit.
#include <bitnet/dispatch.hpp>
#include <bitnet/self_test.hpp>

#include <string_view>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>

#include "support.hpp"

using namespace bitnet;

namespace {

const dispatch::Table& right() {
    return dispatch::table();
}
std::string_view tested(const dispatch::Table& table) {
    const char* wrong = dispatch::self_test(table);
    return wrong ? wrong : "nothing";
}

float other(float v) {
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(v) ^ 1u);
}

/// A name, and a table in which the function of that name is wrong.
struct Broken {
    std::string_view name;
    dispatch::Table table = right();
};

std::size_t wrong_tokens; // the batch whose last token the broken kernels get wrong

template <class Weights, class Codes, class Layout = preferred_layout<Weights, Codes>>
Broken product(std::string_view name) {
    Broken b{name};
    using Entry = dispatch::GemmEntry<Weights, Codes, Layout>;
    using View = typename Entry::View;
    static_cast<Entry&>(b.table).gemm = [](View w, Quantized<Codes> x, ScaleView scales,
                                           const float* bias, Matrix<float> y, std::size_t begin,
                                           std::size_t end) noexcept {
        right().pair<Weights, Codes, Layout>().gemm(w, x, scales, bias, y, begin, end);
        float& last = y.row(x.tokens - 1)[end - 1];
        if (x.tokens == wrong_tokens) last = other(last);
    };
    return b;
}
template <class Weights, class Codes, class Layout = preferred_layout<Weights, Codes>>
Broken integers(std::string_view name) {
    Broken b{name};
    using Entry = dispatch::GemmEntry<Weights, Codes, Layout>;
    using View = typename Entry::View;
    static_cast<Entry&>(b.table).gemm_dots = [](View w, Quantized<Codes> x, Matrix<std::int32_t> y,
                                                std::size_t begin, std::size_t end) noexcept {
        right().pair<Weights, Codes, Layout>().gemm_dots(w, x, y, begin, end);
        if (x.tokens == wrong_tokens) y.row(x.tokens - 1)[end - 1] ^= 1;
    };
    return b;
}
template <class Activations>
Broken quantizer(std::string_view name) {
    Broken b{name};
    using Entry = dispatch::QuantizeEntry<Activations>;
    static_cast<Entry&>(b.table).quantize_tokens = [](Matrix<const float> x,
                                                      Quantized<Activations> q, std::size_t first,
                                                      std::size_t last) noexcept {
        right().quantizer<Activations>().quantize_tokens(x, q, first, last);
        q.codes[q.layout().code_bytes() - 1] ^= 1;
    };
    return b;
}
template <class Rule>
Broken stochastic(std::string_view name) {
    Broken b{name};
    using Entry = dispatch::StochasticEntry<Rule>;
    static_cast<Entry&>(b.table).stochastic_sign_tokens =
        [](Matrix<const float> x, const Rule& rule, const Draws& draws, Quantized<Sign> q,
           std::size_t first, std::size_t last) noexcept {
            right().stochastic<Rule>().stochastic_sign_tokens(x, rule, draws, q, first, last);
            q.scales[3] = 2.0f;
        };
    return b;
}
template <class F>
Broken with(std::string_view name, F&& replace) {
    Broken b{name};
    replace(b.table);
    return b;
}

std::vector<Broken> broken_products() {
    return {product<Ternary, Int8>("w158a8"),
            integers<Ternary, Int8>("w158a8"),
            product<Ternary, Int8, layout::Dense16>("w158a8dense"),
            integers<Ternary, Int8, layout::Dense16>("w158a8dense"),
            product<Binary, Int8>("w1a8"),
            integers<Binary, Int8>("w1a8"),
            product<Ternary, Sign>("w158a1"),
            integers<Ternary, Sign>("w158a1"),
            product<Binary, Sign>("w1a1"),
            integers<Binary, Sign>("w1a1"),
            product<Ternary, Ternary>("w158a158"),
            integers<Ternary, Ternary>("w158a158"),
            product<Binary, Ternary>("w1a158"),
            integers<Binary, Ternary>("w1a158"),
            product<Int8, Int8>("w8a8"),
            integers<Int8, Int8>("w8a8"),
            product<Int6, Int8>("w6a8"),
            integers<Int6, Int8>("w6a8"),
            product<Int4, Int8>("w4a8"),
            integers<Int4, Int8>("w4a8")};
}

std::vector<Broken> broken_functions() {
    using Table = dispatch::Table;
    std::vector<Broken> all{
        quantizer<Int8>("quantize int8"),
        quantizer<Int4>("quantize int4"),
        quantizer<Int2>("quantize int2"),
        quantizer<Sign>("quantize sign"),
        quantizer<SignNorm>("quantize signnorm"),
        quantizer<SignMean>("quantize signmean"),
        stochastic<Bernoulli>("stochastic_sign bernoulli"),
        stochastic<Gumbel>("stochastic_sign gumbel"),
        stochastic<CentredGumbel>("stochastic_sign centred gumbel"),
    };
    const auto add = [&](std::string_view name, auto replace) {
        all.push_back(with(name, replace));
    };
    add("exp", [](Table& t) { t.exp = [](float x) noexcept { return other(right().exp(x)); }; });
    add("log", [](Table& t) { t.log = [](float x) noexcept { return other(right().log(x)); }; });
    add("sigmoid",
        [](Table& t) { t.sigmoid = [](float x) noexcept { return other(right().sigmoid(x)); }; });
    add("tanh", [](Table& t) { t.tanh = [](float x) noexcept { return other(right().tanh(x)); }; });
    // Wrong where a chunk of 16 ends alone.
    add("sum", [](Table& t) {
        t.sum = [](const float* x, std::size_t n) noexcept {
            const float s = right().sum(x, n);
            return n == 17 ? other(s) : s;
        };
    });
    add("mean_abs", [](Table& t) {
        t.mean_abs = [](const float* x, std::size_t n) noexcept {
            const float s = right().mean_abs(x, n);
            return n == 17 ? other(s) : s;
        };
    });
    add("absmax", [](Table& t) {
        t.absmax = [](const float* x, std::size_t n) noexcept {
            const float s = right().absmax(x, n);
            return n == 17 ? other(s) : s;
        };
    });
    add("dot", [](Table& t) {
        t.dot = [](const float* a, const float* b, std::size_t n) noexcept {
            const float s = right().dot(a, b, n);
            return n == 17 ? other(s) : s;
        };
    });
    add("dots", [](Table& t) {
        t.dots = [](Matrix<const float> a, Matrix<const float> b, Matrix<float> y) noexcept {
            right().dots(a, b, y);
            float& last = y.row(y.rows - 1)[y.cols - 1];
            last = other(last);
        };
    });
    add("halves_to_floats", [](Table& t) {
        t.halves_to_floats = [](const std::uint16_t* x, float* y, std::size_t n) noexcept {
            right().halves_to_floats(x, y, n);
            y[n - 1] = other(y[n - 1]);
        };
    });
    add("screened head", [](Table& t) {
        t.nibble_dots = [](const std::uint8_t* nibbles, std::size_t row_bytes, const std::int8_t* q,
                           const std::uint32_t* rows, std::size_t count,
                           std::int32_t* dots) noexcept {
            right().nibble_dots(nibbles, row_bytes, q, rows, count, dots);
            dots[count - 1] += 1;
        };
    });
    add("screened head", [](Table& t) {
        t.rows_that_reach = [](const std::int32_t* dots, const float* scales, std::size_t begin,
                               std::size_t end, std::int32_t high, std::int32_t low, float a,
                               float least, std::uint32_t* rows) noexcept {
            return right().rows_that_reach(dots, scales, begin, end, high - 1, low, a, least, rows);
        };
    });
    add("rms_norm", [](Table& t) {
        t.rms_norm = [](Matrix<const float> x, const float* w, float eps,
                        Matrix<float> y) noexcept {
            right().rms_norm(x, w, eps, y);
            y.row(y.rows - 1)[y.cols - 1] = other(y.row(y.rows - 1)[y.cols - 1]);
        };
    });
    add("squared_relu_gate", [](Table& t) {
        t.squared_relu_gate = [](const float* g, const float* u, float* y, std::size_t n) noexcept {
            right().squared_relu_gate(g, u, y, n);
            y[n - 1] = other(y[n - 1]);
        };
    });
    add("silu_gate", [](Table& t) {
        t.silu_gate = [](const float* g, const float* u, float* y, std::size_t n) noexcept {
            right().silu_gate(g, u, y, n);
            y[n - 1] = other(y[n - 1]);
        };
    });
    add("softmax", [](Table& t) {
        t.softmax = [](float* x, std::size_t n) noexcept {
            right().softmax(x, n);
            x[n - 1] = other(x[n - 1]);
        };
    });
    add("bitglu", [](Table& t) {
        t.bitglu_tokens = [](Matrix<const float> g, Matrix<const float> u, Quantized<Ternary> q,
                             std::size_t first, std::size_t last) noexcept {
            right().bitglu_tokens(g, u, q, first, last);
            q.sums[q.layout().groups() * q.tokens - 1] += 1;
        };
    });
    add("rope", [](Table& t) {
        t.rope = [](float* x, std::size_t heads, const float* c, const float* s,
                    std::size_t half) noexcept {
            right().rope(x, heads, c, s, half);
            x[heads * 2 * half - 1] = other(x[heads * 2 * half - 1]);
        };
    });
    add("rope_table", [](Table& t) {
        t.rope_table = [](std::size_t first, std::size_t positions, std::size_t head_dim,
                          double theta, float* c, float* s) noexcept {
            right().rope_table(first, positions, head_dim, theta, c, s);
            s[positions * head_dim / 2 - 1] = other(s[positions * head_dim / 2 - 1]);
        };
    });
    return all;
}

} // namespace

TEST_CASE("every cluster passes its self-test", "[self_test]") {
    for (const auto* table : support::clusters()) {
        CAPTURE(table->name);
        CHECK(tested(*table) == "nothing");
    }
    CHECK(dispatch::self_test() == nullptr);
    CHECK(self_test<isa::dynamic>() == nullptr);
    CHECK(self_test<isa::here<isa::scalar>>() == nullptr);
    CHECK(self_test<>() == nullptr); // the flags of this file
}

TEST_CASE("a wrong product is found at any number of tokens", "[self_test]") {
    for (const Broken& b : broken_products()) {
        for (wrong_tokens = 1; wrong_tokens <= 9; ++wrong_tokens) {
            CAPTURE(b.name, wrong_tokens);
            CHECK(tested(b.table) == b.name);
        }
    }
}

TEST_CASE("any wrong function is found and named", "[self_test]") {
    for (const Broken& b : broken_functions()) {
        CAPTURE(b.name);
        CHECK(tested(b.table) == b.name);
    }
}
