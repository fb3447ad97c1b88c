// SPDX-License-Identifier: MIT
// The blocks of other programs' files: codes, scales and sizes.
#include <bitnet/blocks.hpp>

#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>

#include "block_oracle.hpp"
#include "fixtures.hpp"
#include "support.hpp"

using namespace bitnet;
using oracle::BlockFile;

namespace {

constexpr std::size_t huge = static_cast<std::size_t>(-1);

template <class Blocks>
BlockView<Blocks> view_of(const BlockFile& file) {
    return BlockView<Blocks>::make(std::as_bytes(std::span(file.bytes)), file.rows, file.cols)
        .value();
}
template <class Blocks>
BlockFile random_bytes(support::Random& random, std::size_t rows, std::size_t cols) {
    BlockFile file{Blocks::name, rows, cols, {}};
    file.bytes.resize(block_bytes<Blocks>(rows, cols).value());
    for (auto& byte : file.bytes) byte = static_cast<std::uint8_t>(random.next());
    return file;
}

std::vector<char> fixture(const std::string& name) {
    std::ifstream in(support::fixtures("gguf-qwen3/blocks") / name, std::ios::binary);
    REQUIRE(in);
    return std::vector<char>(std::istreambuf_iterator<char>(in), {});
}
template <class Blocks>
std::string fixture_name() {
    std::string name;
    for (const char* c = Blocks::name; *c; ++c) {
        name += *c >= 'A' && *c <= 'Z' ? static_cast<char>(*c - 'A' + 'a') : *c;
    }
    return name;
}

} // namespace

TEMPLATE_LIST_TEST_CASE("any bytes decode by the formulas", "[blocks]", block_types) {
    using View = BlockView<TestType>;
    support::Random random(31);
    for (std::size_t rows : {1u, 2u, 3u, 4u, 5u, 17u}) {
        for (std::size_t blocks : {1u, 2u, 3u, 7u, 8u, 9u}) {
            const std::size_t cols = blocks * TestType::cols;
            CAPTURE(TestType::name, rows, cols);
            const BlockFile file = random_bytes<TestType>(random, rows, cols);
            const View view = view_of<TestType>(file);
            CHECK(view.cols == view.scales() * view.scale_cols());
            std::vector<std::int8_t> codes(cols + 1, 99);
            for (std::size_t r = 0; r < rows; ++r) {
                view.decode_row(r, codes.data());
                std::size_t wrong = 0;
                for (std::size_t c = 0; c < cols; ++c) wrong += codes[c] != file.code(r, c);
                REQUIRE(wrong == 0);
                REQUIRE(codes[cols] == 99);
                for (std::size_t b = 0; View::has_block_scales && b < blocks; ++b) {
                    const double scale = oracle::half_value(file.scale(r, b));
                    const double got = static_cast<double>(view.scale(r, b));
                    REQUIRE((got == scale || (std::isnan(got) && std::isnan(scale))));
                    REQUIRE(std::signbit(got) == std::signbit(scale));
                }
            }
        }
    }
}

TEST_CASE("every half is read as it is", "[blocks]") {
    BlockFile file{blocks::Q1_0::name, 1, 128, std::vector<std::uint8_t>(18)};
    const auto view = view_of<blocks::Q1_0>(file);
    std::size_t wrong = 0;
    for (unsigned half = 0; half < 65536; ++half) {
        file.bytes[0] = static_cast<std::uint8_t>(half);
        file.bytes[1] = static_cast<std::uint8_t>(half >> 8);
        const double value = oracle::half_value(static_cast<std::uint16_t>(half));
        const double got = static_cast<double>(view.scale(0, 0));
        wrong += !(got == value || (std::isnan(got) && std::isnan(value))) ||
                 std::signbit(got) != std::signbit(value);
    }
    CHECK(wrong == 0);
}

TEST_CASE("scales outside of the blocks", "[blocks]") {
    const std::vector<std::int8_t> codes(2 * 128, 1);
    const float scale = -0.3f;
    const auto file =
        BlockFile::write(blocks::I2_S::name, 2, 128, codes, {std::bit_cast<std::uint32_t>(scale)});
    REQUIRE(file.bytes.size() == 2 * 32 + 32);
    const auto view = view_of<blocks::I2_S>(file);
    CHECK(view.scales() == 1);
    CHECK(view.scale(0, 0) == scale);
    CHECK(view.scale(1, 0) == scale);
    const auto hf = BlockFile::write(blocks::HfTernary::name, 2, 128, codes, {});
    CHECK(view_of<blocks::HfTernary>(hf).scale(1, 0) == 1.0f);
}

TEST_CASE("a known block of PTQ1_0", "[blocks]") {
    const BlockFile file{blocks::PTQ1_0::name, 1, 128, {0x96, 0xc1, 0x43, 0xc8, 0x57, 0x06, 0x10,
                                                        0x32, 0x96, 0xc2, 0x47, 0xd5, 0x81, 0x82,
                                                        0x87, 0x96, 0x20, 0x21, 0x2f, 0xa2, 0xb4,
                                                        0x51, 0xd2, 0x60, 0x5f, 0xe4, 0x00, 0x3e}};
    const auto view = view_of<blocks::PTQ1_0>(file);
    CHECK(view.scale(0, 0) == 1.5f);
    std::vector<std::int8_t> codes(128), want(128);
    view.decode_row(0, codes.data());
    for (int j = 0; j < 128; ++j) {
        want[static_cast<std::size_t>(j)] =
            static_cast<std::int8_t>((j * j + 3 * j + 7) / 5 % 3 - 1);
    }
    CHECK(codes == want);
    // What writes blocks here writes that one.
    CHECK(BlockFile::write(blocks::PTQ1_0::name, 1, 128, want, {0x3e00}).bytes == file.bytes);
}

TEMPLATE_LIST_TEST_CASE("blocks that are written are read back", "[blocks]", block_types) {
    support::Random random(32);
    const std::size_t rows = 13, cols = 512;
    const bool binary = std::is_same_v<TestType, blocks::Q1_0>;
    const auto codes =
        binary ? random.codes<Binary>(rows * cols) : random.codes<Ternary>(rows * cols);
    std::vector<std::uint32_t> scales(rows * cols / 64);
    for (auto& scale : scales) scale = static_cast<std::uint32_t>(random.below(0x7c00));
    const auto file = BlockFile::write(TestType::name, rows, cols, codes, scales);
    const auto view = view_of<TestType>(file);
    std::vector<std::int8_t> out(codes.size());
    for (std::size_t r = 0; r < rows; ++r) view.decode_row(r, out.data() + r * cols);
    CHECK(out == codes);
}

TEMPLATE_LIST_TEST_CASE("blocks of other programs", "[blocks]", block_types) {
    if constexpr (!std::is_same_v<TestType, blocks::HfTernary>) { // which has no blocks of a row
        const auto bytes = fixture(fixture_name<TestType>() + ".blocks.bin");
        const auto stored = fixture(fixture_name<TestType>() + ".floats.f32");
        REQUIRE(stored.size() % (4 * TestType::cols) == 0);
        const std::size_t rows = stored.size() / 4 / TestType::cols;
        REQUIRE(rows == 64);
        const auto view =
            BlockView<TestType>::make(std::as_bytes(std::span(bytes)), rows, TestType::cols);
        REQUIRE(view);
        std::size_t wrong = 0;
        for (std::size_t r = 0; r < rows; ++r) {
            std::int8_t codes[TestType::cols];
            view->decode_row(r, codes);
            for (std::size_t c = 0; c < TestType::cols; ++c) {
                std::uint32_t bits = 0;
                for (std::size_t i = 0; i < 4; ++i) {
                    const char byte = stored[(r * TestType::cols + c) * 4 + i];
                    bits |= std::uint32_t{static_cast<std::uint8_t>(byte)} << 8 * i;
                }
                // That program takes the bits 3 of I2_S, which no file has, for 0.
                const int code =
                    std::is_same_v<TestType, blocks::I2_S> && codes[c] == 2 ? 0 : codes[c];
                wrong += static_cast<float>(code) * view->scale(r, 0) != std::bit_cast<float>(bits);
            }
        }
        CHECK(wrong == 0);
    }
}

TEMPLATE_LIST_TEST_CASE("sizes in bytes", "[blocks]", block_types) {
    const auto shape = oracle::block_shape(TestType::name);
    CHECK(TestType::cols == shape.cols);
    CHECK(TestType::bytes == shape.bytes);
    const std::size_t high = TestType::cols == 1 ? 4 : 1; // rows of a block
    const std::size_t tail = std::is_same_v<TestType, blocks::I2_S> ? 32 : 0;
    for (std::size_t rows : {1u, 3u, 4u, 5u, 1000u}) {
        CHECK(block_bytes<TestType>(rows, 3 * shape.cols).value() ==
              (rows + high - 1) / high * 3 * shape.bytes + tail);
    }
    const auto code_of = [](std::size_t rows, std::size_t cols) {
        const auto bytes = block_bytes<TestType>(rows, cols);
        return bytes ? "ok" : std::string(to_string(bytes.error().code));
    };
    CHECK(code_of(0, shape.cols) == "empty_shape");
    CHECK(code_of(1, 0) == "empty_shape");
    const std::size_t most = huge / shape.cols * shape.cols;
    CHECK(code_of(huge, most) == "too_large");
    CHECK(code_of(huge, shape.cols * 8) == "too_large");
    CHECK(code_of(huge / 2, most / 2 / shape.cols * shape.cols) == "too_large");
    if (tail != 0) CHECK(code_of(huge / shape.bytes, shape.cols) == "too_large"); // by the tail
    if (shape.cols > 1) {
        for (std::size_t cols :
             {std::size_t{1}, shape.cols - 1, shape.cols + 1, 3 * shape.cols - 32}) {
            const auto bytes = block_bytes<TestType>(2, cols);
            REQUIRE_FALSE(bytes);
            CHECK(bytes.error().code == Errc::wrong_size);
            CHECK(bytes.error().where == cols / shape.cols * shape.cols);
            CHECK(bytes.error().message() == std::string(TestType::name) +
                                                 ": cols must be a multiple of " +
                                                 std::to_string(shape.cols));
        }
    }
    const std::size_t size = block_bytes<TestType>(5, 2 * shape.cols).value();
    const std::vector<std::byte> bytes(size + 1);
    const std::span<const std::byte> all(bytes);
    REQUIRE(BlockView<TestType>::make(all.first(size), 5, 2 * shape.cols));
    const auto longer = BlockView<TestType>::make(all, 5, 2 * shape.cols);
    REQUIRE_FALSE(longer);
    CHECK(longer.error().code == Errc::wrong_size);
    CHECK(longer.error().where == size);
    CHECK(longer.error().message() ==
          std::string(TestType::name) + ": number of bytes is not that of the shape");
    const auto shorter = BlockView<TestType>::make(all.first(size - 1), 5, 2 * shape.cols);
    REQUIRE_FALSE(shorter);
    CHECK(shorter.error().where == size - 1);
}
