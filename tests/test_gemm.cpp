// SPDX-License-Identifier: MIT
// Every kernel against a triple loop over integers and floats taken one operation at a time: all
// pairs of formats, shapes around the vector widths, 1 to 130 tokens, row ranges, group scales.
#include "gemm_cases.hpp"

#include <catch2/catch_template_test_macros.hpp>

using support::difference;
using support::Product;
using support::Shape;

namespace {

/// int32 and float outputs of a whole product on all clusters.
template <class Pair>
void check(Shape shape, std::uint64_t seed, bool bias = true) {
    if (!support::takes<Pair>(shape)) return;
    const Product<Pair> product(shape, seed, bias);
    const auto dots = product.expected_dots(0, shape.rows, shape.rows);
    const auto floats = product.expected_floats(0, shape.rows, shape.rows);
    for (const auto* table : support::clusters()) {
        INFO(table->name << ": " << shape.rows << " rows, " << shape.cols << " columns, "
                         << shape.tokens << " tokens, groups " << shape.group << " and "
                         << shape.scale_group);
        REQUIRE(difference(product.dots(*table, 0, shape.rows, shape.rows), dots) == "");
        REQUIRE(difference(product.floats(*table, 0, shape.rows, shape.rows), floats) == "");
    }
}

/// Around 16 rows (a block), around 32 and 64 columns (a line of planes and of codes), around 20 (a
/// dense line), and around 240 and 256 (the last line of a dense step, and its end).
std::vector<std::size_t> row_counts() {
    auto out = support::counts_around(16);
    for (std::size_t more : {31u, 32u, 33u, 64u, 65u, 80u}) out.push_back(more); // 2 to 5 blocks
    return out;
}
std::vector<std::size_t> col_counts() {
    auto out = support::counts_around(32);
    for (std::size_t more : support::counts_around(64)) out.push_back(more);
    for (std::size_t more : {15u, 17u, 31u, 63u, 127u, 129u, 255u, 257u}) out.push_back(more);
    for (std::size_t more : {19u, 20u, 40u, 41u, 100u, 161u, 193u, 239u, 240u, 241u, 256u, 320u,
                             496u, 512u, 515u, 800u}) {
        out.push_back(more);
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

} // namespace

TEMPLATE_LIST_TEST_CASE("any shape", "[gemm]", bitnet::products) {
    std::size_t i = 0;
    for (std::size_t rows : row_counts()) {
        for (std::size_t cols : col_counts()) {
            // A token count for each shape, in turn; one token (GEMV) every other time.
            const std::size_t tokens = i % 2 ? 1 : 1 + i * 7 % 11;
            check<TestType>({rows, cols, tokens}, i, i % 3 != 0);
            ++i;
        }
    }
}

TEMPLATE_LIST_TEST_CASE("any number of tokens", "[gemm]", bitnet::products) {
    for (std::size_t tokens = 1; tokens <= 19; ++tokens) {
        for (const auto& [rows, cols] :
             {std::pair<std::size_t, std::size_t>{50, 129}, {17, 33}, {3, 300}, {112, 64}}) {
            check<TestType>({rows, cols, tokens}, tokens);
        }
    }
}

TEMPLATE_LIST_TEST_CASE("many tokens", "[gemm]", bitnet::products) {
    // Around the 512 columns and 64 tokens that are unpacked together, and stripes of 3 row blocks.
    std::size_t i = 0;
    for (std::size_t tokens : {63u, 64u, 65u, 66u, 69u, 127u, 130u}) {
        for (std::size_t cols : {511u, 512u, 513u, 1024u, 1067u}) {
            ++i;
            check<TestType>({1 + i * 31 % 100, cols, tokens}, i, i % 2 == 0);
        }
    }
}

TEMPLATE_LIST_TEST_CASE("no tokens", "[gemm]", bitnet::products) {
    const Product<TestType> product({20, 40, 1}, 3);
    auto none = product.quantized();
    none.tokens = 0;
    for (const auto* table : support::clusters()) {
        CAPTURE(table->name);
        table->get<bitnet::functions::GemmDots<TestType>>()(product.view(), none, {nullptr, 0, 20},
                                                            0, 20);
        table->get<bitnet::functions::Gemm<TestType>>()(product.view(), none, {}, nullptr,
                                                        {nullptr, 0, 20}, 0, 20);
    }
    SUCCEED("nothing was read or written");
}

TEMPLATE_LIST_TEST_CASE("groups along the columns have their own scales", "[gemm]",
                        bitnet::products) {
    std::size_t i = 0;
    for (std::size_t group : {32u, 64u, 128u, 256u}) {
        for (std::size_t cols : {std::size_t{1}, group - 1, group, group + 1, 2 * group - 1,
                                 2 * group, 2 * group + 33, 3 * group + 2}) {
            for (std::size_t tokens : {1u, 2u, 9u}) {
                ++i;
                check<TestType>({1 + i * 13 % 67, cols, tokens, group}, i, i % 2 == 0);
            }
        }
    }
    // More groups than one call of a tile takes.
    for (std::size_t tokens : {1u, 8u, 17u}) check<TestType>({67, 650, tokens, 32}, tokens, true);
    check<TestType>({17, 3300, 1, 32}, 18, false);
    // From 16 tokens on codes are unpacked: more groups and more tokens than are unpacked at once.
    for (std::size_t group : {32u, 64u, 128u, 256u}) {
        for (std::size_t tokens : {17u, 69u}) {
            check<TestType>({35, 601, tokens, group}, tokens + group, tokens == 17);
        }
    }
}

TEMPLATE_LIST_TEST_CASE("groups of tokens have their own scales", "[gemm]", bitnet::products) {
    // The weights' groups may be wider or narrower, or none.
    std::size_t i = 0;
    for (std::size_t scale_group : {32u, 64u, 128u}) {
        for (std::size_t group : {0u, 32u, 64u, 128u, 256u}) {
            const std::size_t widest = std::max(group, scale_group);
            for (std::size_t cols : {std::size_t{1}, widest - 1, widest, widest + 1,
                                     2 * widest + 33, 3 * widest + 2}) {
                ++i;
                const std::size_t tokens = i % 2 ? 1 : 1 + i * 7 % 11;
                check<TestType>({1 + i * 13 % 67, cols, tokens, group, scale_group}, i, i % 3 != 0);
            }
            for (std::size_t tokens : {17u, 69u}) { // codes are unpacked, 512 columns at a time
                check<TestType>({35, 601, tokens, group, scale_group}, tokens + group,
                                tokens == 17);
            }
        }
    }
    for (std::size_t tokens = 1; tokens <= 40; ++tokens) {
        check<TestType>({50, 157, tokens, tokens % 3 ? 0u : 64u, 32}, tokens);
    }
    check<TestType>({17, 3300, 1, 128, 32}, 18, false); // more groups than one call of a tile takes
    check<TestType>({67, 650, 8, 0, 32}, 19, true);
}

TEMPLATE_LIST_TEST_CASE("row ranges write their rows and nothing else", "[gemm]",
                        bitnet::products) {
    constexpr std::size_t rows = 83, stride = 91;
    constexpr std::size_t edges[] = {0, 1, 15, 16, 17, 40, 48, 64, 79, 80, 82, 83};
    for (std::size_t tokens : {1u, 5u, 17u}) {
        for (const auto& [group, scale_group] :
             {std::pair<std::size_t, std::size_t>{0, 0}, {32, 0}, {0, 32}}) {
            const Shape shape{rows, 70, tokens, group, scale_group};
            if (!support::takes<TestType>(shape)) continue;
            const Product<TestType> product(shape, tokens);
            const auto all_dots = product.expected_dots(0, rows, stride);
            for (std::size_t begin : edges) {
                for (std::size_t end : edges) {
                    if (end < begin) continue;
                    const auto dots = product.expected_dots(begin, end, stride);
                    const auto floats = product.expected_floats(begin, end, stride);
                    for (const auto* table : support::clusters()) {
                        INFO(table->name << ": rows " << begin << " to " << end << ", " << tokens
                                         << " tokens, groups " << shape.group << " and "
                                         << shape.scale_group);
                        REQUIRE(difference(product.dots(*table, begin, end, stride), dots) == "");
                        REQUIRE(difference(product.floats(*table, begin, end, stride), floats) ==
                                "");
                    }
                }
            }
        }
    }
}

TEMPLATE_LIST_TEST_CASE("more tokens than fit the cache at once", "[gemm]", bitnet::products) {
    // Tokens go in chunks of 1 MiB: 8 columns of a word each make a token of 4 to 40000 bytes.
    constexpr bool int8 = std::is_same_v<typename TestType::Codes, bitnet::Int8>;
    constexpr std::size_t cols = int8 ? 40000 : 130000, tokens = int8 ? 35 : 83;
    // Too large for the oracle: rows all +1, all -1 or (ternary) all 0, whose dots are the sums of
    // the tokens, and other rows in each block of 16.
    constexpr bool ternary = std::is_same_v<typename TestType::Weights, bitnet::Ternary>;
    const std::size_t rows = 40;
    const auto weight = [](std::size_t row) {
        return row % 3 == 0 ? 1 : row % 3 == 1 ? -1 : ternary ? 0 : 1;
    };
    std::vector<std::int8_t> w(rows * cols);
    for (std::size_t r = 0; r < rows; ++r) {
        std::fill_n(w.begin() + static_cast<long>(r * cols), cols,
                    static_cast<std::int8_t>(weight(r)));
    }
    std::vector<std::int8_t> x(tokens * cols);
    std::vector<std::int32_t> expected(tokens * rows);
    for (std::size_t t = 0; t < tokens; ++t) {
        const auto code = static_cast<std::int8_t>(int8    ? static_cast<int>(t) - 17
                                                   : t % 2 ? -1
                                                           : 1);
        std::fill_n(x.begin() + static_cast<long>(t * cols), cols, code);
        x[t * cols + t] = 1;
        const std::int32_t sum = code * static_cast<std::int32_t>(cols - 1) + 1;
        for (std::size_t r = 0; r < rows; ++r) expected[t * rows + r] = weight(r) * sum;
    }
    const Product<TestType> product({rows, cols, tokens}, w, x);
    for (const auto* table : support::clusters()) {
        CAPTURE(table->name);
        if (std::string_view(table->name) == "scalar") continue; // it has no tiles to go wrong
        REQUIRE(difference(product.dots(*table, 0, rows, rows), expected) == "");
    }
}
