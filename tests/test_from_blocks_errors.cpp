// SPDX-License-Identifier: MIT
// What makes no layer of blocks is refused, with its place.
#include <algorithm>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>

#include "block_layers.hpp"

using namespace block_layers;

TEMPLATE_LIST_TEST_CASE("what is wrong, and where", "[from_blocks]", block_types) {
    using W = Weights<TestType>;
    using L = Layer<TestType>;
    support::Random random(48);
    const std::size_t rows = 35, cols = 512, blocks = cols / TestType::cols;
    const auto codes = some_codes<W>(random, rows * cols);
    auto scales = different_scales(random, rows * cols / 64);
    if (!BlockView<TestType>::has_block_scales) scales = {std::bit_cast<std::uint32_t>(0.5f)};
    const BlockFile file = BlockFile::write(TestType::name, rows, cols, codes, scales);
    REQUIRE(outcome(made<L, TestType>(file)) == "ok");

    const auto of = [&](std::size_t r, std::size_t c) {
        return L::template from_blocks<TestType>(std::as_bytes(std::span(file.bytes)), r, c);
    };
    const std::size_t most = max_cols / 256 * 256 + 256, all = static_cast<std::size_t>(-1);
    CHECK(outcome(of(0, cols)) == "empty_shape at 0");
    CHECK(outcome(of(rows, 0)) == "empty_shape at 0");
    CHECK(outcome(of(1, most)) == "too_large at 0");
    CHECK(outcome(of(all, 256)) == "too_large at 0");
    CHECK(outcome(of(rows + 4, cols)) == "wrong_size at " + std::to_string(file.bytes.size()));
    if (TestType::cols > 1) {
        CHECK(outcome(of(rows, cols + 32)) == "wrong_size at 512");
        CHECK(of(rows, cols + 32).error().message() == std::string(TestType::name) +
                                                           ": cols must be a multiple of " +
                                                           std::to_string(TestType::cols));
    }

    // Codes that are none, at places where they are the first of the matrix.
    if (!std::is_same_v<W, Binary>) {
        const bool three_is_none =
            TestType::name == std::string("TQ1_0") || TestType::name == std::string("PTQ1_0");
        for (std::size_t at : {std::size_t{0}, std::size_t{1}, std::size_t{300}, 16 * cols,
                               20 * cols + 511, rows * cols - 1}) {
            auto wrong = codes;
            wrong[at] = 2;
            wrong[std::min(at + 77, rows * cols - 1)] = 2;
            if (three_is_none) break;
            const auto result =
                made<L, TestType>(BlockFile::write(TestType::name, rows, cols, wrong, scales));
            CHECK(outcome(result) == "bad_code at " + std::to_string(at));
            CHECK(result.error().message() == "ternary codes are -1 to 1");
            if (BlockView<TestType>::has_block_scales) { // and where the scale makes zeros of all
                auto zero = scales;
                zero[at / TestType::cols] = 0;
                CHECK(outcome(made<L, TestType>(BlockFile::write(TestType::name, rows, cols, wrong,
                                                                 zero))) == outcome(result));
            }
        }
    }

    // Scales and factors that are no numbers.
    const float inf = std::numeric_limits<float>::infinity();
    for (float factor : {inf, -inf, std::numeric_limits<float>::quiet_NaN()}) {
        const auto result = made<L, TestType>(file, {.factor = factor});
        CHECK(outcome(result) == "bad_scale at 0");
        CHECK(result.error().message() == "the factor of the scales is NaN or infinite");
    }
    if (BlockView<TestType>::has_block_scales) {
        for (std::uint32_t bad :
             {infinite, infinite | minus_zero, not_a_number, not_a_number | minus_zero}) {
            for (std::size_t block : {std::size_t{0}, blocks + 1, rows * blocks - 1}) {
                auto wrong = scales;
                wrong[block] = bad;
                wrong[rows * blocks - 1] = bad;
                const auto result =
                    made<L, TestType>(BlockFile::write(TestType::name, rows, cols, codes, wrong));
                CHECK(outcome(result) == "bad_scale at " + std::to_string(block * TestType::cols));
            }
        }
        auto large = std::vector<std::uint32_t>(rows * blocks, one);
        large[3] = 0x7bff; // 65504
        const auto result = made<L, TestType>(
            BlockFile::write(TestType::name, rows, cols, codes, large), {.factor = 1e35f});
        CHECK(outcome(result) ==
              "bad_scale at " + std::to_string(3 * TestType::cols)); // the product
    }
    if (std::is_same_v<TestType, bitnet::blocks::I2_S>) {
        const auto bad = BlockFile::write("I2_S", rows, cols, codes, {0xff800000u});
        CHECK(outcome(made<L, TestType>(bad)) == "bad_scale at 0");
    }

    std::vector<float> bias(rows, 1.0f);
    bias[7] = inf;
    CHECK(outcome(made<L, TestType>(file, {.bias = bias})) == "bad_bias at 7");
    bias.pop_back();
    CHECK(outcome(made<L, TestType>(file, {.bias = bias})) == "wrong_size at 34");
}
