// SPDX-License-Identifier: MIT
// pack, unpack, repack, verify: round trips, padding, and the errors with their places.
#include <bitnet/pack.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>

#include "format_cases.hpp"
#include "support.hpp"

using namespace bitnet;
using Cases = support::FormatCases;

namespace {

/// What the oracle stores for a value: the encoding, or mask + 2 sign in planes.
template <class Format, class Layout>
unsigned encoding(int w) {
    if (std::is_same_v<Layout, layout::Planes16>) return w == 0 ? 0u : w < 0 ? 1u : 3u;
    if (std::is_same_v<Format, Int8>) return static_cast<unsigned>(w + 128);
    if (std::is_same_v<Format, Int6>) return static_cast<unsigned>(w + 32);
    return std::is_same_v<Format, Binary> ? w > 0 : static_cast<unsigned>(w + 1);
}

template <class To, class Format, class Layout>
void check_repack(const PackedTensor<Format, Layout>& from, const std::vector<std::int8_t>& codes) {
    auto moved = repack<To>(from.view());
    REQUIRE(moved);
    auto direct = pack<Format, To>(codes, from.rows(), from.cols());
    REQUIRE(direct);
    CHECK(std::ranges::equal(moved->bytes(), direct->bytes()));
    auto back = repack<Layout>(moved->view());
    REQUIRE(back);
    CHECK(std::ranges::equal(back->bytes(), from.bytes()));
}

} // namespace

TEMPLATE_LIST_TEST_CASE("pack writes codes and padding", "[pack]", Cases) {
    using Format = typename TestType::Format;
    using Layout = typename TestType::Layout;
    support::Random random(2);
    for (std::size_t rows : {1, 2, 15, 16, 17, 33}) {
        for (std::size_t cols : {1, 3, 4, 16, 21, 31, 32, 33, 42, 63, 64, 65, 96, 127, 256, 258}) {
            CAPTURE(rows, cols);
            const auto codes = random.codes<Format>(rows * cols);
            auto packed = pack<Format, Layout>(codes, rows, cols);
            REQUIRE(packed);
            REQUIRE(packed->rows() == rows);
            REQUIRE(packed->cols() == cols);
            const auto map = packed->view().mapping();
            std::size_t wrong = 0;
            for (std::size_t r = 0; r < map.padded_rows(); ++r) {
                for (std::size_t c = 0; c < map.padded_cols(); ++c) {
                    const bool inside = r < rows && c < cols;
                    const int pad = std::is_same_v<Format, Binary> ? -1 : 0;
                    const int w = inside ? codes[r * cols + c] : pad;
                    wrong +=
                        oracle::stored(support::order_of<Layout>(), Format::bits, packed->data(),
                                       cols, r, c) != encoding<Format, Layout>(w);
                }
            }
            REQUIRE(wrong == 0);
            REQUIRE(verify(packed->view()));

            std::vector<std::int8_t> out(codes.size(), 77);
            unpack(packed->view(), std::span(out));
            REQUIRE(out == codes);
            // Rows from the middle on.
            std::vector<std::int8_t> last(cols, 77);
            unpack(packed->view(), std::span(last), rows - 1);
            REQUIRE(std::equal(last.begin(), last.end(), codes.end() - static_cast<long>(cols)));
        }
    }
}

TEMPLATE_LIST_TEST_CASE("repack goes between all layouts", "[pack]", Cases) {
    using Format = typename TestType::Format;
    using Layout = typename TestType::Layout;
    support::Random random(3);
    for (const auto& [rows, cols] :
         {std::pair<std::size_t, std::size_t>{1, 1}, {5, 70}, {16, 32}, {35, 129}}) {
        CAPTURE(rows, cols);
        const auto codes = random.codes<Format>(rows * cols);
        auto packed = pack<Format, Layout>(codes, rows, cols);
        REQUIRE(packed);
        if constexpr (std::is_same_v<Format, Int6>) {
            check_repack<layout::Six16>(*packed, codes); // its only layout
        } else {
            check_repack<layout::RowMajor>(*packed, codes);
            check_repack<layout::Rows16>(*packed, codes);
        }
        if constexpr (std::is_same_v<Format, Ternary>)
            check_repack<layout::Planes16>(*packed, codes);
    }
}

TEMPLATE_LIST_TEST_CASE("pack refuses what is not a code", "[pack]", Cases) {
    using Format = typename TestType::Format;
    using Layout = typename TestType::Layout;
    constexpr std::size_t rows = 19, cols = 120; // more than one chunk of the scan
    support::Random random(4);
    auto codes = random.codes<Format>(rows * cols);
    for (std::size_t at : {std::size_t{0}, std::size_t{1023}, std::size_t{1024}, rows * cols - 1}) {
        for (int bad : {2, -2, 127, -128, 32, -33, std::is_same_v<Format, Binary> ? 0 : 3}) {
            if (Format::is_code(bad)) continue; // Int8 has all codes, Int6 small ones
            CAPTURE(at, bad);
            const std::int8_t good = codes[at];
            codes[at] = static_cast<std::int8_t>(bad);
            const auto packed = pack<Format, Layout>(codes, rows, cols);
            REQUIRE_FALSE(packed);
            CHECK(packed.error().code == Errc::bad_code);
            CHECK(packed.error().where == at);
            codes[at] = good;
        }
    }
    CHECK(pack<Format, Layout>(codes, rows, cols + 1).error().code == Errc::wrong_size);
    CHECK(pack<Format, Layout>(codes, rows + 1, cols).error().code == Errc::wrong_size);
    CHECK(pack<Format, Layout>({}, 0, cols).error().code == Errc::wrong_size);
    CHECK(pack<Format, Layout>({}, rows, 0).error().code == Errc::wrong_size);
    CHECK(pack<Format, Layout>(codes, 1, max_cols_of<Format> + 1).error().code == Errc::too_large);
    CHECK(pack<Format, Layout>(codes, 1, max_cols_of<Format>).error().code == Errc::wrong_size);
    // A product that wraps to the right size must not pass.
    CHECK(
        pack<Format, Layout>(codes, (static_cast<std::size_t>(-1) / cols) + 1, cols).error().code ==
        Errc::too_large);
}

TEMPLATE_LIST_TEST_CASE("verify finds wrong codes and padding", "[pack]", Cases) {
    using Format = typename TestType::Format;
    using Layout = typename TestType::Layout;
    support::Random random(5);
    for (const auto& [rows, cols] : {std::pair<std::size_t, std::size_t>{3, 5}, {17, 33}}) {
        CAPTURE(rows, cols);
        const auto codes = random.codes<Format>(rows * cols);
        auto packed = pack<Format, Layout>(codes, rows, cols);
        REQUIRE(packed);
        const auto map = packed->view().mapping();
        for (std::size_t r = 0; r < map.padded_rows(); ++r) {
            for (std::size_t c = 0; c < map.padded_cols(); ++c) {
                const bool inside = r < rows && c < cols;
                const unsigned before = map.load(packed->data(), r, c);
                const std::vector<std::byte> sound(packed->bytes().begin(), packed->bytes().end());
                for (unsigned u = 0; u < 1u << Format::bits; ++u) {
                    if (std::is_same_v<Layout, layout::Planes16> && u == 3) continue;
                    map.store(packed->data(), r, c, u);
                    const Status found = verify(packed->view());
                    if (inside ? Format::is_encoding(u) : u == Format::pad) {
                        REQUIRE(found);
                    } else {
                        CAPTURE(r, c, u);
                        REQUIRE_FALSE(found);
                        const Error error = found.error();
                        REQUIRE(error.code == (inside ? Errc::bad_code : Errc::bad_padding));
                        const auto changed = std::ranges::mismatch(sound, packed->bytes()).in1;
                        const auto byte = static_cast<std::size_t>(changed - sound.begin());
                        // The last columns of six16 have bits in three lines.
                        const bool spread = std::is_same_v<Layout, layout::Six16> && c % 16 >= 12;
                        REQUIRE(error.where == (inside   ? r * cols + c
                                                : spread ? map.byte_of(r, c)
                                                         : byte));
                    }
                }
                map.store(packed->data(), r, c, before);
            }
        }
    }
}

TEST_CASE("a sign without its mask is not a code", "[pack]") {
    const std::vector<std::int8_t> codes(16 * 32, 0);
    auto packed = pack<Ternary, layout::Planes16>(codes, 16, 32);
    REQUIRE(packed);
    packed->data()[64] = 1; // the sign of row 0, column 0
    const Status found = verify(packed->view());
    REQUIRE_FALSE(found);
    CHECK(found.error().code == Errc::bad_code);
    CHECK(found.error().where == 0);
}

TEMPLATE_LIST_TEST_CASE("a view checks its size", "[pack]", Cases) {
    using View = PackedView<typename TestType::Format, typename TestType::Layout>;
    const View shape{nullptr, 17, 33};
    std::vector<std::byte> bytes(shape.bytes());
    const auto view = View::make(bytes, 17, 33);
    REQUIRE(view);
    CHECK(view->rows == 17);
    CHECK(view->cols == 33);
    CHECK(view->bytes() == bytes.size());
    CHECK(View::make(std::span(bytes).first(bytes.size() - 1), 17, 33).error().code ==
          Errc::wrong_size);
    CHECK(View::make({}, 17, 33).error().code == Errc::wrong_size);
    CHECK(View::make(bytes, 0, 33).error().code == Errc::wrong_size);
    constexpr std::size_t most = max_cols_of<typename TestType::Format>;
    CHECK(View::make(bytes, 17, most + 1).error().code == Errc::too_large);
    CHECK(View::make(bytes, static_cast<std::size_t>(-1), 33).error().code == Errc::too_large);
}
