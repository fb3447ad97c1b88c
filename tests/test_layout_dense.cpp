// SPDX-License-Identifier: MIT
// Dense16: the digits of a byte, the bytes that are none, a layer's bytes.
#include <bitnet/bitlinear.hpp>
#include <bitnet/pack.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "file_words.hpp"

using namespace bitnet;
using layout::Dense16;

TEST_CASE("a dense byte holds each five digits once", "[layout]") {
    std::size_t legal = 0;
    for (unsigned byte = 0; byte < 256; ++byte) {
        if (!Dense16::is_legal(byte)) continue;
        ++legal;
        unsigned u[5];
        Dense16::decode(byte, u);
        CAPTURE(byte);
        REQUIRE(std::ranges::max(u) < 3);
        REQUIRE(Dense16::encode(u) == byte);
    }
    CHECK(legal == 243);
}

TEST_CASE("a dense matrix has five values a byte", "[layout]") {
    for (std::size_t cols : {1u, 19u, 20u, 21u, 100u, 129u}) {
        const Dense16::mapping<Ternary> map{17, cols};
        CHECK(map.padded_cols() == (cols + 19) / 20 * 20);
        CHECK(map.padded_rows() * map.padded_cols() == map.bytes() * 5);
    }
}

TEST_CASE("a byte beyond the 243 is not five codes", "[pack]") {
    // Rows 0 .. 16, columns 0 .. 42: lines end at 20 and 40; the last byte of a line may be
    // padding.
    constexpr std::size_t rows = 17, cols = 43;
    const std::vector<std::int8_t> codes(rows * cols, 0);
    auto packed = pack<Ternary, Dense16>(codes, rows, cols);
    REQUIRE(packed);
    const auto map = packed->view().mapping();
    for (std::size_t i = 0; i < map.bytes(); ++i) {
        const std::size_t r = i / map.block_bytes() * 16 + i % 64 / 4;
        const std::size_t c = i % map.block_bytes() / 64 * 20 + i % 4;
        for (unsigned byte = 0; byte < 256; ++byte) {
            if (Dense16::is_legal(byte)) continue;
            CAPTURE(i, byte);
            packed->data()[i] = static_cast<std::uint8_t>(byte);
            const Result<void> found = verify(packed->view());
            REQUIRE_FALSE(found);
            const bool inside = r < rows && c < cols;
            REQUIRE(found.error().code == (inside ? Errc::bad_code : Errc::bad_padding));
            REQUIRE(found.error().where == (inside ? r * cols + c : i));
        }
        packed->data()[i] = 139; // five zeros
        REQUIRE(verify(packed->view()));
    }
}

TEST_CASE("a dense layer's bytes are those that docs/formats.md describes", "[bitlinear][bytes]") {
    const std::vector<std::int8_t> codes(22, -1); // one row: 20 columns and 2 of the next line
    const auto layer =
        BitLinear<Ternary, Int8, Dense16>::from_codes(codes, 1, 22, std::vector<float>{0.5f})
            .value();
    std::vector<std::byte> expected(64 + 64 + 128, std::byte{139}); // five zeros: t = 13, p = 4
    const std::uint32_t header[16] = {0x314c4e42, 2, 4, 0, 1, 0, 22};
    for (std::size_t i = 0; i < 16; ++i) {
        file_words::put(expected.data() + 4 * i, header[i]);
        file_words::put(expected.data() + 64 + 4 * i, 0.5f);
    }
    for (std::size_t j = 0; j < 4; ++j) expected[128 + j] = {}; // five times -1: t = 0, p = 0
    expected[192] = expected[193] = std::byte{32 + 8 * 4 + 3};  // -1 0 0 0 0: t = 4, p = 4
    const auto bytes = layer.bytes();
    REQUIRE(bytes.size() == expected.size());
    CHECK(std::memcmp(bytes.data(), expected.data(), expected.size()) == 0);
}
