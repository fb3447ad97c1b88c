// SPDX-License-Identifier: MIT
// RMSNorm, the gates, softmax and BitGLU on every cluster, bit for bit.
#include <bitnet/activation.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "executors.hpp"
#include "float_oracle.hpp"
#include "support.hpp"

using namespace bitnet;
using support::difference;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

std::vector<std::size_t> widths() {
    auto out = support::counts_around(16);
    for (std::size_t more : {15u, 31u, 32u, 33u, 64u, 100u, 515u}) out.push_back(more);
    return out;
}

/// All pairs of values that are hard for gates.
struct Pairs {
    std::vector<float> gate, up;
    Pairs() {
        const std::vector<float> hard{0.0f,          -0.0f,     1.0f,     -1.0f,     0x1p-149f,
                                      -0x1p-149f,    3.5f,      -3.5f,    90.0f,     -90.0f,
                                      1e38f,         -1e38f,    infinity, -infinity, not_a_number,
                                      -not_a_number, 0x1p-126f, -0.25f,   17.5f};
        for (float g : hard) {
            for (float u : hard) {
                gate.push_back(g);
                up.push_back(u);
            }
        }
        support::Random random(2);
        for (int i = 0; i < 500; ++i) {
            gate.push_back(random.real() * 8);
            up.push_back(random.real() * 3);
        }
    }
};

template <class Gate>
void check_gate(float (*expected)(float, float)) {
    const Pairs in;
    for (const auto* table : support::clusters()) {
        INFO(table->name);
        for (std::size_t n : widths()) {
            CAPTURE(n);
            const std::size_t first = in.gate.size() - n > 361 ? 0 : in.gate.size() - n;
            const float *g = in.gate.data() + first, *u = in.up.data() + first;
            std::vector<float> y(n + 1, support::untouched()), want(n);
            table->get<Gate>()(g, u, y.data(), n);
            for (std::size_t i = 0; i < n; ++i) want[i] = expected(g[i], u[i]);
            REQUIRE(support::is_untouched(y[n]));
            y.pop_back();
            REQUIRE(difference(y, want) == "");
        }
        // All of it, into one of its arguments.
        std::vector<float> y = in.gate, want;
        for (std::size_t i = 0; i < y.size(); ++i) want.push_back(expected(in.gate[i], in.up[i]));
        table->get<Gate>()(y.data(), in.up.data(), y.data(), y.size());
        REQUIRE(difference(y, want) == "");
    }
}

} // namespace

TEST_CASE("rms_norm", "[activation]") {
    support::Random random(3);
    for (std::size_t cols : widths()) {
        const std::size_t tokens = 3, stride = cols + 5;
        auto x = random.reals(tokens * stride, 4.0f);
        const auto weight = random.reals(cols, 2.0f);
        for (const auto* table : support::clusters()) {
            INFO(table->name << ", " << cols << " columns");
            std::vector<float> y(tokens * stride, support::untouched());
            table->get<functions::RmsNorm>()({x.data(), tokens, cols, stride}, weight.data(), 1e-5f,
                                             {y.data(), tokens, cols, stride});
            for (std::size_t t = 0; t < tokens; ++t) {
                const float *from = x.data() + t * stride, *to = y.data() + t * stride;
                const auto want = oracle::rms_norm({from, from + cols}, weight, 1e-5f);
                REQUIRE(difference(std::vector<float>(to, to + cols), want) == "");
                for (std::size_t i = cols; i < stride; ++i) REQUIRE(support::is_untouched(to[i]));
            }
        }
    }
}

TEST_CASE("rms_norm of special values", "[activation]") {
    const std::size_t cols = 37;
    const std::vector<float> weight(cols, 1.5f);
    for (const auto* table : support::clusters()) {
        INFO(table->name);
        for (float bad : {not_a_number, -not_a_number, infinity, -infinity,
                          1e30f}) { // the last one's square overflows
            for (std::size_t at : {0u, 15u, 16u, 36u}) {
                std::vector<float> x(cols, 0.5f), y(cols);
                x[at] = bad;
                table->get<functions::RmsNorm>()({x.data(), 1, cols}, weight.data(), 1e-5f,
                                                 {y.data(), 1, cols});
                for (float v : y) CHECK(std::isnan(v));
            }
        }
        std::vector<float> zeros(cols, -0.0f); // in place
        table->get<functions::RmsNorm>()({zeros.data(), 1, cols}, weight.data(), 1e-5f,
                                         {zeros.data(), 1, cols});
        REQUIRE(difference(zeros, std::vector<float>(cols, -0.0f)) == "");
    }
}

TEST_CASE("squared_relu_gate", "[activation]") {
    check_gate<functions::SquaredReluGate>(oracle::squared_relu_gate);
}

TEST_CASE("silu_gate", "[activation]") {
    check_gate<functions::SiluGate>(oracle::silu_gate);
}

TEST_CASE("softmax", "[activation]") {
    support::Random random(4);
    for (const auto* table : support::clusters()) {
        INFO(table->name);
        for (std::size_t n : widths()) {
            CAPTURE(n);
            for (float size : {0.1f, 5.0f, 200.0f}) {
                auto x = random.reals(n + 1, size);
                for (float shift : {0.0f, -1000.0f, 1000.0f}) { // the largest is negative, too
                    for (float& v : x) v += shift;
                    const auto want = oracle::softmax({x.begin(), x.end() - 1});
                    auto y = x;
                    table->get<functions::Softmax>()(y.data(), n);
                    REQUIRE(y[n] == x[n]);
                    y.pop_back();
                    REQUIRE(difference(y, want) == "");
                }
            }
        }
        table->get<functions::Softmax>()(nullptr, 0);
    }
}

TEST_CASE("softmax of special values", "[activation]") {
    for (const auto* table : support::clusters()) {
        INFO(table->name);
        for (std::size_t n : {1u, 5u, 16u, 35u}) {
            for (std::size_t at = 0; at < n; ++at) {
                for (float special :
                     {not_a_number, -not_a_number, infinity, -infinity, -3e38f, 3e38f, -0.0f}) {
                    CAPTURE(n, at, special);
                    std::vector<float> x(n, 0.25f);
                    x[at] = special;
                    const auto want = oracle::softmax(x);
                    table->get<functions::Softmax>()(x.data(), n);
                    REQUIRE(difference(x, want) == "");
                }
            }
        }
    }
}

TEST_CASE("bitglu", "[activation]") {
    const Pairs in;
    for (const auto* table : support::clusters()) {
        for (std::size_t tokens : {1u, 3u, 8u, 11u}) {
            for (std::size_t cols : {1u, 31u, 32u, 33u, 100u}) {
                for (std::size_t group : {0u, 32u, 64u, 256u}) {
                    INFO(table->name << ": " << tokens << " x " << cols << ", group " << group);
                    std::vector<float> gate(tokens * cols), up(tokens * cols);
                    for (std::size_t i = 0; i < gate.size(); ++i) {
                        gate[i] = in.gate[i * 7 % in.gate.size()];
                        up[i] = in.up[i * 7 % in.gate.size()];
                    }
                    std::vector<std::byte> memory(scratch_bytes<Ternary>(tokens, cols, group),
                                                  std::byte{0xff});
                    const auto q = detail::place<Ternary>(memory, tokens, cols, group);
                    table->get<functions::BitGlu>()({gate.data(), tokens, cols},
                                                    {up.data(), tokens, cols}, q, 0, tokens);
                    for (std::size_t t = 0; t < tokens; ++t) {
                        bool finite = true;
                        std::vector<int> sums((cols - 1) / (group ? group : cols) + 1);
                        for (std::size_t c = 0; c < (cols + 31) / 32 * 32; ++c) {
                            const std::size_t i = t * cols + c;
                            const int code = c < cols ? oracle::bitglu(gate[i], up[i]) : 0;
                            const int stored = oracle::token_code(oracle::Words::ternary, q.codes,
                                                                  tokens, cols, t, c);
                            REQUIRE(stored == (code == 0 ? 0 : code > 0 ? 3 : 1));
                            if (c >= cols) continue;
                            REQUIRE(q(t, c) == code);
                            finite = finite && std::isfinite(gate[i]) && std::isfinite(up[i]);
                            sums[c / (group ? group : cols)] += code != 0;
                        }
                        REQUIRE((finite ? q.scales[t] == 1.0f : std::isnan(q.scales[t])));
                        for (std::size_t g = 0; g < sums.size(); ++g) {
                            REQUIRE(q.sums[g * tokens + t] == sums[g]);
                        }
                    }
                }
            }
        }
    }
}

TEST_CASE("the header's forms are those of the table", "[activation]") {
    support::Random random(5);
    const std::size_t tokens = 9, cols = 70;
    const auto x = random.reals(tokens * cols, 3.0f), u = random.reals(tokens * cols, 3.0f);
    const auto weight = random.reals(cols);
    std::vector<float> a(x.size()), b(x.size()), c(x.size());
    rms_norm(x, weight, 1e-6f, a);
    rms_norm<isa::dynamic>(x, weight, 1e-6f, b);
    rms_norm<isa::scalar>(Matrix<const float>(x.data(), tokens, cols), weight, 1e-6f,
                          Matrix<float>(c.data(), tokens, cols));
    CHECK(difference(a, b) == "");
    CHECK(difference(a, c) == "");
    squared_relu_gate(x, u, a);
    squared_relu_gate<isa::dynamic>(x, u, b);
    CHECK(difference(a, b) == "");
    silu_gate(x, u, a);
    silu_gate<isa::dynamic>(x, u, b);
    CHECK(difference(a, b) == "");
    a = b = x;
    softmax<isa::native>(a);
    softmax<isa::dynamic>(b);
    CHECK(difference(a, b) == "");

    std::vector<std::byte> one(scratch_bytes<Ternary>(tokens, cols)), many(one.size());
    const Matrix<const float> gate(x.data(), tokens, cols), up(u.data(), tokens, cols);
    const auto q = bitglu(gate, up, one);
    const auto r = bitglu<isa::dynamic>(gate, up, many, 0, support::Backwards{4});
    for (std::size_t t = 0; t < tokens; ++t) {
        CHECK(q.sums[t] == r.sums[t]);
        for (std::size_t i = 0; i < cols; ++i) REQUIRE(q(t, i) == r(t, i));
    }
}
