// SPDX-License-Identifier: MIT
// Layouts: each mapping is bijective, stores where docs/formats.md says, and leaves its neighbours
// alone.
#include <bitnet/layout.hpp>
#include <bitnet/tensor.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>

#include "format_cases.hpp"
#include "support.hpp"

using namespace bitnet;
using Cases = support::FormatCases;

namespace {

constexpr std::size_t row_counts[] = {1, 2, 15, 16, 17, 32, 33};
constexpr std::size_t col_counts[] = {1,  3,  4,  15, 16, 17, 19, 20,  21,  31,
                                      32, 33, 40, 63, 64, 65, 99, 100, 128, 129};

} // namespace

TEMPLATE_LIST_TEST_CASE("sizes follow the shape", "[layout]", Cases) {
    using Format = typename TestType::Format;
    using Layout = typename TestType::Layout;
    for (std::size_t rows : row_counts) {
        for (std::size_t cols : col_counts) {
            CAPTURE(rows, cols);
            const typename Layout::template mapping<Format> map{rows, cols};
            REQUIRE(map.bytes() == oracle::stored_bytes(Layout::id, Format::bits, rows, cols));
            REQUIRE(map.padded_rows() >= rows);
            REQUIRE(map.padded_cols() >= cols);
            const std::size_t padded = map.padded_rows() * map.padded_cols();
            if (!support::shares_bits<Format, Layout>)
                REQUIRE(padded * Format::bits == map.bytes() * 8);
        }
    }
}

TEMPLATE_LIST_TEST_CASE("a value has a place of its own", "[layout]", Cases) {
    using Format = typename TestType::Format;
    using Layout = typename TestType::Layout;
    for (const auto& [rows, cols] :
         {std::pair<std::size_t, std::size_t>{3, 5}, {17, 33}, {16, 64}}) {
        CAPTURE(rows, cols);
        const typename Layout::template mapping<Format> map{rows, cols};
        // Every place in turn holds -1 among +1, then +1 among -1: the union of all places, padding
        // included, is all bits, and no place touches another's. Where values share bits, the bytes
        // tell by what the other places hold.
        for (unsigned u : {Format::encode(-1), Format::encode(1)}) {
            const unsigned other = Format::encode(1) + Format::encode(-1) - u;
            std::vector<std::uint8_t> bytes(map.bytes()), seen(map.bytes());
            const auto fill = [&] {
                for (std::size_t r = 0; r < map.padded_rows(); ++r) {
                    for (std::size_t c = 0; c < map.padded_cols(); ++c) {
                        map.store(bytes.data(), r, c, other);
                    }
                }
            };
            fill();
            const std::vector<std::uint8_t> before = bytes;
            bool overlaps = false, restored = true;
            for (std::size_t r = 0; r < map.padded_rows(); ++r) {
                for (std::size_t c = 0; c < map.padded_cols(); ++c) {
                    map.store(bytes.data(), r, c, u);
                    REQUIRE(map.load(bytes.data(), r, c) == u);
                    for (std::size_t i = 0; i < bytes.size(); ++i) {
                        const auto changed = static_cast<std::uint8_t>(bytes[i] ^ before[i]);
                        overlaps = overlaps || (!support::shares_bits<Format, Layout> &&
                                                (seen[i] & changed) != 0);
                        seen[i] = static_cast<std::uint8_t>(seen[i] | changed);
                    }
                    for (std::size_t k = 0;
                         support::shares_bits<Format, Layout> && k < map.padded_cols(); ++k) {
                        overlaps = overlaps || (k != c && map.load(bytes.data(), r, k) != other);
                    }
                    map.store(bytes.data(), r, c, other);
                    restored = restored && bytes == before;
                }
            }
            CHECK_FALSE(overlaps);
            CHECK(restored);
        }
    }
}

TEMPLATE_LIST_TEST_CASE("values are where the documentation says", "[layout]", Cases) {
    using Format = typename TestType::Format;
    using Layout = typename TestType::Layout;
    support::Random random(1);
    for (std::size_t rows : row_counts) {
        for (std::size_t cols : col_counts) {
            CAPTURE(rows, cols);
            const typename Layout::template mapping<Format> map{rows, cols};
            std::vector<std::uint8_t> bytes(map.bytes());
            for (auto& b : bytes) b = static_cast<std::uint8_t>(random.next());
            std::size_t wrong = 0;
            for (std::size_t r = 0; r < map.padded_rows(); ++r) {
                for (std::size_t c = 0; c < map.padded_cols(); ++c) {
                    const unsigned stored =
                        oracle::stored(Layout::id, Format::bits, bytes.data(), cols, r, c);
                    const unsigned u = map.load(bytes.data(), r, c);
                    if (Format::is_encoding(u)) {
                        const int code = Format::decode(u);
                        wrong += stored != oracle::stored_for(Layout::id, Format::bits, code);
                    } else { // nothing that a code is stored as
                        for (std::size_t i = 0; i < Format::count; ++i) {
                            const int code = Format::code(i);
                            wrong += stored == oracle::stored_for(Layout::id, Format::bits, code);
                        }
                    }
                }
            }
            REQUIRE(wrong == 0);
        }
    }
}

TEST_CASE("lane_bit serves four columns a byte", "[layout]") {
    unsigned all = 0;
    for (std::size_t k = 0; k < 32; ++k) all |= 1u << layout::lane_bit(k);
    CHECK(all == 0xffffffffu);
    for (unsigned s = 0; s < 8; ++s) {
        for (unsigned j = 0; j < 4; ++j) {
            CHECK((1u << layout::lane_bit(4 * s + j)) >> s == 1u << (8 * j));
        }
    }
}

TEST_CASE("shapes that can and cannot be packed", "[layout]") {
    CHECK(check_shape(1, 1));
    CHECK(check_shape(1, max_cols));
    CHECK(check_shape(std::size_t{1} << 20, std::size_t{1} << 20));
    CHECK(check_shape(0, 1).error().code == Errc::empty_shape);
    CHECK(check_shape(1, 0).error().code == Errc::empty_shape);
    CHECK(check_shape(1, max_cols + 1).error().code == Errc::too_large);
    constexpr std::size_t huge = static_cast<std::size_t>(-1);
    for (std::size_t rows : {huge, huge - 1, huge - 15, huge - 64, huge / 2, huge / 64}) {
        CAPTURE(rows);
        CHECK(check_shape(rows, 64).error().code == Errc::too_large);
        CHECK(check_shape(rows, 1).error().code == Errc::too_large);
    }
    CHECK(check_shape(1, huge).error().code == Errc::too_large);
    constexpr std::size_t most = huge / 8 / 64 / 16 * 16; // rows of 64 columns
    CHECK(check_shape(most, 64));
    CHECK(check_shape(most + 1, 64).error().code == Errc::too_large);
    std::size_t product = 0;
    CHECK(checked_mul(huge, 1, product));
    CHECK(product == huge);
    CHECK(checked_mul(huge, 0, product));
    CHECK(product == 0);
    CHECK_FALSE(checked_mul(huge, 2, product));
    CHECK_FALSE(checked_mul(huge / 2 + 1, 2, product));
}
