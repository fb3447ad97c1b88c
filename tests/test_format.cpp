// SPDX-License-Identifier: MIT
// Formats: the codes that docs/formats.md gives each, one by one and four in a word.
#include <bitnet/format.hpp>

#include <cstdint>
#include <string_view>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "format_cases.hpp"

using namespace bitnet;

namespace {

/// The codes of a format, by its name.
std::vector<int> codes_of_format(std::string_view name) {
    const auto range = [](int from, int to) {
        std::vector<int> out;
        for (int w = from; w <= to; ++w) out.push_back(w);
        return out;
    };
    if (name == "binary") return {-1, 1};
    if (name == "ternary") return {-1, 0, 1};
    if (name.starts_with("int")) { // int4: four bits, two's complement
        const int half = 1 << (name[3] - '1');
        return range(-half, half - 1);
    }
    FAIL("no such format: " << name);
    return {};
}

} // namespace

TEMPLATE_LIST_TEST_CASE("a format has its codes", "[format]", weight_formats) {
    const std::vector<int> codes = codes_of_format(TestType::name);
    REQUIRE(TestType::count == codes.size());
    for (std::size_t i = 0; i < codes.size(); ++i) {
        const int w = codes[i];
        const auto u = static_cast<unsigned>(i);
        REQUIRE(TestType::code(i) == w);
        REQUIRE(TestType::is_code(w));
        REQUIRE(TestType::encode(w) == u);
        REQUIRE(TestType::decode(u) == w);
        REQUIRE(TestType::is_encoding(u));
        REQUIRE(u < 1u << TestType::bits);
    }
    std::size_t legal = 0;
    for (int w = -1000; w <= 1000; ++w) legal += TestType::is_code(w);
    CHECK(legal == codes.size());
    CHECK_FALSE(TestType::is_encoding(static_cast<unsigned>(codes.size())));
    // Padding is w = 0; binary, which has none, pads with bit 0.
    CHECK(TestType::decode(TestType::pad) == (codes.size() == 2 ? -1 : 0));
    CHECK(TestType::max_code == codes.back());
}

TEMPLATE_LIST_TEST_CASE("four codes in a word do not meet", "[format]", weight_formats) {
    // Every code in each byte, beside the least and the largest.
    for (std::size_t i = 0; i < TestType::count; ++i) {
        for (std::size_t other : {std::size_t{0}, TestType::count - 1}) {
            for (unsigned place = 0; place < 32; place += 8) {
                std::uint32_t codes = 0, encodings = 0;
                for (unsigned at = 0; at < 32; at += 8) {
                    const int w = TestType::code(at == place ? i : other);
                    codes |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(w)) << at;
                    encodings |= TestType::encode(w) << at;
                }
                REQUIRE(TestType::encode4(codes) == encodings);
                REQUIRE(TestType::decode4(encodings) == codes);
            }
        }
    }
}

TEST_CASE("a ternary 3 decodes to 2", "[format]") {
    CHECK(Ternary::decode(3) == 2);
    CHECK(Ternary::decode4(0x03000301u) == 0x02ff0200u);
}

TEST_CASE("dots of the widest matrices fit int32", "[format]") {
    CHECK(max_cols_of<Binary> == (1u << 23) - 1);
    CHECK(max_cols_of<Ternary> == (1u << 23) - 1);
    for_each_type(support::WideFormats{},
                  []<class F>() { CHECK(max_cols_of<F> == (1u << (25 - F::bits)) - 1); });
}
