// SPDX-License-Identifier: MIT
// Rows of codes on every cluster: what floats become, where a code is, and dots.
#include <bitnet/coded_rows.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "float_oracle.hpp"
#include "support.hpp"

using namespace bitnet;
using support::difference;

namespace {

using AllCodes = row_codes;

constexpr float infinity = std::numeric_limits<float>::infinity();

/// What a code is worth, by the documentation.
template <class Codes>
float value_of(unsigned u) {
    if constexpr (Codes::bits == 16) {
        const int exponent = static_cast<int>(u >> 10 & 31), fraction = static_cast<int>(u & 1023);
        const double size =
            exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
        return static_cast<float>(u >> 15 ? -size : size);
    } else {
        return static_cast<float>(u) - (Codes::bits == 8 ? 128.0f : Codes::bits == 4 ? 8.0f : 1.5f);
    }
}

/// A code that is legal: any, of halves a finite one.
template <class Codes>
std::uint16_t random_code(support::Random& random) {
    std::size_t u = random.below(std::size_t{1} << Codes::bits);
    if (Codes::bits == 16 && (u & 0x7c00) == 0x7c00) u &= 0x83ff;
    return static_cast<std::uint16_t>(u);
}

template <class Codes>
struct Encoded {
    std::vector<std::uint16_t> u;
    float scale;
};

template <class Codes>
Encoded<Codes> encode(const dispatch::Table& table, const std::vector<float>& x) {
    Encoded<Codes> out{std::vector<std::uint16_t>(x.size() + 1, 0xabcd), 0};
    out.scale = table.get<functions::EncodeValues<Codes>>()(x.data(), x.size(), out.u.data());
    CHECK(out.u.back() == 0xabcd); // writes nothing beyond
    out.u.pop_back();
    return out;
}

template <class Codes>
Encoded<Codes> expected(const std::vector<float>& x) {
    std::vector<std::uint16_t> u;
    float scale = 0;
    oracle::encode(x, Codes::bits, u, scale);
    return {u, scale};
}

} // namespace

TEMPLATE_LIST_TEST_CASE("values become codes as the plain loop has it", "[coded_rows]", AllCodes) {
    using Codes = TestType;
    support::Random random(7);
    for (const auto* table : support::clusters()) {
        INFO(table->name);
        for (std::size_t n : {1u, 2u, 15u, 16u, 17u, 40u, 128u, 1000u}) {
            for (float size : {1.0f, 3e-30f, 1e-38f, 1e-45f, 7e4f, 2e38f, 0.0f}) {
                const std::vector<float> x = random.reals(n, size);
                const auto want = expected<Codes>(x);
                const auto got = encode<Codes>(*table, x);
                CAPTURE(n, size);
                REQUIRE(std::bit_cast<std::uint32_t>(got.scale) ==
                        std::bit_cast<std::uint32_t>(want.scale));
                REQUIRE(got.u == want.u);
            }
        }
        // Ties, the largest values, the smallest ones; 65519 rounds to a half, 65520 to none
        const std::vector<float> special{1.0f,  -1.0f,    0.5f,     -0.0f,      0.0f,
                                         1e-7f, 0x1p-24f, 0x1p-25f, 0x1.8p-25f, 0x1.801p0f};
        for (float largest : {1.0f, 127.0f, 65519.0f, 65520.0f, 32768.0f, 3.4e38f}) {
            std::vector<float> x = special;
            x.push_back(-largest);
            const auto want = expected<Codes>(x);
            const auto got = encode<Codes>(*table, x);
            CAPTURE(largest);
            REQUIRE(got.scale == want.scale);
            REQUIRE(got.u == want.u);
        }
        for (float wrong : {infinity, -infinity, std::nanf("")}) {
            const auto got = encode<Codes>(*table, {1.0f, wrong, 2.0f});
            CHECK(std::isnan(got.scale));
            CHECK(got.u == std::vector<std::uint16_t>{0, 0, 0});
        }
    }
}

TEMPLATE_LIST_TEST_CASE("what is decoded is near, by half a step", "[coded_rows]", AllCodes) {
    using Codes = TestType;
    support::Random random(8);
    const std::vector<float> x = random.reals(500, 2.5f);
    const auto got = encode<Codes>(*support::clusters().front(), x);
    const float step = Codes::bits == 16 ? 0x1p-9f : got.scale;
    for (std::size_t i = 0; i < x.size(); ++i) {
        const float beyond = std::fabs(x[i]) - 2 * step; // of 2 bits, which reach 1.5 steps
        const float most = Codes::bits == 2 && beyond > 0 ? beyond + 0.5f * step : 0.5001f * step;
        REQUIRE(std::fabs(value_of<Codes>(got.u[i]) * got.scale - x[i]) <= most);
    }
}

TEMPLATE_LIST_TEST_CASE("a code is where it was put", "[coded_rows]", AllCodes) {
    using Codes = TestType;
    support::Random random(9);
    constexpr std::size_t cols = 150;
    std::vector<std::uint8_t> row(Codes::row_bytes(cols) + 1, 0x5a);
    std::vector<std::uint16_t> u(cols);
    for (int round = 0; round < 3; ++round) {
        for (std::size_t i = 0; i < cols; ++i) { // 7 is prime to 150: every column once
            u[i * 7 % cols] = random_code<Codes>(random);
            Codes::store(row.data(), i * 7 % cols, u[i * 7 % cols]);
        }
        for (std::size_t i = 0; i < cols; ++i) {
            REQUIRE(Codes::value(row.data(), i) == value_of<Codes>(u[i]));
        }
    }
    CHECK(row.back() == 0x5a);
}

TEMPLATE_LIST_TEST_CASE("dots of codes are dots of their values", "[coded_rows]", AllCodes) {
    using Codes = TestType;
    support::Random random(10);
    constexpr std::size_t most = 37;
    for (std::size_t k : {1u, 15u, 16u, 17u, 31u, 33u, 47u, 64u, 65u, 100u, 128u, 513u, 4200u}) {
        const std::size_t rows = k > 1000 ? 5 : most, stride = Codes::row_bytes(k) + 3;
        std::vector<std::uint8_t> codes(rows * stride, 0);
        std::vector<float> values(rows * k), a = random.reals(rows * k, 3.0f);
        for (float& v : a) v = oracle::shortened(v);
        for (std::size_t r = 0; r < rows; ++r) {
            for (std::size_t c = 0; c < k; ++c) {
                const std::uint16_t u = random_code<Codes>(random);
                Codes::store(codes.data() + r * stride, c, u);
                values[r * k + c] = value_of<Codes>(u);
            }
            if constexpr (Codes::bits < 16) { // columns beyond the last have any code
                for (std::size_t c = k; c < Codes::row_bytes(k) * 8 / Codes::bits; ++c) {
                    Codes::store(codes.data() + r * stride, c, random_code<Codes>(random));
                }
            }
        }
        for (const auto* table : support::clusters()) {
            for (std::size_t m : {1u, 2u, 3u, 4u, 5u, 15u}) {
                if (m > rows) continue;
                const std::size_t n = rows - m % 3;
                CAPTURE(table->name, k, m, n);
                std::vector<float> y(m * (n + 2), 77.0f), want = y;
                for (std::size_t i = 0; i < m; ++i) {
                    for (std::size_t j = 0; j < n; ++j) {
                        want[i * (n + 2) + j] =
                            oracle::dot(a.data() + i * k, values.data() + j * k, k);
                    }
                }
                table->get<functions::CodedDots<Codes>>()(
                    {a.data(), m, k}, {codes.data(), n, k, stride}, {y.data(), m, n, n + 2});
                REQUIRE(difference(y, want) == "");
            }
        }
    }
}

TEST_CASE("floats are rounded to 13 significant bits", "[coded_rows]") {
    support::Random random(11);
    std::vector<float> x = random.reals(40, 3.0f);
    // Ties, a carry into the next power of two, both ends, and no numbers.
    for (const float v :
         {0x1.0008p0f, 0x1.0018p0f, 0x1.0007fep0f, 0x1.fffp3f, 0x1.ffffp3f, 0x1p-102f,
          0x1.fffffep-103f, 0x1p110f, 0x1.fffffep109f, 1e-45f, 3.4e38f, infinity, std::nanf("")}) {
        x.push_back(v);
        x.push_back(-v);
    }
    x.push_back(0.0f);
    for (const auto* table : support::clusters()) {
        for (const std::size_t cols : {x.size(), std::size_t{7}, std::size_t{0}}) {
            INFO(table->name << ", " << cols << " columns");
            const std::size_t rows = cols == 0 ? 1 : x.size() / cols, stride = x.size() / rows;
            std::vector<float> y = x, want = x;
            for (std::size_t r = 0; r < rows; ++r) {
                for (std::size_t c = 0; c < cols; ++c) {
                    want[r * stride + c] = oracle::shortened(x[r * stride + c]);
                }
            }
            table->get<functions::Shorten>()({y.data(), rows, cols, stride});
            REQUIRE(difference(y, want) == "");
        }
    }
}

TEMPLATE_LIST_TEST_CASE("a product of a short float and a code is a float, and no subnormal one",
                        "[coded_rows]", AllCodes) {
    using Codes = TestType;
    support::Random random(12);
    std::vector<float> x{0x1p-102f, 0x1.fffp-102f, 0x1.fffffep109f, 0x1.5a37p0f};
    for (const float real : random.reals(50, 2.0f)) x.push_back(real);
    support::clusters().front()->template get<functions::Shorten>()({x.data(), 1, x.size()});
    std::vector<std::uint8_t> row(Codes::row_bytes(1));
    for (unsigned u = 0; u < 1u << Codes::bits; ++u) {
        if (Codes::bits == 16 && (u & 0x7c00) == 0x7c00) continue; // no finite half
        Codes::store(row.data(), 0, static_cast<std::uint16_t>(u));
        const double value = Codes::value(row.data(), 0);
        for (const float v : x) {
            const double product = double{v} * value;
            REQUIRE(product == double{static_cast<float>(product)});
            REQUIRE((product == 0 || std::fabs(product) >= 0x1p-126));
        }
    }
}
