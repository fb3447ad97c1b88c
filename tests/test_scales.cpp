// SPDX-License-Identifier: MIT
// Scales: packed as kernels read them, for each scheme; scales of 64 x 64 blocks, and scales that
// are halves, against the oracle.
#include <bitnet/bitlinear.hpp>
#include <bitnet/scales.hpp>

#include <cstddef>
#include <limits>
#include <string_view>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>

#include "gemm_cases.hpp"

using namespace bitnet;
using support::difference;

namespace {

constexpr std::size_t row_counts[] = {1, 2, 15, 16, 17, 63, 64, 65, 100, 128, 130};

/// Of row-major scales, one for each row and group.
std::vector<float> by_row(const std::vector<float>& scales, std::size_t rows, std::size_t groups,
                          std::size_t rows_a_scale) {
    std::vector<float> out;
    for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t g = 0; g < groups; ++g) {
            out.push_back(scales[r / rows_a_scale * groups + g]);
        }
    }
    return out;
}

/// Packs them and compares what the view shows with one scale for each row and group.
void check(const std::vector<float>& scales, std::size_t rows, std::size_t cols, std::size_t group,
           std::size_t rows_a_scale, std::size_t floats) {
    CAPTURE(rows, cols, group, rows_a_scale);
    const std::size_t groups = group == 0 ? 1 : (cols + group - 1) / group;
    REQUIRE(packed_scale_floats(scales.size(), rows, cols, group) == floats);
    std::vector<float> to(floats + 1, support::untouched());
    const auto view = pack_scales(scales, rows, cols, group, std::span(to).first(floats));
    REQUIRE(view);
    REQUIRE(view->group == group);
    REQUIRE(support::is_untouched(to.back()));
    const auto expected = by_row(scales, rows, groups, rows_a_scale);
    const bool tensor = scales.size() == 1 && group == 0;
    const bool pads = rows_a_scale == 1 && !tensor; // else 16 equal ones
    for (std::size_t r = 0; r < (rows + 15) / 16 * 16; ++r) {
        for (std::size_t g = 0; g < groups; ++g) {
            const float scale = view->at(r / 16, g)[r % 16];
            const float wanted = r < rows ? expected[r * groups + g] : 0.0f;
            if (r < rows || pads) REQUIRE(scale == wanted);
        }
    }
    CHECK(pack_scales(scales, rows, cols, group, std::span(to).first(floats - 1)).error().code ==
          Errc::wrong_size);
}

} // namespace

TEST_CASE("scales of every scheme are packed", "[scales]") {
    support::Random random(60);
    for (std::size_t rows : row_counts) {
        const std::size_t padded = (rows + 15) / 16 * 16;
        for (std::size_t cols : {1u, 31u, 64u, 65u, 200u, 300u}) {
            check(random.reals(1), rows, cols, 0, rows, 16);
            if (rows > 1) check(random.reals(rows), rows, cols, 0, 1, padded);
            for (std::size_t group : {32u, 64u, 128u, 256u}) {
                const std::size_t groups = (cols + group - 1) / group;
                check(random.reals(rows * groups), rows, cols, group, 1, padded * groups);
            }
            const std::size_t groups = (cols + 63) / 64, blocks = (rows + 63) / 64;
            if (rows > 1) {
                check(random.reals(blocks * groups), rows, cols, 64, 64, blocks * groups * 16);
            }
        }
    }
}

TEST_CASE("scales that cannot be packed", "[scales]") {
    constexpr std::size_t rows = 130, cols = 200; // blocks: 3 x 4
    std::vector<float> to(10000);
    const auto error = [&](std::size_t count, std::size_t group) {
        const auto view = pack_scales(std::vector<float>(count, 1.0f), rows, cols, group, to);
        REQUIRE_FALSE(view);
        CHECK(packed_scale_floats(count, rows, cols, group) == 0);
        return view.error();
    };
    for (std::size_t count : {0u, 2u, 12u, 129u, 131u}) {
        CHECK(error(count, 0).code == Errc::wrong_size);
        CHECK(error(count, 0).where == (count < rows ? count : rows));
    }
    for (std::size_t group : {32u, 128u, 256u}) {
        CHECK(error(12, group).code == Errc::wrong_size); // blocks have 64 columns
        CHECK(error(1, group).code == Errc::wrong_size);
        CHECK(error(rows + 1, group).code == Errc::wrong_size);
    }
    CHECK(error(11, 64).code == Errc::wrong_size);
    CHECK(error(13, 64).code == Errc::wrong_size);
    CHECK(error(rows * 4 + 1, 64).where == rows * 4);
    for (std::size_t group : {1u, 16u, 96u}) CHECK(error(rows, group).code == Errc::bad_group);

    const std::vector<float> one(1, 1.0f);
    CHECK(pack_scales(one, 0, cols, 0, to).error().code == Errc::empty_shape);
    CHECK(pack_scales(one, rows, 0, 0, to).error().code == Errc::empty_shape);
    CHECK(pack_scales(one, rows, max_cols + 1, 0, to).error().code == Errc::too_large);
    const auto small = pack_scales(one, rows, cols, 0, std::span(to).first(15));
    CHECK(small.error().code == Errc::wrong_size);
    CHECK(small.error().where == 15);
    std::vector<float> bad(12, 1.0f);
    bad[7] = std::numeric_limits<float>::infinity();
    CHECK(pack_scales(bad, rows, cols, 64, to).error().code == Errc::bad_scale);
    CHECK(pack_scales(bad, rows, cols, 64, to).error().where == 7);
}

TEMPLATE_LIST_TEST_CASE("scales of 64 x 64 blocks", "[scales]", products) {
    using Weights = typename TestType::Weights;
    using Codes = typename TestType::Codes;
    using Layout = typename TestType::Layout;
    support::Random random(61);
    for (std::size_t rows : {1u, 17u, 64u, 65u, 200u}) {
        for (std::size_t cols : {1u, 64u, 100u, 333u}) {
            const std::size_t groups = (cols + 63) / 64, tokens = 1 + cols % 7;
            const auto scales = random.reals((rows + 63) / 64 * groups);
            const oracle::Weights w{rows,
                                    cols,
                                    64,
                                    random.codes<Weights>(rows * cols),
                                    by_row(scales, rows, groups, 64),
                                    {}};
            const auto codes = random.codes<Codes>(tokens * cols);
            const std::vector<float> factors(tokens, 1.25f);
            const oracle::Tokens x{
                tokens, cols, std::is_same_v<Codes, Int8>, {codes.begin(), codes.end()}, factors};
            const auto expected = oracle::forward(w, x);

            std::vector<std::byte> memory(scratch_bytes<Codes>(tokens, cols, 64));
            const auto q =
                quantized_from_codes<Codes>(codes, tokens, cols, factors, memory, 64).value();
            const auto packed = pack<Weights, Layout>(w.codes, rows, cols).value();
            std::vector<float> to(packed_scale_floats(scales.size(), rows, cols, 64));
            const ScaleView view = pack_scales(scales, rows, cols, 64, to).value();
            for (const auto* table : support::clusters()) {
                INFO(table->name << ": " << rows << " rows, " << cols << " columns, " << tokens
                                 << " tokens");
                std::vector<float> y(tokens * rows);
                table->template get<functions::Gemm<TestType>>()(packed.view(), q, view, nullptr,
                                                                 {y.data(), tokens, rows}, 0, rows);
                REQUIRE(difference(y, expected) == "");
            }
            // A layer holds them once per row: the same bytes as from those.
            using Layer = BitLinear<Weights, Codes, Layout>;
            const auto layer = Layer::from_codes(w.codes, rows, cols, scales, {}, 64).value();
            const auto same = Layer::from_codes(w.codes, rows, cols, w.scales, {}, 64).value();
            REQUIRE(std::ranges::equal(layer.bytes(), same.bytes()));
            REQUIRE(layer.verify());
        }
    }
}

TEST_CASE("each half is one among floats, and its neighbours are none", "[scales]") {
    std::uint16_t found = 0;
    for (unsigned bits = 0; bits < 0x10000; ++bits) {
        if ((bits & 0x7c00) == 0x7c00) continue;
        const float v = support::floats_of({static_cast<std::uint16_t>(bits)})[0];
        REQUIRE(detail::to_half(v, found));
        REQUIRE(found == bits);
        for (const std::uint32_t step : {1u, ~0u}) {
            const float next = std::bit_cast<float>(std::bit_cast<std::uint32_t>(v) + step);
            REQUIRE_FALSE(detail::to_half(next, found));
        }
    }
    constexpr auto infinite = std::numeric_limits<float>::infinity();
    for (float v : {65520.0f, 65536.0f, 1e38f, infinite, -infinite, 0x1p-25f}) {
        CHECK_FALSE(detail::to_half(v, found));
    }
    CHECK_FALSE(detail::to_half(std::numeric_limits<float>::quiet_NaN(), found));
}

TEMPLATE_LIST_TEST_CASE("scales of groups that are halves", "[scales]", products) {
    using Weights = typename TestType::Weights;
    using Codes = typename TestType::Codes;
    using Layer = BitLinear<Weights, Codes, typename TestType::Layout>;
    support::Random random(62);
    for (std::size_t group : {32u, 64u, 128u, 256u}) {
        for (std::size_t cols : {group - 1, group, 2 * group + 40}) {
            for (std::size_t rows : {1u, 16u, 35u, 100u}) {
                for (std::size_t tokens : {1u, 3u, 17u}) {
                    const std::size_t scale_group = rows % 2 ? 64 : 0; // of tokens
                    if (!support::takes<TestType>({rows, cols, tokens, group, scale_group}))
                        continue;
                    const std::size_t groups = groups_of(cols, group);
                    const auto halves = support::halves(random, rows * groups);
                    const oracle::Weights w{rows,
                                            cols,
                                            group,
                                            random.codes<Weights>(rows * cols),
                                            support::floats_of(halves),
                                            {}};
                    const auto made = Layer::from_codes(w.codes, rows, cols, halves, {}, group);
                    REQUIRE(made);
                    REQUIRE(made->verify());
                    const Layer layer = Layer::from_packed(made->bytes()).value();
                    for (std::size_t i = 0; i < w.scales.size(); ++i) {
                        REQUIRE(layer.scale(i / groups, i % groups) == w.scales[i]);
                    }
                    const support::Product<TestType> product(
                        {rows, cols, tokens, group, scale_group}, w.codes, w.scales, random);
                    for (const auto* table : support::clusters()) {
                        INFO(table->name << ": " << rows << " rows, " << cols << " columns, "
                                         << tokens << " tokens, group " << group);
                        std::vector<float> y(tokens * rows);
                        table->template get<functions::Gemm<TestType>>()(
                            layer.weights(), product.quantized(), layer.scales(), nullptr,
                            {y.data(), tokens, rows}, 0, rows);
                        REQUIRE(difference(y, product.expected_floats(0, rows, rows)) == "");
                    }
                }
            }
        }
    }
}
