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
    for (std::size_t rows : {1u, 2u, 15u, 16u, 17u, 33u}) {
        for (std::size_t cols : {1u, 3u, 4u, 16u, 20u, 21u, 31u, 32u, 33u, 42u, 63u, 64u, 65u, 96u,
                                 127u, 256u, 258u}) {
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
                    const int pad = Format::is_code(0) ? 0 : -1;
                    const int w = inside ? codes[r * cols + c] : pad;
                    wrong += oracle::stored(Layout::id, Format::bits, packed->data(), cols, r, c) !=
                             oracle::stored_for(Layout::id, Format::bits, w);
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
         {std::pair<std::size_t, std::size_t>{1, 1}, {5, 70}, {16, 32}, {20, 40}, {35, 129}}) {
        CAPTURE(rows, cols);
        const auto codes = random.codes<Format>(rows * cols);
        auto packed = pack<Format, Layout>(codes, rows, cols);
        REQUIRE(packed);
        for_each_type(layouts{}, [&]<class To>() {
            if constexpr (To::template holds<Format>) check_repack<To>(*packed, codes);
        });
    }
}

TEMPLATE_LIST_TEST_CASE("pack refuses what is not a code", "[pack]", Cases) {
    using Format = typename TestType::Format;
    using Layout = typename TestType::Layout;
    constexpr std::size_t rows = 19, cols = 120; // more than one chunk of the scan
    support::Random random(4);
    auto codes = random.codes<Format>(rows * cols);
    for (std::size_t at : {std::size_t{0}, std::size_t{1023}, std::size_t{1024}, rows * cols - 1}) {
        for (int bad = -128; bad < 128; ++bad) {
            if (Format::is_code(bad)) continue;
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
    CHECK(pack<Format, Layout>(codes, rows + 1, cols).error().where == codes.size()); // one missing
    CHECK(pack<Format, Layout>(codes, rows - 1, cols).error().where == (rows - 1) * cols);
    CHECK(pack<Format, Layout>({}, 0, cols).error().code == Errc::empty_shape);
    CHECK(pack<Format, Layout>({}, rows, 0).error().code == Errc::empty_shape);
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
                std::size_t first_byte = sound.size(); // of those that hold the value
                for (std::size_t i = 0; i < Format::count; ++i) {
                    map.store(packed->data(), r, c, Format::encode(Format::code(i)));
                    const auto changed = std::ranges::mismatch(sound, packed->bytes()).in1;
                    const auto byte = static_cast<std::size_t>(changed - sound.begin());
                    first_byte = std::min(first_byte, byte);
                }
                for (unsigned u = 0; u < 1u << Format::bits; ++u) {
                    // What store() cannot write has a test of its own.
                    if (support::shares_bits<Format, Layout> && !Format::is_encoding(u)) continue;
                    map.store(packed->data(), r, c, u);
                    if (map.load(packed->data(), r, c) != u) {
                        REQUIRE_FALSE(Format::is_encoding(u));
                        continue;
                    }
                    const Result<void> found = verify(packed->view());
                    if (inside ? Format::is_encoding(u) : u == Format::pad) {
                        REQUIRE(found);
                    } else {
                        CAPTURE(r, c, u);
                        REQUIRE_FALSE(found);
                        const Error error = found.error();
                        REQUIRE(error.code == (inside ? Errc::bad_code : Errc::bad_padding));
                        REQUIRE(error.where == (inside ? r * cols + c : first_byte));
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
    const Result<void> found = verify(packed->view());
    REQUIRE_FALSE(found);
    CHECK(found.error().code == Errc::bad_code);
    CHECK(found.error().where == 0);
}

TEST_CASE("what is no code unpacks to 2", "[pack]") {
    constexpr std::size_t rows = 16, cols = 83;
    for_each_type(layouts{}, [&]<class Layout>() {
        if constexpr (Layout::template holds<Ternary>) {
            CAPTURE(Layout::name);
            PackedTensor<Ternary, Layout> packed(rows, cols);
            std::memset(packed.data(), 0xff, packed.bytes().size());
            if (packed.view()(0, 0) != 2) { // -1, 0 or 1: planes, whose masks must be 0 then
                for (std::size_t i = 0; i < packed.bytes().size(); ++i) {
                    if (i % 128 < 64) packed.data()[i] = 0;
                }
            }
            std::vector<std::int8_t> out(rows * cols);
            unpack(packed.view(), std::span(out));
            CHECK(std::ranges::count(out, 2) == static_cast<long>(out.size()));
        }
    });
}

TEST_CASE("verify and unpack see a large matrix whole", "[pack]") {
    // More than one chunk of the scan; one wrong code in each place of a chunk's edges.
    constexpr std::size_t rows = 70, cols = 1000;
    support::Random random(9);
    const auto codes = random.codes<Ternary>(rows * cols);
    for_each_type(layouts{}, [&]<class Layout>() {
        if constexpr (Layout::template holds<Ternary>) {
            auto packed = pack<Ternary, Layout>(codes, rows, cols);
            REQUIRE(packed);
            const std::size_t bytes = packed->bytes().size();
            for (std::size_t i : {std::size_t{0}, std::size_t{4095}, std::size_t{4096},
                                  std::size_t{8191}, bytes / 2, bytes - 1}) {
                CAPTURE(Layout::name, i);
                const std::uint8_t before = packed->data()[i];
                packed->data()[i] = 0xff;
                // Of planes, a byte of all ones in a mask line alone is legal.
                if (i % 128 >= 64 || !std::is_same_v<Layout, layout::Planes16>) {
                    REQUIRE_FALSE(verify(packed->view()));
                }
                packed->data()[i] = before;
                REQUIRE(verify(packed->view()));
            }
        }
    });
}

TEMPLATE_LIST_TEST_CASE("a tensor that was moved from is empty", "[pack]", Cases) {
    using Format = typename TestType::Format;
    using Layout = typename TestType::Layout;
    support::Random random(6);
    const auto codes = random.codes<Format>(17 * 33);
    auto first = pack<Format, Layout>(codes, 17, 33).value();
    const auto is_empty = [](const PackedTensor<Format, Layout>& t) {
        return !t && t.rows() == 0 && t.cols() == 0 && t.bytes().empty() && t.data() == nullptr &&
               t.view().bytes() == 0;
    };
    auto second = std::move(first);
    CHECK(is_empty(first));
    auto third = pack<Format, Layout>(std::span(codes).first(33), 1, 33).value();
    third = std::move(second);
    CHECK(is_empty(second));
    CHECK(third.rows() == 17);
    CHECK(verify(third.view()));
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
    CHECK(View::make(bytes, 0, 33).error().code == Errc::empty_shape);
    constexpr std::size_t most = max_cols_of<typename TestType::Format>;
    CHECK(View::make(bytes, 17, most + 1).error().code == Errc::too_large);
    CHECK(View::make(bytes, static_cast<std::size_t>(-1), 33).error().code == Errc::too_large);
}
