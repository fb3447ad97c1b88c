// SPDX-License-Identifier: MIT
// exp, log, sigmoid, tanh and the sums on every cluster: bit for bit what the documentation says,
// and how far that is from the truth.
#include <bitnet/math.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "float_oracle.hpp"
#include "support.hpp"

using namespace bitnet;
using support::difference;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

float from_bits(std::uint32_t bits) {
    return std::bit_cast<float>(bits);
}

/// Floats of all signs and exponents, denormals and NaNs too, and those around each given value.
std::vector<float> arguments(std::initializer_list<float> places) {
    std::vector<float> out{
        0.0f, -0.0f, infinity, -infinity, not_a_number, -not_a_number, from_bits(0x7f800001u),
        1.0f, -1.0f};
    // A step that is coprime to 2^32 and steps through every exponent about 2000 times.
    for (std::uint64_t bits = 0; bits < (std::uint64_t{1} << 32); bits += 8191) {
        out.push_back(from_bits(static_cast<std::uint32_t>(bits)));
    }
    for (float place : places) {
        const auto bits = std::bit_cast<std::uint32_t>(place);
        for (std::uint32_t i = 0; i < 200; ++i) out.push_back(from_bits(bits - 100 + i));
    }
    return out;
}

/// |actual - truth| in units in the last place of a float of truth's size.
double ulps(float actual, double truth) {
    int exponent = 0;
    std::frexp(truth, &exponent);
    return std::fabs(actual - truth) / std::ldexp(1.0, exponent - 24);
}

/// A function of one float: recipe to the bit, error against the C library's double version.
template <class F>
void check(float (*recipe)(float), double (*truth)(double), double bound,
           const std::vector<float>& arguments) {
    for (const auto* table : support::clusters()) {
        INFO(table->name);
        std::vector<float> actual, expected;
        double worst = 0;
        float at = 0;
        for (float x : arguments) {
            actual.push_back(table->get<F>()(x));
            expected.push_back(recipe(x));
            const double real = truth(static_cast<double>(x));
            if (std::isnan(real)) {
                REQUIRE(std::isnan(actual.back()));
            } else if (!std::isfinite(static_cast<float>(real))) {
                REQUIRE(actual.back() == static_cast<float>(real));
            } else if (real == 0) {
                REQUIRE(actual.back() == 0);
            } else if (std::fabs(real) < 0x1p-126) { // denormal results are zero, or exact
                REQUIRE((actual.back() == 0 || actual.back() == static_cast<float>(real)));
            } else if (const double error = ulps(actual.back(), real); error > worst) {
                worst = error;
                at = x;
            }
        }
        REQUIRE(difference(actual, expected) == "");
        INFO("worst error " << worst << " ulp, at " << at);
        CHECK(worst <= bound);
    }
}

} // namespace

TEST_CASE("exp", "[math]") {
    // Around the ends of the range, and where the power of two steps.
    check<functions::Exp>(
        oracle::exp, [](double x) { return std::exp(x); }, 1.03,
        arguments({88.7228317f, -87.3365402f, 0.34657359f, -0.34657359f, 1.0f, 88.3762626f}));
}

TEST_CASE("log", "[math]") {
    check<functions::Log>(
        oracle::log, [](double x) { return std::log(x); }, 0.86,
        arguments({1.0f, 0.707106769f, 1.41421354f, 0x1p-126f, 2.0f}));
}

TEST_CASE("sigmoid", "[math]") {
    check<functions::Sigmoid>(
        oracle::sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }, 2.41,
        arguments({-87.3365402f, 88.7228317f, 17.0f, 0x1p-126f, -0x1p-126f}));
}

TEST_CASE("tanh", "[math]") {
    check<functions::Tanh>(
        oracle::tanh, [](double x) { return std::tanh(x); }, 2.43,
        arguments({0x1p-12f, -0x1p-12f, 0.17328680f, 9.01f, 10.0f, -10.0f}));
}

TEST_CASE("the header's forms are those of the table", "[math]") {
    for (float x : {0.3f, -4.0f, 70.0f}) {
        CHECK(bitnet::exp(x) == oracle::exp(x));
        CHECK(bitnet::sigmoid(x) == oracle::sigmoid(x));
        CHECK(bitnet::tanh<isa::dynamic>(x) == oracle::tanh(x));
        CHECK(bitnet::log<isa::scalar>(x * x) == oracle::log(x * x));
    }
}

TEST_CASE("sums have sixteen partials", "[math]") {
    support::Random random(1);
    auto counts = support::counts_around(16);
    for (std::size_t more : {0u, 15u, 31u, 33u, 47u, 1000u}) counts.push_back(more);
    for (const auto* table : support::clusters()) {
        INFO(table->name);
        for (std::size_t n : counts) {
            // One float further than its natural alignment asks for: any address will do.
            auto a = random.reals(n + 1, 3.0f), b = random.reals(n + 1, 1e4f);
            for (std::size_t i = 1; i < n; i += 5) b[i] *= 1e-6f;
            const float *x = a.data() + 1, *y = b.data() + 1;
            CAPTURE(n);
            CHECK(table->get<functions::Sum>()(y, n) == oracle::sum16({y, n}));
            CHECK(table->get<functions::Dot>()(x, y, n) == oracle::dot(x, y, n));
            if (n > 0) CHECK(table->get<functions::MeanAbs>()(y, n) == oracle::mean_abs(y, n));
            CHECK(table->get<functions::Absmax>()(y, n) == oracle::absmax(y, n));
        }
    }
}

TEST_CASE("dots are dots", "[math]") {
    support::Random random(2);
    constexpr std::size_t most = 37;
    for (const auto* table : support::clusters()) {
        INFO(table->name);
        for (std::size_t k : {1u, 4u, 15u, 16u, 17u, 25u, 31u, 47u, 64u, 100u, 511u, 513u, 1100u}) {
            // Rows further apart than they are long, at any address; a NaN beyond each that must
            // not be read, and y that must not be written beyond its own columns.
            const std::size_t stride = k + 3;
            auto a = random.reals(most * stride + 1, 3.0f), b = random.reals(a.size(), 1e4f);
            for (std::size_t i = 0; i < most; ++i) {
                a[1 + i * stride + k] = b[1 + i * stride + k] = not_a_number;
            }
            a[1] = -0.0f;
            for (auto [m, n] : {std::pair<std::size_t, std::size_t>{1, 1},
                                {1, 16},
                                {1, 37},
                                {2, 9},
                                {3, 5},
                                {4, 4},
                                {5, 17},
                                {7, 1},
                                {37, 37}}) {
                CAPTURE(k, m, n);
                const Matrix<const float> x(a.data() + 1, m, k, stride),
                    w(b.data() + 1, n, k, stride);
                std::vector<float> y(m * (n + 2), 77.0f), expected = y;
                for (std::size_t i = 0; i < m; ++i) {
                    for (std::size_t j = 0; j < n; ++j) {
                        expected[i * (n + 2) + j] = oracle::dot(x.row(i), w.row(j), k);
                    }
                }
                table->get<functions::Dots>()(x, w, {y.data(), m, n, n + 2});
                REQUIRE(difference(y, expected) == "");
            }
        }
    }
}

TEST_CASE("halves to floats", "[math]") {
    std::vector<std::uint16_t> x;
    std::vector<float> expected;
    for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
        if ((bits & 0x7c00) == 0x7c00) continue;
        x.push_back(static_cast<std::uint16_t>(bits));
        const int exponent = static_cast<int>(bits >> 10 & 31), fraction = bits & 1023;
        const double size =
            exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
        expected.push_back(static_cast<float>(bits >> 15 ? -size : size));
    }
    for (const auto* table : support::clusters()) {
        INFO(table->name);
        for (std::size_t n : {std::size_t{0}, std::size_t{7}, std::size_t{37}, x.size()}) {
            std::vector<float> y(n, 77.0f);
            table->get<functions::HalvesToFloats>()(x.data(), y.data(), n);
            REQUIRE(difference(y, std::vector(expected.begin(),
                                              expected.begin() + static_cast<std::ptrdiff_t>(n))) ==
                    "");
        }
    }
}

TEST_CASE("sums of special values", "[math]") {
    for (const auto* table : support::clusters()) {
        INFO(table->name);
        const std::vector<float> negative_zeros(40, -0.0f);
        CHECK(std::bit_cast<std::uint32_t>(
                  table->get<functions::Sum>()(negative_zeros.data(), 40)) == 0);
        CHECK(std::bit_cast<std::uint32_t>(
                  table->get<functions::Sum>()(negative_zeros.data(), 0)) == 0);
        CHECK(std::bit_cast<std::uint32_t>(
                  table->get<functions::Absmax>()(negative_zeros.data(), 40)) == 0);
        const std::vector<float> ones(40, 1.0f);
        float zero = -1;
        table->get<functions::Dots>()({negative_zeros.data(), 1, 40}, {ones.data(), 1, 40},
                                      {&zero, 1, 1});
        CHECK(std::bit_cast<std::uint32_t>(zero) == 0);
        for (std::size_t n : {1u, 16u, 21u, 48u}) {
            for (std::size_t at = 0; at < n; ++at) {
                std::vector<float> x(n, -2.0f);
                x[at] = -infinity;
                CHECK(table->get<functions::Sum>()(x.data(), n) == -infinity);
                CHECK(table->get<functions::Absmax>()(x.data(), n) == infinity);
                CHECK(table->get<functions::Dot>()(x.data(), x.data(), n) == infinity);
                float square = 0;
                table->get<functions::Dots>()({x.data(), 1, n}, {x.data(), 1, n}, {&square, 1, 1});
                CHECK(square == infinity);
                x[at] = -not_a_number;
                CHECK(std::isnan(table->get<functions::Sum>()(x.data(), n)));
                CHECK(std::isnan(table->get<functions::Absmax>()(x.data(), n)));
                CHECK(std::isnan(table->get<functions::MeanAbs>()(x.data(), n)));
                x[at] = 0x1p-149f;
                std::vector<float> alone(n, 0.0f);
                alone[at] = -0x1p-149f;
                CHECK(table->get<functions::Absmax>()(alone.data(), n) == 0x1p-149f);
            }
        }
    }
}
