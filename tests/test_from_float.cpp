// SPDX-License-Identifier: MIT
// Layers from float weights: absmean scales, codes, centring, ties; and all with one scale a row or
// a group.
#include <bitnet/bitlinear.hpp>

#include <algorithm>
#include <cfloat>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>

#include "format_cases.hpp"
#include "support.hpp"

using namespace bitnet;

namespace {

template <class Weights>
void check(const std::vector<float>& w, std::size_t rows, std::size_t cols,
           WeightOptions options = {}, const std::vector<float>& bias = {}) {
    CAPTURE(rows, cols, options.centred, options.per_row, options.group);
    const auto expected = oracle::quantize_weights(
        w, rows, cols,
        {Weights::bits == 1, options.centred, options.per_row, options.group,
         Weights::bits > 2 ? (1 << (Weights::bits - 1)) - 1 : 0});
    const auto layer = BitLinear<Weights, Int8>::from_float(w, rows, cols, bias, options);
    REQUIRE(layer);
    REQUIRE(layer->verify());
    REQUIRE(layer->rows() == rows);
    REQUIRE(layer->cols() == cols);
    REQUIRE(layer->group() == options.group);
    const std::size_t groups = options.group ? (cols + options.group - 1) / options.group : 1;
    std::vector<std::int8_t> codes;
    std::vector<float> scales, all_scales;
    for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t c = 0; c < cols; ++c)
            codes.push_back(static_cast<std::int8_t>(layer->code(r, c)));
        for (std::size_t g = 0; g < groups; ++g) {
            scales.push_back(layer->scale(r, g));
            all_scales.push_back(expected.scales.size() == 1 ? expected.scales[0]
                                                             : expected.scales[r * groups + g]);
        }
    }
    REQUIRE(support::difference(codes, expected.codes) == "");
    REQUIRE(support::difference(scales, all_scales) == "");
    // The same layer from the oracle's codes: the same bytes.
    const auto same = BitLinear<Weights, Int8>::from_codes(expected.codes, rows, cols,
                                                           expected.scales, bias, options.group);
    REQUIRE(same);
    REQUIRE(std::ranges::equal(layer->bytes(), same->bytes()));
}

} // namespace

TEMPLATE_LIST_TEST_CASE("random weights", "[bitlinear]", weight_formats) {
    support::Random random(40);
    for (std::size_t rows : {1u, 2u, 16u, 35u}) {
        for (std::size_t cols : {1u, 3u, 17u, 31u, 32u, 64u, 129u}) {
            for (float size : {1.0f, 1e-3f, 1e3f}) {
                auto w = random.reals(rows * cols, size);
                for (float& v : w) v += size * 0.1f; // a mean that is not zero
                check<TestType>(w, rows, cols);
                check<TestType>(w, rows, cols, {.centred = true});
                check<TestType>(w, rows, cols, {.per_row = true}, random.reals(rows));
                check<TestType>(w, rows, cols, {.centred = true, .per_row = true});
                for (std::size_t group : {32u, 64u, 128u, 256u}) {
                    check<TestType>(w, rows, cols, {.centred = cols % 2 == 0, .group = group});
                }
            }
        }
    }
}

TEST_CASE("weights that were moved from are empty", "[bitlinear]") {
    auto first = quantize_weights<Ternary>(std::vector<float>(12, 1.0f), 3, 4).value();
    REQUIRE(first);
    const auto second = std::move(first);
    CHECK_FALSE(first);
    CHECK(first.codes().empty());
    CHECK(first.scales().empty());
    CHECK(second.codes().size() == 12);
}

TEST_CASE("ties round to even", "[bitlinear]") {
    // The mean of |w| is 1: 0.5 and -0.5 are ties and become 0, 1.5 is clamped.
    const std::vector<float> w{0.5f, -0.5f, 1.5f, -1.5f, 1.0f, -1.0f, 2.0f, 0.0f};
    const auto layer = BitLinear<Ternary, Int8>::from_float(w, 2, 4).value();
    const int expected[] = {0, 0, 1, -1, 1, -1, 1, 0};
    for (std::size_t i = 0; i < 8; ++i) CHECK(layer.code(i / 4, i % 4) == expected[i]);
    CHECK(layer.scale(0) == 1.0f);
    check<Ternary>(w, 2, 4);

    // Just beyond a tie.
    const float above = std::bit_cast<float>(std::bit_cast<std::uint32_t>(0.5f) + 1);
    const float below = std::bit_cast<float>(std::bit_cast<std::uint32_t>(0.5f) - 1);
    const std::vector<float> close{above, -above, below, -below, 1.0f, 1.0f, 1.0f, 3.0f};
    check<Ternary>(close, 1, 8);
    // Many scales, weights on and around half of them: w * (1 / scale) is rounded as the oracle's.
    support::Random random(41);
    for (int i = 0; i < 300; ++i) {
        const float scale = 0.01f + std::fabs(random.real());
        std::vector<float> around;
        for (int ulp = -3; ulp <= 3; ++ulp) {
            around.push_back(std::bit_cast<float>(std::bit_cast<std::int32_t>(scale / 2) + ulp));
        }
        around.push_back(8 * scale - 3.5f * scale); // brings the mean close to scale
        check<Ternary>(around, 1, around.size());
    }
}

TEMPLATE_LIST_TEST_CASE("the largest weight has the largest code", "[bitlinear]",
                        support::WideFormats) {
    constexpr int most = TestType::max_code;
    const float m = static_cast<float>(most); // the scale is 1; ties round to even
    const std::vector<float> w{m, -m, 0.5f, 1.5f, -0.5f, -2.5f, 4.5f, 0.0f};
    const auto layer = BitLinear<TestType, Int8>::from_float(w, 2, 4).value();
    const int expected[] = {most, -most, 0, 2, 0, -2, 4, 0};
    for (std::size_t i = 0; i < 8; ++i) CHECK(layer.code(i / 4, i % 4) == expected[i]);
    CHECK(layer.scale(0) == 1.0f);
    check<TestType>(w, 2, 4);

    // Rows of any size, one after the other; the largest weight's code is exact whatever it is.
    support::Random random(42);
    std::vector<float> rows;
    for (int i = 0; i < 2000; ++i) {
        const float size =
            std::bit_cast<float>(static_cast<std::uint32_t>(0x0e000000 + random.below(0x71000000)));
        for (float part : {1.0f, -1.0f, 0.5f, -0.25f, random.real()}) rows.push_back(size * part);
    }
    check<TestType>(rows, 2000, 5, {.per_row = true});
    const auto each = BitLinear<TestType, Int8>::from_float(rows, 2000, 5, {}, {.per_row = true});
    for (std::size_t r = 0; r < 2000; ++r) {
        REQUIRE(each->code(r, 0) == most);
        REQUIRE(each->code(r, 1) == -most);
    }
    // Rows of zeros, and of weights too small for a scale.
    const std::vector<float> small{0.0f, -0.0f, 1e-40f, -1e-40f, 1e-33f, -1e-33f, 1e-30f, -1e-30f};
    check<TestType>(small, 4, 2, {.per_row = true});
    const auto none = BitLinear<TestType, Int8>::from_float(small, 4, 2, {}, {.per_row = true});
    for (std::size_t r = 0; r < 3; ++r) CHECK(none->code(r, 0) == 0);
    CHECK(none->code(3, 0) == most);
}

TEMPLATE_LIST_TEST_CASE("weights of all sizes", "[bitlinear]", weight_formats) {
    check<TestType>({0.0f}, 1, 1);
    check<TestType>({-0.0f, 0.0f, -0.0f, 0.0f}, 2, 2);
    check<TestType>({1e-40f, -1e-40f, FLT_TRUE_MIN, -FLT_TRUE_MIN}, 2, 2);
    check<TestType>({1e-5f, -1e-5f, 4e-6f, -6e-6f, 5e-6f, -5e-6f}, 1, 6);
    check<TestType>({FLT_MAX, -FLT_MAX, FLT_MAX, FLT_MAX}, 1, 4);
    check<TestType>({FLT_MAX, -1.0f, FLT_MIN, 0.0f}, 4, 1, {.centred = true});
    check<TestType>(std::vector<float>(40, -2.5f), 4, 10);
    check<TestType>(std::vector<float>(40, -2.5f), 4, 10, {.centred = true});
    check<TestType>(std::vector<float>(40, 0.0f), 4, 10, {.centred = true, .group = 32});
}

TEST_CASE("centring takes the mean away before the sign", "[bitlinear]") {
    const std::vector<float> w{1.0f, 2.0f, 3.0f, 4.0f, 2.5f}; // mean 2.5
    const auto plain = BitLinear<Binary, Int8>::from_float(w, 1, 5).value();
    const auto centred =
        BitLinear<Binary, Int8>::from_float(w, 1, 5, {}, {.centred = true}).value();
    const int expected[] = {-1, -1, 1, 1, 1};
    for (std::size_t c = 0; c < 5; ++c) {
        CHECK(plain.code(0, c) == 1);
        CHECK(centred.code(0, c) == expected[c]);
    }
    CHECK(centred.scale(0) == 2.5f);
    // Zero counts as +1, of either sign.
    const auto zeros =
        BitLinear<Binary, Sign>::from_float(std::vector<float>{-0.0f, 0.0f}, 1, 2).value();
    CHECK(zeros.code(0, 0) == 1);
    CHECK(zeros.code(0, 1) == 1);
}

TEMPLATE_LIST_TEST_CASE("the run-time choice makes the same layer", "[bitlinear]", weight_formats) {
    support::Random random(5);
    const auto w = random.reals(37 * 70);
    using Layer = BitLinear<TestType, Int8>;
    const auto here = Layer::from_float(w, 37, 70, {}, {.group = 32}).value();
    const auto dynamic =
        Layer::template from_float<isa::dynamic>(w, 37, 70, {}, {.group = 32}).value();
    CHECK(std::ranges::equal(here.bytes(), dynamic.bytes()));
}

TEST_CASE("a mean of millions of weights is taken in double", "[bitlinear]") {
    // In float the running sum would stop growing at 2^24 times the smallest addend.
    std::vector<float> w(1 << 20, 1.0f);
    w[0] = 0x1p24f;
    check<Ternary>(w, 1 << 10, 1 << 10);
    const auto layer = BitLinear<Ternary, Int8>::from_float(w, 1 << 10, 1 << 10).value();
    CHECK(layer.scale(0) == static_cast<float>((0x1p24 + 1048575.0) / 1048576.0));
}
