// SPDX-License-Identifier: MIT
// Layers from blocks are those from the same codes and scales, bit for bit.
#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>

#include "block_layers.hpp"

using namespace block_layers;

TEMPLATE_LIST_TEST_CASE("a scale for each block", "[from_blocks]", block_types) {
    using W = Weights<TestType>;
    support::Random random(41);
    for (std::size_t rows : {1u, 2u, 15u, 16u, 17u, 50u}) {
        for (std::size_t blocks : {1u, 2u, 3u, 5u}) {
            for (float factor : {1.0f, -0.37f}) {
                const std::size_t cols =
                    TestType::cols == 1 ? 64 * blocks + 3 : TestType::cols * blocks;
                CAPTURE(TestType::name, rows, cols, factor);
                const auto codes = some_codes<W>(random, rows * cols);
                const bool outside = TestType::scale_at == bitnet::blocks::no_scale;
                auto scales = different_scales(random, rows * blocks);
                std::size_t group = 0;
                std::vector<float> wanted = floats_of(scales, factor);
                if (outside) {
                    scales.resize(1);
                    wanted = {TestType::cols == 1 ? factor : float_of(scales[0]) * factor};
                    scales[0] = std::bit_cast<std::uint32_t>(float_of(scales[0]));
                } else if (blocks > 1) {
                    group = TestType::cols;
                }
                const auto bias = rows % 2 ? random.reals(rows) : std::vector<float>();
                const auto file = BlockFile::write(TestType::name, rows, cols, codes, scales);
                const auto layer =
                    made<Layer<TestType>, TestType>(file, {.bias = bias, .factor = factor});
                REQUIRE(outcome(layer) == "ok");
                const auto want =
                    Layer<TestType>::from_codes(codes, rows, cols, wanted, bias, group);
                REQUIRE(want);
                REQUIRE(equal(*layer, *want));
                REQUIRE(layer->verify());
            }
        }
    }
}

TEST_CASE("scales of blocks stay halves where all of them are", "[from_blocks]") {
    using L = Layer<blocks::Q1_0>;
    support::Random random(47);
    const auto codes = some_codes<Binary>(random, 37 * 384);
    const auto scales = different_scales(random, 37 * 3);
    const auto file = BlockFile::write("Q1_0", 37, 384, codes, scales);
    const std::vector<std::uint16_t> halves(scales.begin(), scales.end());
    const auto layer = made<L, blocks::Q1_0>(file, {.half_scales = true}).value();
    CHECK(equal(layer, L::from_codes(codes, 37, 384, halves, {}, 128).value()));
    const auto floats = made<L, blocks::Q1_0>(file, {.factor = 0.3f, .half_scales = true}).value();
    CHECK(equal(floats, L::from_codes(codes, 37, 384, floats_of(scales, 0.3f), {}, 128).value()));
}

TEST_CASE("the scale of a block of zeros need be no half", "[from_blocks]") {
    using L = BitLinear<Ternary, Int8>;
    using B = blocks::Q2_0<64>;
    support::Random random(49);
    const std::size_t rows = 3, cols = 128;
    auto codes = some_codes<Ternary>(random, rows * cols);
    std::fill_n(codes.begin() + 64, 64, std::int8_t{0});
    const std::vector<std::uint32_t> scales{one, 0x3c01, half, one, one, half};
    const auto file = BlockFile::write(B::name, rows, cols, codes, scales);
    const auto layer = made<L, B>(file, {.factor = 3.0f, .half_scales = true}).value();
    REQUIRE(layer.scales().halves != nullptr); // 3, 1.5; 3 (1 + 2^-10) is none
    auto expected = floats_of(scales, 3.0f);
    expected[1] = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        CHECK(layer.scale(i / 2, i % 2) == expected[i]);
    }
}

TEMPLATE_TEST_CASE("every layout", "[from_blocks]", (BitLinear<Ternary, Int8>), Dense,
                   (BitLinear<Ternary, Sign>), (BitLinear<Ternary, Int8, layout::RowMajor>)) {
    support::Random random(42);
    for (std::size_t rows : {1u, 16u, 39u}) {
        const std::size_t cols = 512;
        const auto codes = some_codes<Ternary>(random, rows * cols);
        const auto scales = different_scales(random, rows);
        const auto file = BlockFile::write("TQ1_0", rows, cols, codes, repeated(scales, 2));
        const auto layer = made<TestType, blocks::TQ1_0>(file);
        REQUIRE(outcome(layer) == "ok");
        const auto want = TestType::from_codes(codes, rows, cols, floats_of(scales));
        REQUIRE(equal(*layer, want.value()));
        // One scale for each block, which stays a half.
        const auto by_block = different_scales(random, rows * 2);
        const auto grouped = made<TestType, blocks::TQ1_0>(
            BlockFile::write("TQ1_0", rows, cols, codes, by_block), {.half_scales = true});
        REQUIRE(outcome(grouped) == "ok");
        const std::vector<std::uint16_t> halves(by_block.begin(), by_block.end());
        REQUIRE(equal(*grouped, TestType::from_codes(codes, rows, cols, halves, {}, 256).value()));
    }
}

TEMPLATE_TEST_CASE("weights of more bits take the code 2", "[from_blocks]", Int4, Int8) {
    using L = BitLinear<TestType, Int8, layout::Rows16>;
    support::Random random(43);
    std::vector<std::int8_t> codes(20 * 128);
    for (auto& code : codes) code = static_cast<std::int8_t>(static_cast<int>(random.below(4)) - 1);
    const auto scales = different_scales(random, 20);
    const auto layer =
        made<L, blocks::Q2_0<128>>(BlockFile::write("Q2_0-g128", 20, 128, codes, scales));
    REQUIRE(outcome(layer) == "ok");
    CHECK(equal(*layer, L::from_codes(codes, 20, 128, floats_of(scales)).value()));
}

TEST_CASE("the same weights give the same layer, whatever the file", "[from_blocks]") {
    using L = BitLinear<Ternary, Int8>;
    support::Random random(44);
    const std::size_t rows = 19, cols = 768;
    const auto codes = some_codes<Ternary>(random, rows * cols);
    // Columns that share a scale; 0: all of the tensor.
    for (std::size_t shared :
         {std::size_t{0}, cols, std::size_t{256}, std::size_t{128}, std::size_t{64}}) {
        CAPTURE(shared);
        const std::size_t groups = shared ? cols / shared : 1;
        const auto scales = different_scales(random, shared ? rows * groups : 1);
        const auto want = L::from_codes(codes, rows, cols, floats_of(scales), {},
                                        shared == 0 || shared == cols ? 0 : shared)
                              .value();
        std::size_t files = 0;
        for_each_type(block_types{}, [&]<class B>() {
            const bool outside = B::scale_at == blocks::no_scale;
            if (std::is_same_v<B, blocks::Q1_0> || (outside && shared != 0) ||
                (shared != 0 && B::cols > shared)) {
                return;
            }
            CAPTURE(B::name);
            const std::size_t times = shared ? shared / B::cols : rows * cols / B::cols;
            std::vector<std::uint32_t> written = repeated(scales, times);
            const float factor = B::cols == 1 ? float_of(scales[0]) : 1.0f;
            if (outside) written = {std::bit_cast<std::uint32_t>(float_of(scales[0]))};
            const auto layer = made<L, B>(BlockFile::write(B::name, rows, cols, codes, written),
                                          {.factor = factor});
            REQUIRE(outcome(layer) == "ok");
            CHECK(equal(*layer, want));
            ++files;
        });
        CHECK(files == (shared == 0 ? 7 : shared >= 256 ? 5 : shared == 128 ? 3 : 1));
    }
}

TEST_CASE("groups of which the last is narrower", "[from_blocks]") {
    using L = BitLinear<Ternary, Int8>;
    support::Random random(45);
    const std::size_t rows = 3, cols = 320; // groups of 128, 128 and 64
    const auto codes = some_codes<Ternary>(random, rows * cols);
    const auto scales = different_scales(random, rows * 3);
    std::vector<std::uint32_t> written;
    for (std::size_t i = 0; i < scales.size(); ++i) {
        written.insert(written.end(), i % 3 == 2 ? 1 : 2, scales[i]);
    }
    const auto layer =
        made<L, blocks::Q2_0<64>>(BlockFile::write("Q2_0-g64", rows, cols, codes, written));
    REQUIRE(outcome(layer) == "ok");
    CHECK(layer->group() == 128);
    CHECK(equal(*layer, L::from_codes(codes, rows, cols, floats_of(scales), {}, 128).value()));
}

TEST_CASE("weights that are all zero have any scale", "[from_blocks]") {
    using L = BitLinear<Ternary, Int8>;
    using B = blocks::Q2_0<64>;
    support::Random random(46);
    const std::size_t rows = 18, cols = 256, blocks = cols / B::cols;
    const auto clear = [&](std::vector<std::int8_t>& codes, std::size_t block) {
        std::fill_n(codes.begin() + static_cast<long>(block * B::cols), B::cols, std::int8_t{0});
    };
    const auto layer_of = [&](const auto& codes, const auto& scales) {
        return made<L, B>(BlockFile::write(B::name, rows, cols, codes, scales)).value();
    };
    const auto codes = some_codes<Ternary>(random, rows * cols);
    // One block of zeros at a time, the first and the last of the matrix among them, by its codes
    // or by its scale. Then the codes of the block become 0.
    for (std::size_t block :
         {std::size_t{0}, std::size_t{1}, 4 * blocks, 5 * blocks + 2, rows * blocks - 1}) {
        CAPTURE(block);
        auto zeros = codes;
        clear(zeros, block);
        const auto tensor = L::from_codes(zeros, rows, cols, std::vector<float>{0.5f}).value();
        for (std::uint32_t other : {0u, one, minus_two, minus_zero}) {
            std::vector<std::uint32_t> scales(rows * blocks, half);
            scales[block] = other;
            CHECK(equal(layer_of(zeros, scales), tensor));
            if (float_of(other) == 0) CHECK(equal(layer_of(codes, scales), tensor));
        }
        // Scales of rows.
        auto of_rows = different_scales(random, rows);
        const auto per_row = L::from_codes(zeros, rows, cols, floats_of(of_rows)).value();
        for (std::uint32_t other : {0u, one, minus_zero}) {
            auto scales = repeated(of_rows, blocks);
            scales[block] = other;
            CHECK(equal(layer_of(zeros, scales), per_row));
        }
        // Of groups of 128, and where the whole of one is zero.
        const auto of_groups = different_scales(random, rows * 2);
        const auto per_group =
            L::from_codes(zeros, rows, cols, floats_of(of_groups), {}, 128).value();
        auto scales = repeated(of_groups, 2);
        scales[block] = one;
        CHECK(equal(layer_of(zeros, scales), per_group));
        clear(zeros, block ^ 1);
        auto floats = floats_of(of_groups);
        floats[block / 2] = 0;
        CHECK(equal(layer_of(zeros, scales),
                    L::from_codes(zeros, rows, cols, floats, {}, 128).value()));
    }
    // Nothing but zeros: the scale is 0, however it is written.
    const std::vector<std::int8_t> none(rows * cols, 0);
    const auto nothing = L::from_codes(none, rows, cols, std::vector<float>{0.0f}).value();
    CHECK(equal(layer_of(none, different_scales(random, rows * blocks)), nothing));
    CHECK(equal(layer_of(codes, std::vector<std::uint32_t>(rows * blocks, minus_zero)), nothing));
    const auto i2_s =
        BlockFile::write("I2_S", rows, cols, none, {std::bit_cast<std::uint32_t>(3.0f)});
    CHECK(equal(made<L, bitnet::blocks::I2_S>(i2_s).value(), nothing));
    const auto hf = BlockFile::write(bitnet::blocks::HfTernary::name, rows, cols, codes, {});
    CHECK(equal(made<L, bitnet::blocks::HfTernary>(hf, {.factor = 0.0f}).value(), nothing));
    // Rows of zeros beside others, the last among them.
    auto last = codes;
    std::fill_n(last.end() - 2 * cols, 2 * cols, std::int8_t{0});
    CHECK(equal(layer_of(last, std::vector<std::uint32_t>(rows * blocks, half)),
                L::from_codes(last, rows, cols, std::vector<float>{0.5f}).value()));
    auto row = codes;
    std::fill_n(row.begin() + 7 * cols, cols, std::int8_t{0});
    auto of_rows = different_scales(random, rows);
    auto floats = floats_of(of_rows);
    floats[7] = 0;
    CHECK(equal(layer_of(row, repeated(of_rows, blocks)),
                L::from_codes(row, rows, cols, floats).value()));
    // A product that is too small for a float is a scale of 0 too.
    const auto tiny =
        BlockFile::write(B::name, rows, cols, codes, std::vector<std::uint32_t>(rows * blocks, 1u));
    CHECK(equal(made<L, B>(tiny, {.factor = 1e-40f}).value(), nothing));
}

TEST_CASE("a scale of 0 is one where no weight is 0", "[from_blocks]") {
    using L = BitLinear<Binary, Int8>;
    support::Random random(47);
    const std::size_t rows = 17, cols = 256;
    const auto codes = random.codes<Binary>(rows * cols);
    for (std::uint32_t zero : {0u, minus_zero}) {
        std::vector<std::uint32_t> scales(rows * 2, half);
        scales[5] = zero;
        const auto layer =
            made<L, blocks::Q1_0>(BlockFile::write("Q1_0", rows, cols, codes, scales));
        REQUIRE(outcome(layer) == "ok");
        CHECK(equal(*layer, L::from_codes(codes, rows, cols, floats_of(scales), {}, 128).value()));
    }
    // The same bits as ternary weights: then these are zeros.
    using T = BitLinear<Ternary, Int8>;
    std::vector<std::uint32_t> scales(rows * 2, half);
    scales[5] = 0;
    auto zeros = codes;
    std::fill_n(zeros.begin() + 5 * 128, 128, std::int8_t{0});
    const auto ternary = made<T, blocks::Q1_0>(BlockFile::write("Q1_0", rows, cols, codes, scales));
    CHECK(
        equal(ternary.value(), T::from_codes(zeros, rows, cols, std::vector<float>{0.5f}).value()));
}
