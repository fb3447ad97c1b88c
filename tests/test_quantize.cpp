// SPDX-License-Identifier: MIT
// Quantizers of activations on every cluster: codes, padding, sums and scales, bit for bit.
#include <bitnet/products.hpp>
#include <bitnet/quantize.hpp>

#include <cfloat>
#include <limits>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>

#include "executors.hpp"
#include "support.hpp"

using namespace bitnet;
using support::difference;

namespace {

using Kinds = activation_kinds;
constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

template <class Activations>
constexpr oracle::Words words_of() {
    using Codes = codes_of<Activations>;
    return std::is_same_v<Codes, Int8>      ? oracle::Words::int8
           : std::is_same_v<Codes, Ternary> ? oracle::Words::ternary
                                            : oracle::Words::sign;
}

/// "" when q is what the oracle says, padding and sums included.
template <class Activations>
std::string fault(const Quantized<Activations>& q, const oracle::Tokens& expected,
                  std::size_t group) {
    constexpr auto words = words_of<Activations>();
    const std::size_t padded = (q.cols + 31) / 32 * 32;
    for (std::size_t t = 0; t < q.tokens; ++t) {
        for (std::size_t c = 0; c < padded; ++c) {
            const int stored = oracle::token_code(words, q.codes, q.tokens, q.cols, t, c);
            const int code = c < q.cols ? expected.codes[t * q.cols + c] : 0;
            const int planes = code == 0 ? 0 : code < 0 ? 1 : 3; // mask + 2 sign
            const int wanted = words == oracle::Words::int8   ? code
                               : words == oracle::Words::sign ? code > 0
                                                              : planes;
            if (stored != wanted) {
                return "code " + std::to_string(stored) + ", not " + std::to_string(wanted) +
                       " at token " + std::to_string(t) + ", column " + std::to_string(c);
            }
            if (c < q.cols && q(t, c) != code) return "operator() at column " + std::to_string(c);
        }
        if (words != oracle::Words::sign) {
            const std::size_t finer = finer_group(group, expected.group);
            const std::size_t step = finer ? finer : q.cols;
            if (q.group != finer) return "columns per sum";
            for (std::size_t g = 0; g * step < q.cols; ++g) {
                int sum = 0;
                for (std::size_t c = g * step; c < std::min(q.cols, (g + 1) * step); ++c) {
                    const int code = expected.codes[t * q.cols + c];
                    sum += words == oracle::Words::int8 ? code : code != 0;
                }
                if (q.sums[g * q.tokens + t] != sum) return "sum of group " + std::to_string(g);
            }
        }
    }
    const std::size_t groups = groups_of(q.cols, expected.group);
    std::vector<float> scales; // row-major
    for (std::size_t t = 0; t < q.tokens; ++t) {
        for (std::size_t g = 0; g < groups; ++g) scales.push_back(q.scales[g * q.tokens + t]);
    }
    return difference(scales, expected.factors);
}

/// Runs every cluster's quantizer over memory that held something else before.
template <class Activations>
void check(const std::vector<float>& x, std::size_t tokens, std::size_t cols,
           std::size_t group = 0) {
    const auto expected = oracle::quantize(support::rule_of<Activations>(), x, tokens, cols);
    for (const auto* table : support::clusters()) {
        INFO(table->name << ": " << tokens << " tokens, " << cols << " columns, group " << group);
        std::vector<std::byte> memory(scratch_bytes<Activations>(tokens, cols, group),
                                      std::byte{0xff});
        const auto q = detail::place<Activations>(memory, tokens, cols, group);
        table->template get<functions::Quantize<Activations>>()({x.data(), tokens, cols}, q, 0,
                                                                tokens);
        REQUIRE(fault(q, expected, group) == "");
    }
}

} // namespace

TEMPLATE_LIST_TEST_CASE("any shape of tokens", "[quantize]", Kinds) {
    support::Random random(20);
    auto cols = support::counts_around(16);
    for (std::size_t more : support::counts_around(32)) cols.push_back(more);
    for (std::size_t more : {15u, 31u, 63u, 64u, 65u, 100u, 515u}) cols.push_back(more);
    std::size_t i = 0;
    for (std::size_t n : cols) {
        for (std::size_t tokens : {std::size_t{1}, 2 + i % 7, 8 + i % 12}) {
            ++i;
            check<TestType>(random.reals(tokens * n, i % 2 ? 1.0f : 100.0f), tokens, n);
        }
    }
    for (std::size_t tokens = 1; tokens <= 19; ++tokens) {
        check<TestType>(random.reals(tokens * 37), tokens, 37);
    }
}

TEMPLATE_LIST_TEST_CASE("sums by group", "[quantize]", Kinds) {
    support::Random random(21);
    for (std::size_t group : {32u, 64u, 128u, 256u}) {
        for (std::size_t cols :
             {std::size_t{1}, group - 1, group, group + 1, 3 * group, 3 * group + 17}) {
            check<TestType>(random.reals(11 * cols), 11, cols, group);
        }
    }
    // More groups of activations than have their scales at once, of many sizes.
    for (std::size_t group : {0u, 32u, 256u}) {
        auto x = random.reals(3 * 2500);
        for (std::size_t i = 0; i < x.size(); ++i) x[i] *= static_cast<float>(1 + i / 32 % 7);
        check<TestType>(x, 3, 2500, group);
    }
}

TEMPLATE_LIST_TEST_CASE("values at the edges", "[quantize]", Kinds) {
    // One token each: ties, zeros, denormals, the largest numbers, one sign.
    const std::vector<std::vector<float>> tokens = {
        {127.0f, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.5f, 126.5f, 125.5f, -126.5f, 63.5f}, // a = 1
        {-127.0f, 0.49999997f, 0.50000006f, -0.49999997f, -0.50000006f, 3.4999998f},
        {0.0f, -0.0f, 0.0f, -0.0f},
        {1e-40f, -1e-40f, FLT_TRUE_MIN, -FLT_TRUE_MIN},
        {1e-5f, -1e-5f, 9.9999e-6f, -5e-6f, 4e-8f},
        {9e-6f, -9e-6f, 4.5e-6f, -4.5e-6f, 3.9370079e-8f, 3.93e-8f}, // max < 1e-5
        {FLT_MAX, -FLT_MAX, FLT_MAX / 2, 1.0f},
        {FLT_MIN, -FLT_MIN, FLT_EPSILON},
        {1.0f, 2.0f, 3.0f, 4.0f},
        {-1.0f, -2.0f, -3.0f, -4.0f},
        {7.0f, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -6.5f, 0.50000006f, -3.4999998f},   // Int4: a = 1
        {1.0f, 0.5f, -0.5f, 0.49999997f, 0.50000006f, -0.50000006f, -0.99999994f}, // Int2: m = 1
        {5.0f},
        {-5.0f},
        {0.0f},
        {1.0f, 1.0f, 1.0f, 1.0f, 1.0f, 1.0f, 1.0f, 1.0f, 1.0f, 1.0f, 1.0f, 1.0f, 1.0f, 1.0f, 1.0f,
         1.0f, -1.0f},
    };
    for (const auto& x : tokens) {
        check<TestType>(x, 1, x.size());
        // The same values in the middle of a long token.
        std::vector<float> wide(100, x[0] / 3);
        std::copy(x.begin(), x.end(), wide.begin() + 29);
        check<TestType>(wide, 1, wide.size());
    }
}

TEST_CASE("the largest magnitude becomes 127 whatever it is", "[quantize]") {
    support::Random random(22);
    for (int i = 0; i < 3000; ++i) {
        std::vector<float> x = random.reals(5);
        const float size =
            std::bit_cast<float>(static_cast<std::uint32_t>(0x37000000 + random.below(0x48000000)));
        for (float& v : x) v *= size;
        check<Int8>(x, 1, 5);
    }
}

TEMPLATE_LIST_TEST_CASE("a NaN or an infinity poisons its own token", "[quantize]", Kinds) {
    support::Random random(23);
    constexpr std::size_t tokens = 10;
    for (std::size_t cols : {1u, 5u, 16u, 17u, 33u, 64u, 150u}) {
        for (float bad : {not_a_number, -not_a_number, infinity, -infinity,
                          std::bit_cast<float>(0x7f800001u)}) {
            for (std::size_t at : {std::size_t{0}, cols / 2, cols - 1}) {
                for (std::size_t token : {std::size_t{0}, std::size_t{7}, tokens - 1}) {
                    auto x = random.reals(tokens * cols);
                    x[token * cols + at] = bad;
                    check<TestType>(x, tokens, cols);
                }
            }
        }
    }
}

TEMPLATE_LIST_TEST_CASE("ranges, strides, executors and memory give the same bits", "[quantize]",
                        Kinds) {
    support::Random random(24);
    constexpr std::size_t tokens = 13, cols = 45, stride = 50;
    const auto x = random.reals(tokens * stride);
    const Matrix<const float> in(x.data(), tokens, cols, stride);
    const auto expected =
        oracle::quantize(support::rule_of<TestType>(), x.data(), tokens, cols, stride);
    const std::size_t bytes = scratch_bytes<TestType>(tokens, cols, 32);

    const auto run = [&](std::size_t misaligned, const auto& executor) {
        std::vector<std::byte> memory(bytes + misaligned, std::byte{0xff});
        const auto q = quantize<TestType, isa::dynamic>(in, std::span(memory).subspan(misaligned),
                                                        32, executor);
        return fault(q, expected, 32);
    };
    static_cast<void>(support::clusters()); // skips when BITNET_ISA cannot be had
    for (std::size_t misaligned = 0; misaligned < 64; ++misaligned) {
        REQUIRE(run(misaligned, serial) == "");
    }
    for (std::size_t workers : {1u, 2u, 3u, 13u, 14u, 40u}) {
        CAPTURE(workers);
        REQUIRE(run(1, support::Backwards{workers}) == "");
    }
    REQUIRE(run(3, support::Threads{3}) == "");
    // With the flags of this file, and on scalar.
    std::vector<std::byte> memory(bytes, std::byte{0xff});
    REQUIRE(fault(quantize<TestType>(in, memory, 32), expected, 32) == "");
    REQUIRE(fault(quantize<TestType, isa::here<isa::scalar>>(in, memory, 32), expected, 32) == "");

    // Token by token, in any order.
    for (const auto* table : support::clusters()) {
        std::vector<std::byte> pieces(bytes, std::byte{0xff});
        const auto q = detail::place<TestType>(pieces, tokens, cols, 32);
        for (std::size_t t = tokens; t-- > 0;) {
            table->template get<functions::Quantize<TestType>>()(in, q, t, t + 1);
        }
        REQUIRE(fault(q, expected, 32) == "");
    }
}

TEMPLATE_TEST_CASE("tokens from codes", "[quantize]", Int8, Int8Groups<32>, Int8Groups<128>, Int2,
                   Sign, SignNorm, SignMean, Ternary) {
    support::Random random(25);
    using Codes = codes_of<TestType>;
    constexpr auto words = words_of<TestType>();
    for (std::size_t tokens : {1u, 7u, 8u, 9u, 17u}) {
        for (std::size_t cols : {1u, 31u, 32u, 33u, 100u}) {
            for (std::size_t group : {0u, 64u}) {
                CAPTURE(tokens, cols, group);
                const auto codes = random.codes<Codes>(tokens * cols);
                const std::size_t scale_groups = groups_of(cols, TestType::scale_group);
                const auto scales = random.reals(tokens * scale_groups);
                std::vector<std::byte> memory(scratch_bytes<TestType>(tokens, cols, group),
                                              std::byte{0xff});
                const auto q =
                    quantized_from_codes<TestType>(codes, tokens, cols, scales, memory, group);
                REQUIRE(q);
                std::size_t wrong = 0;
                const std::size_t padded = (cols + 31) / 32 * 32;
                const std::size_t finer = finer_group(group, TestType::scale_group);
                const std::size_t step = finer ? finer : padded;
                for (std::size_t t = 0; t < tokens; ++t) {
                    std::vector<int> sums((cols + step - 1) / step);
                    for (std::size_t c = 0; c < padded; ++c) {
                        const int code = c < cols ? codes[t * cols + c] : 0;
                        int stored = code;
                        if (words == oracle::Words::sign) stored = code > 0;
                        if (words == oracle::Words::ternary)
                            stored = code == 0 ? 0 : code < 0 ? 1 : 3;
                        wrong += oracle::token_code(words, q->codes, tokens, cols, t, c) != stored;
                        if (c >= cols) continue;
                        wrong += (*q)(t, c) != code;
                        if (words == oracle::Words::int8) sums[c / step] += code;
                        if (words == oracle::Words::ternary) sums[c / step] += code != 0;
                    }
                    for (std::size_t g = 0; g < sums.size(); ++g) {
                        wrong += q->sums[g * tokens + t] != sums[g];
                    }
                    for (std::size_t g = 0; g < scale_groups; ++g) {
                        wrong += q->scales[g * tokens + t] != scales[t * scale_groups + g];
                    }
                }
                REQUIRE(wrong == 0);
            }
        }
    }
}

TEST_CASE("tokens from codes take a scale for each group", "[quantize]") {
    constexpr std::size_t tokens = 3, cols = 70;
    const std::vector<std::int8_t> codes(tokens * cols, 1);
    std::vector<float> scales(tokens * 3, 1.0f);
    std::vector<std::byte> memory(scratch_bytes<Int8Groups<32>>(tokens, cols));
    const auto make = [&] {
        return quantized_from_codes<Int8Groups<32>>(codes, tokens, cols, scales, memory);
    };
    CHECK(make()->group == 32);
    scales[7] = infinity;
    CHECK(make().error().code == Errc::bad_scale);
    CHECK(make().error().where == 7);
    scales.pop_back();
    CHECK(make().error().code == Errc::wrong_size);
    CHECK(make().error().where == scales.size());
    scales.clear();
    CHECK(make()->scales[8] == 1.0f);
}

TEMPLATE_TEST_CASE("tokens from codes refuse wrong input", "[quantize]", Int8, Sign, Ternary) {
    constexpr std::size_t tokens = 3, cols = 40;
    std::vector<std::int8_t> codes(tokens * cols, 1);
    std::vector<float> scales(tokens, 1.0f);
    std::vector<std::byte> memory(scratch_bytes<TestType>(tokens, cols, 32));
    const auto error = [&](std::size_t t, std::size_t c, std::span<std::byte> to,
                           std::size_t group = 0) {
        const auto q = quantized_from_codes<TestType>(codes, t, c, scales, to, group);
        REQUIRE_FALSE(q);
        return q.error();
    };
    CHECK(quantized_from_codes<TestType>(codes, tokens, cols, {}, memory)->scales[1] == 1.0f);
    CHECK(error(0, cols, memory).code == Errc::wrong_size);
    CHECK(error(tokens, 0, memory).code == Errc::empty_shape);
    CHECK(error(tokens, cols + 1, memory).code == Errc::wrong_size);
    CHECK(error(1, max_cols + 1, memory).code == Errc::too_large);
    CHECK(error(static_cast<std::size_t>(-1), cols, memory).code == Errc::too_large);
    const auto half = std::span(memory).first(memory.size() / 2);
    CHECK(error(tokens, cols, half).code == Errc::wrong_size);
    CHECK(error(tokens, cols, half).where == half.size());
    CHECK(error(tokens, cols + 1, memory).where == codes.size());
    CHECK(error(tokens, cols - 1, memory).where == tokens * (cols - 1));
    for (std::size_t group : {1u, 16u, 31u, 33u, 48u, 512u}) {
        CHECK(error(tokens, cols, memory, group).code == Errc::bad_group);
        CHECK(error(tokens, cols, memory, group).where == 0);
    }
    scales.pop_back();
    CHECK(error(tokens, cols, memory).code == Errc::wrong_size);
    for (float bad : {not_a_number, infinity, -infinity}) {
        scales = {1.0f, 1.0f, bad};
        CHECK(error(tokens, cols, memory).code == Errc::bad_scale);
        CHECK(error(tokens, cols, memory).where == 2);
    }
    scales.assign(tokens, 1.0f);
    if (!std::is_same_v<TestType, Int8>) {
        codes[cols + 3] = 2;
        CHECK(error(tokens, cols, memory).code == Errc::bad_code);
        CHECK(error(tokens, cols, memory).where == cols + 3);
        codes[cols + 3] = 0;
        CHECK(bool(quantized_from_codes<TestType>(codes, tokens, cols, scales, memory)) ==
              std::is_same_v<TestType, Ternary>);
    }
}
