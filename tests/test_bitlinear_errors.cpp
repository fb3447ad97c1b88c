// SPDX-License-Identifier: MIT
// What BitLinear refuses, with which code and where; and sizes that overflow.
#include <bitnet/bitlinear.hpp>

#include <limits>
#include <string>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>

#include "file_words.hpp"
#include "format_cases.hpp"
#include "layer_kinds.hpp"
#include "support.hpp"

using namespace bitnet;

namespace {

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr std::size_t rows = 20, cols = 100;
constexpr std::size_t huge = static_cast<std::size_t>(-1);

struct Input {
    std::vector<std::int8_t> codes = std::vector<std::int8_t>(rows * cols, 1);
    std::vector<float> scales = std::vector<float>(rows, 0.5f),
                       bias = std::vector<float>(rows, 1.0f);
    std::vector<float> weights = std::vector<float>(rows * cols, 0.25f);
    std::size_t r = rows, c = cols, group = 0;
};

std::string is(Errc code, std::size_t where) {
    return std::string(to_string(code)) + " at " + std::to_string(where);
}
template <class Layer>
std::string outcome(const Result<Layer>& made) {
    if (made) return "ok";
    return is(made.error().code, made.error().where);
}

} // namespace

TEST_CASE("more scratch than a size_t counts", "[bitlinear][errors]") {
    CHECK(scratch_bytes<Int8>(huge / cols + 1, cols) == huge);
    CHECK(scratch_bytes<Sign>(huge / 64, max_cols, 32) == huge);
    CHECK(BitLinear<Ternary, Int8>().scratch_bytes(huge) == huge);
}

TEMPLATE_TEST_CASE("from_codes refuses what does not fit", "[bitlinear][errors]", Ternary, Binary) {
    using Layer = BitLinear<TestType, Int8>;
    Input in;
    const auto made = [&] {
        return outcome(Layer::from_codes(in.codes, in.r, in.c, in.scales, in.bias, in.group));
    };
    const auto code_of = [&](std::size_t r, std::size_t c) {
        const auto result = Layer::from_codes(in.codes, r, c, in.scales, in.bias, in.group);
        REQUIRE_FALSE(result);
        return result.error().code;
    };
    REQUIRE(made() == "ok");

    CHECK(code_of(0, cols) == Errc::empty_shape);
    CHECK(code_of(rows, 0) == Errc::empty_shape);
    CHECK(code_of(rows + 1, cols) == Errc::wrong_size);
    CHECK(code_of(rows, cols - 1) == Errc::wrong_size);
    CHECK(code_of(1, max_cols + 1) == Errc::too_large);
    CHECK(code_of(huge, 1) == Errc::too_large);
    CHECK(code_of(huge / cols + 1, cols) == Errc::too_large); // rows * cols wraps
    in.r = rows - 1;
    CHECK(made() == is(Errc::wrong_size, (rows - 1) * cols)); // the first code too many
    in.r = rows + 1;
    CHECK(made() == is(Errc::wrong_size, rows * cols)); // the first one missing
    in.r = rows;
    in.bias.pop_back();
    CHECK(made() == is(Errc::wrong_size, rows - 1));
    in.bias.assign(rows + 3, 0.0f);
    CHECK(made() == is(Errc::wrong_size, rows));
    in.bias.clear();
    CHECK(made() == "ok");

    for (std::size_t count : {0u, 2u, 19u, 21u, 40u}) {
        in.scales.assign(count, 1.0f);
        CHECK(made() == is(Errc::wrong_size, count < rows ? count : rows));
    }
    in.scales.assign(1, 1.0f);
    CHECK(made() == "ok");
    for (std::size_t group : {1u, 16u, 33u, 100u, 512u}) {
        in.group = group;
        CHECK(made() == is(Errc::bad_group, 0));
    }
    in.group = huge;
    CHECK(made() == is(Errc::bad_group, 0));
    in.group = 64;
    CHECK(made() == is(Errc::wrong_size, 1));
    in.scales.assign(rows * 2, 1.0f);
    CHECK(made() == "ok");
    in.group = 32;
    CHECK(made() == is(Errc::wrong_size, rows * 2)); // of rows * 4
    in.group = 0;

    in.scales.assign(rows, 1.0f);
    for (float bad :
         {not_a_number, infinity, -infinity, -not_a_number, std::bit_cast<float>(0x7f800001u)}) {
        in.scales[7] = bad;
        CHECK(made() == is(Errc::bad_scale, 7));
        in.scales[7] = 1.0f;
        in.bias.assign(rows, 0.0f);
        in.bias[19] = bad;
        CHECK(made() == is(Errc::bad_bias, 19));
        in.bias.clear();
    }
    for (int bad : {2, -2, 127, -128, std::is_same_v<TestType, Binary> ? 0 : 5}) {
        for (std::size_t at : {std::size_t{0}, std::size_t{1023}, rows * cols - 1}) {
            in.codes[at] = static_cast<std::int8_t>(bad);
            CHECK(made() == is(Errc::bad_code, at));
            in.codes[at] = 1;
        }
    }
    CHECK(made() == "ok");
    // Zero, negative, denormal and enormous scales are numbers.
    in.scales = {0.0f, -0.0f, -1.0f, 1e-42f, 3e38f};
    in.scales.resize(rows, 1.0f);
    CHECK(made() == "ok");
}

TEST_CASE("from_codes refuses halves that do not fit", "[bitlinear][errors]") {
    using Layer = BitLinear<Ternary, Int8>;
    const std::vector<std::int8_t> codes(rows * cols, 1);
    std::vector<std::uint16_t> scales(rows * ((cols + 63) / 64), 0x3c00);
    const auto made = [&](std::size_t group) {
        return outcome(Layer::from_codes(codes, rows, cols, scales, {}, group));
    };
    CHECK(made(64) == "ok");
    CHECK(made(0) == is(Errc::bad_group, 0));
    CHECK(made(48) == is(Errc::bad_group, 0));
    CHECK(made(32) == is(Errc::wrong_size, scales.size()));
    for (const unsigned bad : {0x7c00u, 0xfc00u, 0x7e01u, 0xffffu}) {
        scales[9] = static_cast<std::uint16_t>(bad);
        CHECK(made(64) == is(Errc::bad_scale, 9));
    }
}

TEMPLATE_LIST_TEST_CASE("wider weights allow fewer columns", "[bitlinear][errors]",
                        support::WideFormats) {
    using Layer = BitLinear<TestType, Int8>;
    constexpr std::size_t most = max_cols_of<TestType>;
    const std::vector<std::int8_t> codes(most + 1, 1);
    const std::vector<float> weights(most + 1, 1.0f), scale{1.0f};
    CHECK(Layer::from_codes(codes, 1, most + 1, scale).error().code == Errc::too_large);
    CHECK(Layer::from_float(weights, 1, most + 1).error().code == Errc::too_large);
    const auto widest = Layer::from_codes(std::span(codes).first(most), 1, most, scale);
    REQUIRE(widest);
    // A header that claims a column more, which the padding would hold.
    std::vector<std::byte> bytes(widest->bytes().begin(), widest->bytes().end());
    file_words::put(bytes.data() + 24, std::uint64_t{most + 1});
    CHECK(Layer::from_packed(bytes).error().code == Errc::too_large);
    std::vector<std::int8_t> wrong(100, 1);
    wrong[77] = 32;
    const auto made = Layer::from_codes(wrong, 1, 100, scale);
    CHECK(outcome(made) == (TestType::is_code(32) ? "ok" : is(Errc::bad_code, 77)));
}

TEMPLATE_TEST_CASE("from_float refuses what does not fit", "[bitlinear][errors]", Ternary, Binary) {
    using Layer = BitLinear<TestType, SignNorm>;
    Input in;
    WeightOptions options;
    const auto made = [&] {
        return outcome(Layer::from_float(in.weights, in.r, in.c, in.bias, options));
    };
    REQUIRE(made() == "ok");
    for (float bad : {not_a_number, infinity, -infinity, std::bit_cast<float>(0xff800001u)}) {
        for (std::size_t at : {std::size_t{0}, std::size_t{77}, rows * cols - 1}) {
            in.weights[at] = bad;
            CHECK(made() == is(Errc::bad_weight, at));
            in.weights[at] = 1.0f;
        }
        in.bias[3] = bad;
        CHECK(made() == is(Errc::bad_bias, 3));
        in.bias[3] = 1.0f;
    }
    in.weights.push_back(1.0f);
    CHECK(made() == is(Errc::wrong_size, rows * cols));
    in.weights.pop_back();
    in.bias.push_back(1.0f);
    CHECK(made() == is(Errc::wrong_size, rows));
    in.bias.clear();
    for (std::size_t group : {1u, 31u, 96u}) {
        options.group = group;
        CHECK(made() == is(Errc::bad_group, 0));
    }
    options.group = 0;
    in.r = 0;
    CHECK(made() == is(Errc::empty_shape, 0));
    in.r = 1;
    in.c = max_cols + 1;
    CHECK(made() == is(Errc::too_large, 0));
    in.r = huge;
    in.c = 16;
    CHECK(made() == is(Errc::too_large, 0));
}

TEMPLATE_LIST_TEST_CASE("sentences name the limits of the format", "[bitlinear][errors]",
                        support::ByteKinds) {
    using Weights = typename TestType::Weights;
    using Layer = typename TestType::Layer;
    const std::vector<float> scale{1.0f};
    const std::vector<std::int8_t> one(1, 1);
    const auto wide = Layer::from_codes(one, 1, max_cols_of<Weights> + 1, scale);
    CHECK(wide.error().message() ==
          "shape is too large: cols must be at most " + std::to_string(max_cols_of<Weights>));
    CHECK(Layer::from_float(scale, 1, max_cols_of<Weights> + 1).error().message() ==
          wide.error().message());
    const auto many = Layer::from_codes(one, huge, 1, scale);
    CHECK(many.error().message() == "shape is too large: size_t does not count its bytes");
    if (!Weights::is_code(Weights::minimum - 1 < -128 ? -128 : Weights::minimum - 1)) {
        const std::vector<std::int8_t> codes(1, static_cast<std::int8_t>(Weights::minimum - 1));
        CHECK(Layer::from_codes(codes, 1, 1, scale).error().message() ==
              std::string(Weights::name) + " codes are " + std::to_string(Weights::minimum) +
                  (Weights::bits == 1 ? " and " : " to ") + std::to_string(Weights::maximum));
    }
    CHECK(Layer::from_codes(one, 1, 1, scale, {}, 100).error().message() ==
          "group must be 0, 32, 64, 128 or 256");
}

TEST_CASE("which number is wrong is said", "[bitlinear][errors]") {
    using Layer = BitLinear<Ternary, Int8>;
    const std::vector<std::int8_t> codes(6, 1);
    const std::vector<float> scales(2, 1.0f), three(3, 1.0f);
    const auto message = [](const Result<Layer>& made) { return made.error().message(); };
    CHECK(message(Layer::from_codes(codes, 2, 4, scales)) == "number of codes is not rows * cols");
    CHECK(message(Layer::from_codes(codes, 2, 3, three)) ==
          "number of scales is neither 1 nor rows");
    CHECK(message(Layer::from_codes(codes, 2, 3, scales, three)) ==
          "number of bias values is neither 0 nor rows");
    CHECK(message(Layer::from_float(three, 2, 3)) == "number of weights is not rows * cols");
}

TEST_CASE("a wrong header is found where it is wrong", "[bitlinear][errors]") {
    using Layer = BitLinear<Ternary, Int8>;
    const Input in;
    const auto layer = Layer::from_codes(in.codes, rows, cols, in.scales, in.bias).value();
    std::vector<std::byte> bytes(layer.bytes().begin(), layer.bytes().end());
    for (std::size_t at : {0u, 4u, 8u, 12u, 32u, 36u, 40u, 57u, 63u}) {
        bytes[at] ^= std::byte{0x40};
        CHECK(outcome(Layer::from_packed(bytes)) == is(Errc::bad_header, at));
        bytes[at] ^= std::byte{0x40};
    }
    REQUIRE(Layer::from_packed(bytes));
    const std::size_t size = bytes.size();
    bytes.resize(size + 5);
    CHECK(outcome(Layer::from_packed(bytes)) == is(Errc::wrong_size, size));
    bytes.resize(size - 5);
    CHECK(outcome(Layer::from_packed(bytes)) == is(Errc::wrong_size, size - 5));
    bytes.resize(10);
    CHECK(outcome(Layer::from_packed(bytes)) == is(Errc::wrong_size, 10));
}

TEST_CASE("memory that cannot be had is an error", "[bitlinear][errors]") {
#if defined(__SANITIZE_ADDRESS__)
    SKIP("AddressSanitizer stops the program at an impossible allocation");
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
    SKIP("AddressSanitizer stops the program at an impossible allocation");
#endif
#endif
    const AlignedBytes memory(huge / 4);
    CHECK_FALSE(memory);
    CHECK(memory.size() == 0);
    CHECK(memory.data() == nullptr);
}

TEST_CASE("sizes of scratch do not wrap", "[bitlinear]") {
    const std::vector<std::int8_t> codes(300, 1);
    const std::vector<float> scale{1.0f};
    const auto int8 = BitLinear<Ternary, Int8>::from_codes(codes, 3, 100, scale).value();
    const auto sign = BitLinear<Binary, Sign>::from_codes(codes, 3, 100, scale).value();
    for (std::size_t tokens : {0u, 1u, 7u, 8u, 9u, 1000u}) {
        CAPTURE(tokens);
        CHECK(int8.scratch_bytes(tokens) >= tokens * (128 + 4));
        CHECK(int8.scratch_bytes(tokens) <= tokens * (128 + 8) + 3 * 64);
        CHECK(sign.scratch_bytes(tokens) >= tokens * (16 + 4));
        CHECK(sign.scratch_bytes(tokens) <= tokens * (16 + 8) + 3 * 64);
    }
    for (std::size_t tokens : {huge, huge - 1, huge / 2, huge / 16, huge / 128}) {
        CAPTURE(tokens);
        CHECK(int8.scratch_bytes(tokens) == huge);
    }
}
