// SPDX-License-Identifier: MIT
// The Walsh-Hadamard transform on every cluster.
#include <bitnet/hadamard.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "float_oracle.hpp"
#include "support.hpp"

using namespace bitnet;
using support::difference;

namespace {

constexpr std::size_t blocks[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024};

std::vector<float> signs_of(support::Random& random, std::size_t n) {
    std::vector<float> out;
    for (std::size_t i = 0; i < n; ++i) out.push_back(random.below(2) ? 1.0f : -1.0f);
    return out;
}
std::vector<float> times(std::vector<float> x, const std::vector<float>& signs) {
    for (std::size_t i = 0; i < x.size() && !signs.empty(); ++i) x[i] *= signs[i];
    return x;
}
/// One token, by the oracle.
std::vector<float> transformed(const std::vector<float>& x, std::size_t block) {
    std::vector<float> out;
    for (std::size_t c = 0; c < x.size(); c += block) {
        const auto first = x.begin() + static_cast<long>(c);
        const auto y = oracle::hadamard({first, first + static_cast<long>(block)});
        out.insert(out.end(), y.begin(), y.end());
    }
    return out;
}

} // namespace

TEST_CASE("the transform is the plain loop's", "[hadamard]") {
    support::Random random(61);
    for (const auto* table : support::clusters()) {
        for (std::size_t block : blocks) {
            for (std::size_t times_block : {1u, 2u, 3u, 5u, 9u}) {
                for (int kind = 0; kind < 4; ++kind) { // no signs, before, after, both
                    const std::size_t cols = block * times_block, tokens = 3, stride = cols + 1;
                    INFO(table->name << ", block " << block << ", cols " << cols << ", kind "
                                     << kind);
                    auto x = random.reals(tokens * stride, 5.0f);
                    if (kind == 3)
                        x[random.below(x.size())] = 3e38f; // outliers, and sums that overflow
                    const auto before = kind & 1 ? signs_of(random, cols) : std::vector<float>();
                    const auto after = kind & 2 ? signs_of(random, cols) : std::vector<float>();
                    std::vector<float> y(x.size(), support::untouched()), want = y;
                    for (std::size_t t = 0; t < tokens; ++t) {
                        const float* row = x.data() + t * stride;
                        const auto one =
                            times(transformed(times({row, row + cols}, before), block), after);
                        std::copy(one.begin(), one.end(),
                                  want.begin() + static_cast<long>(t * stride));
                    }
                    const auto run = table->get<functions::Hadamard>();
                    const float *s = before.empty() ? nullptr : before.data(),
                                *r = after.empty() ? nullptr : after.data();
                    run({x.data(), tokens, cols, stride}, block, s, r,
                        {y.data(), tokens, cols, stride});
                    REQUIRE(difference(y, want) == "");
                    for (std::size_t t = 0; t < tokens; ++t) { // in place too
                        want[t * stride + cols] = x[t * stride + cols];
                    }
                    run({x.data(), tokens, cols, stride}, block, s, r,
                        {x.data(), tokens, cols, stride});
                    REQUIRE(difference(x, want) == "");
                }
            }
        }
    }
}

TEST_CASE("the transform is that of real arithmetic, nearly", "[hadamard]") {
    support::Random random(62);
    for (const auto* table : support::clusters()) {
        for (std::size_t block : blocks) {
            INFO(table->name << ", block " << block);
            const auto x = random.reals(block), signs = signs_of(random, block);
            std::vector<float> y(block), back(block);
            const auto run = table->get<functions::Hadamard>();
            run({x.data(), 1, block}, block, signs.data(), nullptr, {y.data(), 1, block});
            double squares = 0;
            for (float v : x) squares += static_cast<double>(v) * static_cast<double>(v);
            const double tolerance = 1e-6 * std::sqrt(squares);
            for (std::size_t i = 0; i < block; ++i) {
                double sum = 0; // H[i, j] = (-1)^(ones of i & j) / sqrt(block)
                for (std::size_t j = 0; j < block; ++j) {
                    const double v = static_cast<double>(x[j]) * static_cast<double>(signs[j]);
                    sum += std::popcount(i & j) % 2 ? -v : v;
                }
                REQUIRE(std::fabs(sum / std::sqrt(static_cast<double>(block)) -
                                  static_cast<double>(y[i])) <= tolerance);
            }
            // The inverse gives x again.
            run({y.data(), 1, block}, block, nullptr, signs.data(), {back.data(), 1, block});
            for (std::size_t i = 0; i < block; ++i) {
                REQUIRE(std::fabs(static_cast<double>(back[i]) - static_cast<double>(x[i])) <=
                        tolerance);
            }
        }
    }
}

TEST_CASE("a NaN or an infinity stays in its block", "[hadamard]") {
    for (const auto* table : support::clusters()) {
        for (std::size_t block : {4u, 16u, 64u}) {
            for (float odd : {std::numeric_limits<float>::infinity(),
                              std::numeric_limits<float>::quiet_NaN()}) {
                INFO(table->name << ", block " << block);
                std::vector<float> x(3 * block, 1.0f);
                x[block + block / 2] = odd;
                table->get<functions::Hadamard>()({x.data(), 1, x.size()}, block, nullptr, nullptr,
                                                  {x.data(), 1, x.size()});
                std::size_t wrong = 0;
                for (std::size_t i = 0; i < x.size(); ++i)
                    wrong += std::isfinite(x[i]) != (i / block != 1);
                CHECK(wrong == 0);
            }
        }
    }
}

TEST_CASE("the transform's header gives what the table does", "[hadamard]") {
    support::Random random(63);
    const std::size_t tokens = 2, cols = 192;
    const auto x = random.reals(tokens * cols), signs = signs_of(random, cols);
    const Matrix<const float> in(x.data(), tokens, cols);
    std::vector<float> a(x.size()), b(x.size()), c(x.size());
    for (bool inverse : {false, true}) {
        const auto run = [&]<class Isa>(Isa, std::vector<float>& y) {
            const Matrix<float> out(y.data(), tokens, cols);
            inverse ? inverse_hadamard<Isa>(in, 64, signs, out) : hadamard<Isa>(in, 64, signs, out);
        };
        run(isa::native{}, a);
        run(isa::dynamic{}, b);
        CHECK(difference(a, b) == "");
        dispatch::table().get<functions::Hadamard>()(in, 64, inverse ? nullptr : signs.data(),
                                                     inverse ? signs.data() : nullptr,
                                                     {c.data(), tokens, cols});
        CHECK(difference(a, c) == "");
        // No signs are none, wherever an empty span points.
        const std::span<const float> none = std::span<const float>(signs).first(0);
        const auto without = [&](std::span<const float> s, std::vector<float>& y) {
            const Matrix<float> out(y.data(), tokens, cols);
            inverse ? inverse_hadamard(in, 64, s, out) : hadamard(in, 64, s, out);
        };
        without({}, a);
        without(none, b);
        CHECK(difference(a, b) == "");
    }
    CHECK(is_hadamard_block(1));
    CHECK(is_hadamard_block(1024));
    for (std::size_t n : {0u, 3u, 96u, 1000u, 2048u}) CHECK_FALSE(is_hadamard_block(n));
}
