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

TEST_CASE("a dense step holds 256 columns in 13 lines", "[layout]") {
    for (std::size_t cols : {1u, 20u, 255u, 256u, 257u, 700u}) {
        const Dense16::mapping<Ternary> map{17, cols};
        CHECK(map.padded_cols() == (cols + 255) / 256 * 256);
        CHECK(map.bytes() == 2 * map.padded_cols() / 256 * 13 * 64);
    }
    // Every value in a place of its own: five in a byte, four in those of the last line.
    const Dense16::mapping<Ternary> map{16, 512};
    std::vector<int> values(map.bytes());
    for (std::size_t r = 0; r < 16; ++r) {
        for (std::size_t c = 0; c < 512; ++c) ++values[map.byte_of(r, c)];
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
        CAPTURE(i);
        REQUIRE(values[i] == (i / 64 % 13 == 12 ? 4 : 5));
    }
}

TEST_CASE("a byte that holds no codes is found", "[pack]") {
    // Rows 0 .. 16, columns 0 .. 249: bytes of the last lines are padding, in whole or in part.
    constexpr std::size_t rows = 17, cols = 250;
    const std::vector<std::int8_t> codes(rows * cols, 0);
    auto packed = pack<Ternary, Dense16>(codes, rows, cols);
    REQUIRE(packed);
    const auto map = packed->view().mapping();
    for (std::size_t i = 0; i < map.bytes(); i += 7) {
        const std::size_t line = i % map.block_bytes() / 64;
        const std::size_t r = i / map.block_bytes() * 16 + i % 64 / 4, c = line * 20 + i % 4;
        std::size_t illegal = 0;
        for (unsigned byte = 0; byte < 256; ++byte) {
            // The last line has no fifth digit: that is 0, or the byte no code.
            unsigned u[5] = {3, 3, 3, 3, 3};
            if (Dense16::is_legal(byte)) Dense16::decode(byte, u);
            if (line == 12 ? u[4] == 0 : u[4] < 3) continue;
            ++illegal;
            CAPTURE(i, byte);
            packed->data()[i] = static_cast<std::uint8_t>(byte);
            const Result<void> found = verify(packed->view());
            REQUIRE_FALSE(found);
            const bool inside = r < rows && c < cols;
            REQUIRE(found.error().code == (inside ? Errc::bad_code : Errc::bad_padding));
            REQUIRE(found.error().where == (inside ? r * cols + c : i));
        }
        REQUIRE(illegal == 256 - (line == 12 ? 81 : 243));
        packed->data()[i] = line == 12 ? 138 : 139; // four or five zeros
        REQUIRE(verify(packed->view()));
    }
}

TEST_CASE("a dense layer's bytes are those that docs/formats.md describes", "[bitlinear][bytes]") {
    // One row: 12 lines of 20 columns, a last one of 16, and 2 columns of the next step.
    const std::vector<std::int8_t> codes(258, -1);
    const auto layer =
        BitLinear<Ternary, Int8, Dense16>::from_codes(codes, 1, 258, std::vector<float>{0.5f})
            .value();
    std::vector<std::byte> expected(64 + 64 + 26 * 64, std::byte{139}); // 00000: t = 13, p = 4
    const std::uint32_t header[16] = {0x314c4e42, 2, 6, 0, 1, 0, 258};
    for (std::size_t i = 0; i < 16; ++i) {
        file_words::put(expected.data() + 4 * i, header[i]);
        file_words::put(expected.data() + 64 + 4 * i, 0.5f);
    }
    std::byte* const lines = expected.data() + 128;
    for (std::size_t i = 0; i < 128; ++i)
        lines[64 * (i < 64 ? 12 : 25) + i % 64] = std::byte{138}; // 0000
    for (std::size_t j = 0; j < 4; ++j) {
        for (std::size_t line = 0; line < 12; ++line) lines[64 * line + j] = {}; // ----- : 0, 0
        lines[64 * 12 + j] = {};                                                 // ----
    }
    lines[64 * 13] = lines[64 * 13 + 1] = std::byte{32 + 8 * 4 + 3}; // -0000: t = 4, p = 4
    const auto bytes = layer.bytes();
    REQUIRE(bytes.size() == expected.size());
    CHECK(std::memcmp(bytes.data(), expected.data(), expected.size()) == 0);
}
