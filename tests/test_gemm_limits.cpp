// SPDX-License-Identifier: MIT
// The values most likely to break a kernel: all +127, all -128, one sign, all zero codes, and the
// widest matrix that is allowed.
#include "gemm_cases.hpp"

#include <algorithm>

#include <catch2/catch_template_test_macros.hpp>

using support::difference;
using support::Product;
using support::Shape;

namespace {

template <class Format>
std::vector<int> extremes() {
    std::vector<int> out;
    for (int w : {Format::maximum, Format::minimum, -Format::maximum, 1, 0, -1}) {
        const bool again = std::find(out.begin(), out.end(), w) != out.end();
        if (Format::is_code(w) && !again) out.push_back(w);
    }
    return out;
}

/// All w, all q: every dot is w * q * cols. 16-bit or 8-bit accumulators would overflow here.
template <class Pair>
void check_constant(Shape shape, int w, int q) {
    if (!support::takes<Pair>(shape)) return;
    const Product<Pair> product(
        shape, std::vector<std::int8_t>(shape.rows * shape.cols, static_cast<std::int8_t>(w)),
        std::vector<std::int8_t>(shape.tokens * shape.cols, static_cast<std::int8_t>(q)));
    const std::int32_t dot = w * q * static_cast<std::int32_t>(shape.cols);
    const std::vector<std::int32_t> dots(shape.tokens * shape.rows, dot);
    const std::vector<float> floats(shape.tokens * shape.rows, static_cast<float>(dot));
    for (const auto* table : support::clusters()) {
        INFO(table->name << ": w = " << w << ", q = " << q << ", " << shape.cols << " columns");
        REQUIRE(difference(product.dots(*table, 0, shape.rows, shape.rows), dots) == "");
        if (shape.group == 0) {
            REQUIRE(difference(product.floats(*table, 0, shape.rows, shape.rows), floats) == "");
        }
    }
}

} // namespace

TEMPLATE_LIST_TEST_CASE("constant weights and tokens", "[gemm]", bitnet::products) {
    using Weights = typename TestType::Weights;
    using Codes = typename TestType::Codes;
    for (int w : extremes<Weights>()) {
        for (int q : extremes<Codes>()) {
            for (std::size_t cols : {1u, 31u, 32u, 33u, 255u, 4097u}) {
                check_constant<TestType>({17, cols, 1}, w, q);
                check_constant<TestType>({17, cols, 9}, w, q);
                check_constant<TestType>({17, cols, 17}, w, q);
            }
            check_constant<TestType>({17, 300, 3, 64}, w, q);
            check_constant<TestType>({17, 300, 17, 64}, w, q);
        }
    }
}

TEMPLATE_LIST_TEST_CASE("alternating signs", "[gemm]", bitnet::products) {
    using Codes = typename TestType::Codes;
    for (std::size_t period : {1u, 2u, 4u, 16u, 32u}) {
        const Shape shape{33, 515, 10};
        std::vector<std::int8_t> w(shape.rows * shape.cols), x(shape.tokens * shape.cols);
        const int large = std::is_same_v<Codes, bitnet::Int8> ? -128 : -1;
        const int small = std::is_same_v<Codes, bitnet::Int8> ? 127 : 1;
        for (std::size_t i = 0; i < w.size(); ++i) w[i] = i / period % 2 ? -1 : 1;
        for (std::size_t i = 0; i < x.size(); ++i) {
            x[i] = static_cast<std::int8_t>(i % shape.cols / period % 2 ? large : small);
        }
        const Product<TestType> product(shape, w, x);
        const auto dots = product.expected_dots(0, shape.rows, shape.rows);
        for (const auto* table : support::clusters()) {
            CAPTURE(table->name, period);
            REQUIRE(difference(product.dots(*table, 0, shape.rows, shape.rows), dots) == "");
        }
    }
}

TEMPLATE_LIST_TEST_CASE("one value in a matrix of zeros", "[gemm]", bitnet::products) {
    using Weights = typename TestType::Weights;
    using Codes = typename TestType::Codes;
    if constexpr (std::is_same_v<Codes, bitnet::Int8>) {
        // Each column alone: its weight meets its code and no other.
        const Shape shape{18, 70, 3};
        support::Random random(6);
        const auto w = random.codes<Weights>(shape.rows * shape.cols);
        for (std::size_t c = 0; c < shape.cols; ++c) {
            std::vector<std::int8_t> x(shape.tokens * shape.cols, 0);
            for (std::size_t t = 0; t < shape.tokens; ++t) {
                x[t * shape.cols + c] = static_cast<std::int8_t>(t == 0 ? -128 : t == 1 ? 127 : 1);
            }
            const Product<TestType> product(shape, w, x);
            const auto dots = product.expected_dots(0, shape.rows, shape.rows);
            for (const auto* table : support::clusters()) {
                CAPTURE(table->name, c);
                REQUIRE(difference(product.dots(*table, 0, shape.rows, shape.rows), dots) == "");
            }
        }
    } else {
        SUCCEED("one-bit codes have no zero; ternary ones are covered by random codes");
    }
}

TEMPLATE_LIST_TEST_CASE("the widest matrix", "[gemm][wide]", bitnet::products) {
    // One and two bits: cols = 2^23 - 1 with |w| = 1, |q| = 128: |dot| = 2^30 - 128, and the
    // kernels' 2 (sum of u q) is 2^31 - 256, the largest number that the bound on cols admits.
    // More bits: the dot of the least code (-128, say) and -128 itself is 2^31 - 2^14.
    using Weights = typename TestType::Weights;
    using Codes = typename TestType::Codes;
    constexpr std::size_t cols = bitnet::max_cols_of<Weights>;
    for (int w : extremes<Weights>()) {
        for (int q : extremes<Codes>()) {
            if (w == 0 || q == 0) continue;
            if (std::abs(w * q) < 128 && std::is_same_v<Codes, bitnet::Int8>)
                continue; // the extremes alone
            check_constant<TestType>({2, cols, 1}, w, q);
        }
    }
}
