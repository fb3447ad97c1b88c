// SPDX-License-Identifier: MIT
// Float results are the same bits whatever the flags: -ffp-contract=fast, -O3, -ffast-math, FMA.
#include "contract_unit.hpp"

#include <bitnet/bitlinear.hpp>

#include <limits>
#include <string_view>
#include <tuple>
#include <vector>

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

#include <catch2/catch_test_macros.hpp>

#include "support.hpp"

namespace {

struct Entry {
    const char* name;
    contract::Unit* run;
};

std::vector<Entry> units() {
    std::vector<Entry> out{{"-O3 -ffast-math", contract::fast}};
#if defined(CONTRACT_HAS_X86)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
        __builtin_cpu_supports("bmi2")) {
        out.push_back({"-O3 -march=haswell -ffp-contract=fast", contract::fma});
        out.push_back({"-O3 -march=haswell -ffast-math", contract::fast_fma});
#if defined(CONTRACT_HAS_WITHOUT_ASM)
        out.push_back({"-O3 -march=haswell -ffast-math, without asm", contract::without_asm});
#endif
    }
#elif defined(CONTRACT_HAS_ARM64)
    out.push_back({"-O3 -ffp-contract=fast", contract::fma});
    out.push_back({"-O3 -ffast-math -ffp-contract=fast", contract::fast_fma});
#endif
    return out;
}

contract::Input input(std::size_t rows, std::size_t cols, std::size_t tokens, std::uint64_t seed) {
    support::Random random(seed);
    contract::Input in{rows,
                       cols,
                       tokens,
                       random.reals(rows * cols),
                       random.reals(rows),
                       random.reals(tokens * cols, 4.0f),
                       random.reals(tokens * cols, 2.0f),
                       0.0f};
    return in;
}

void check(const contract::Input& in) {
    const auto expected = contract::plain(in);
    for (const Entry& unit : units()) {
        const auto actual = unit.run(in);
        REQUIRE(actual.size() == expected.size());
        for (std::size_t i = 0; i < actual.size(); ++i) {
            INFO(unit.name << ": " << actual[i].name << " (output " << i << ")");
            // All bits, those of NaN included.
            CHECK(support::difference(actual[i].bits, expected[i].bits) == "");
        }
    }
}

} // namespace

TEST_CASE("flags change no bit", "[contract]") {
    for (const auto& [rows, cols, tokens] :
         {std::tuple<std::size_t, std::size_t, std::size_t>{1, 1, 1},
          {17, 33, 3},
          {40, 129, 9},
          {64, 512, 2}}) {
        CAPTURE(rows, cols, tokens);
        check(input(rows, cols, tokens, rows + cols));
    }
}

TEST_CASE("flags change no bit of odd values", "[contract]") {
    constexpr float odd[] = {0.0f,   -0.0f, 1e-39f, -1e-39f, 3e38f,
                             -3e38f, 88.0f, -88.0f, 104.0f,  1e-20f};
    auto in = input(16, 60, 5, 3);
    support::Random random(90);
    for (float& v : in.x) v = random.below(3) ? v : odd[random.below(std::size(odd))];
    for (float& v : in.other) v = random.below(3) ? v : odd[random.below(std::size(odd))];
    check(in);
}

TEST_CASE("flags do not hide a NaN or an infinity", "[contract]") {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    for (float bad : {std::numeric_limits<float>::quiet_NaN(), infinity, -infinity}) {
        auto in = input(20, 70, 4, 4);
        in.x[70 * 2 + 33] = bad;
        in.bad = bad;
        check(in);
        // What a layer would hold is refused, with its place.
        const std::vector<unsigned> refusals = contract::plain(in).back().bits;
        CHECK(refusals == std::vector<unsigned>{unsigned(bitnet::Errc::bad_weight), 5,
                                                unsigned(bitnet::Errc::bad_scale), 0,
                                                unsigned(bitnet::Errc::bad_bias), 3,
                                                unsigned(bitnet::Errc::bad_weight), 5});
    }
}

#if defined(__SSE2__)
TEST_CASE("flush-to-zero modes change no sign", "[contract]") {
    // What linking with -ffast-math sets for a whole program.
    constexpr unsigned flush_to_zero = 0x8000, denormals_are_zero = 0x0040;
    support::Random random(91);
    std::vector<float> x(3 * 70);
    for (float& v : x) v = random.real() * 1e-40f;
    const auto expected = oracle::quantize(oracle::Rule::sign, x, 3, 70);
    std::vector<std::byte> memory(bitnet::scratch_bytes<bitnet::Sign>(3, 70));
    for (const auto* table : support::clusters()) {
        const auto q = bitnet::detail::place<bitnet::Sign>(memory, 3, 70, 0);
        const unsigned before = _mm_getcsr();
        _mm_setcsr(before | flush_to_zero | denormals_are_zero);
        table->get<bitnet::functions::Quantize<bitnet::Sign>>()({x.data(), 3, 70}, q, 0, 3);
        _mm_setcsr(before);
        std::vector<int> codes;
        for (std::size_t t = 0; t < 3; ++t) {
            for (std::size_t c = 0; c < 70; ++c) codes.push_back(q(t, c));
        }
        CAPTURE(table->name);
        CHECK(support::difference(codes, expected.codes) == "");
    }
}
#endif

TEST_CASE("the plain unit is what the oracle says", "[contract]") {
    const auto in = input(40, 129, 9, 5);
    auto w = oracle::quantize_weights(in.weights, in.rows, in.cols, {});
    w.bias = in.bias;
    const auto y =
        oracle::forward(w, oracle::quantize(oracle::Rule::int8, in.x, in.tokens, in.cols));
    const auto outputs = contract::plain(in);
    REQUIRE(std::string_view(outputs[1].name) == "w158a8");
    std::vector<float> actual(outputs[1].bits.size());
    std::memcpy(actual.data(), outputs[1].bits.data(), actual.size() * sizeof(float));
    CHECK(support::difference(actual, y) == "");
}
