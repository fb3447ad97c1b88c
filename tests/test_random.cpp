// SPDX-License-Identifier: MIT
// Philox4x32-10 against the known answers of its authors, and the uniform numbers made of it.
#include <bitnet/random.hpp>

#include <cstdint>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "float_oracle.hpp"
#include "support.hpp"

using namespace bitnet;

namespace {

std::vector<std::uint32_t> philox(Philox4 counter, Philox2 key) {
    const Philox4 out = philox4x32(counter, key);
    return {out.word, out.word + 4};
}

} // namespace

TEST_CASE("Philox4x32-10 gives the published answers", "[random]") {
    constexpr std::uint32_t ones = 0xffffffffu;
    CHECK(philox({{0, 0, 0, 0}}, {{0, 0}}) ==
          std::vector<std::uint32_t>{0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u});
    CHECK(philox({{ones, ones, ones, ones}}, {{ones, ones}}) ==
          std::vector<std::uint32_t>{0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu});
    CHECK(philox({{0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u}},
                 {{0xa4093822u, 0x299f31d0u}}) ==
          std::vector<std::uint32_t>{0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u});
}

TEST_CASE("the generator runs at compile time", "[random]") {
    static_assert(philox4x32({{0, 0, 0, 0}}, {{0, 0}}).word[0] == 0x6627e8d5u);
    static_assert(uniform(0, 0, 0, 0) == (0x6627e8d5u >> 9) * 0x1p-23f + 0x1p-24f);
    SUCCEED();
}

TEST_CASE("key and counter are seed, element, token and stream", "[random]") {
    // One number differs at a time, and 64-bit numbers use all their bits.
    struct Draw {
        std::uint64_t seed;
        std::uint32_t element;
        std::uint64_t token;
        std::uint32_t stream;
    };
    std::vector<std::uint32_t> words;
    for (const Draw& d :
         {Draw{0, 0, 0, 0}, Draw{1, 0, 0, 0}, Draw{std::uint64_t{1} << 32, 0, 0, 0},
          Draw{0, 1, 0, 0}, Draw{0, 0, 1, 0}, Draw{0, 0, std::uint64_t{1} << 32, 0},
          Draw{0, 0, 0, 1}, Draw{0x0123456789abcdefu, 1u << 22, 0xfedcba9876543210u, 7}}) {
        words.push_back(random_bits(d.seed, d.element, d.token, d.stream));
        CHECK(uniform(d.seed, d.element, d.token, d.stream) ==
              oracle::uniform(d.seed, d.element, d.token, d.stream));
        // In the documented order of the words.
        CHECK(words.back() == philox({{d.element, static_cast<std::uint32_t>(d.token), d.stream,
                                       static_cast<std::uint32_t>(d.token >> 32)}},
                                     {{static_cast<std::uint32_t>(d.seed),
                                       static_cast<std::uint32_t>(d.seed >> 32)}})[0]);
    }
    for (std::size_t i = 0; i < words.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) CHECK(words[i] != words[j]);
    }
}

TEST_CASE("uniform numbers lie inside (0, 1) and spread evenly", "[random]") {
    std::size_t bins[16] = {};
    double sum = 0;
    constexpr std::uint32_t n = 1 << 16;
    for (std::uint32_t i = 0; i < n; ++i) {
        const float u = uniform(42, i, 3, 1);
        REQUIRE(u > 0.0f);
        REQUIRE(u < 1.0f);
        ++bins[static_cast<std::size_t>(u * 16)];
        sum += u;
    }
    CHECK(std::abs(sum / n - 0.5) < 0.005); // 4 standard errors: 4 * 0.289 / 256
    for (std::size_t count : bins) {        // 5 standard deviations of a bin: 5 * 62
        CHECK(count > n / 16 - 310);
        CHECK(count < n / 16 + 310);
    }
}

TEST_CASE("sixteen lanes draw what one draws", "[random]") {
    for (std::uint32_t first : {0u, 5u, 0xfffffff8u}) {
        float lane[16];
        detail::uniform16<isa::native>(9, first, 1ull << 40, 2).store(lane);
        for (std::uint32_t i = 0; i < 16; ++i)
            CHECK(lane[i] == uniform(9, first + i, 1ull << 40, 2));
    }
}
