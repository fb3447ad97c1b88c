// SPDX-License-Identifier: MIT
// The loops of rope.hpp, which has their contracts. The table's angles, sines and cosines come from
// our own double recipes, because those of C libraries differ in the last bit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <bitnet/config.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/simd/chunks.hpp>
#include <bitnet/simd/f32x16.hpp>
#include <bitnet/simd/round.hpp>

namespace BITNET_NAMESPACE {

namespace detail {

// Doubles, every operation rounded once. Divisors pass rounded() too: -ffast-math would multiply by
// the reciprocal of a known one.
BITNET_INLINE double times(double a, double b) noexcept {
    return rounded(a * b);
}
BITNET_INLINE double plus(double a, double b) noexcept {
    return rounded(a + b);
}
BITNET_INLINE double minus(double a, double b) noexcept {
    return rounded(a - b);
}
BITNET_INLINE double over(double a, double b) noexcept {
    return rounded(rounded(a) / rounded(b));
}
/// The nearest integer, ties to even, for |v| < 2^51: there 1.5 * 2^52 + v has no fraction bits.
BITNET_INLINE double nearest(double v) noexcept {
    return minus(plus(v, 0x1.8p52), rounded(0x1.8p52));
}
/// 2^n for -1022 <= n <= 1023.
BITNET_INLINE double power_of_two_double(std::int64_t n) noexcept {
    const std::int64_t bits = (n + 1023) << 52;
    double v;
    std::memcpy(&v, &bits, sizeof v);
    return v;
}

// ln 2 in two parts: 32 bits, so that its products with small integers are exact, and the rest.
inline constexpr double ln2_high = 0x1.62e42feep-1, ln2_low = 0x1.a39ef35793c76p-33;

/// ln x for a normal x > 0: n ln 2 + 2 atanh((m - 1) / (m + 1)), x = 2^n m, 1 <= m < 2.
BITNET_INLINE double log_double(double x) noexcept {
    std::int64_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    const std::int64_t n = (bits >> 52) - 1023;
    const double m = over(x, power_of_two_double(n));
    const double s = over(minus(m, 1.0), plus(m, 1.0)), z = times(s, s);
    double sum = 0; // of z^j / (2 j + 1); z <= 1/9 and 9^-17 < 2^-53
    for (int j = 17; j >= 0; --j) sum = plus(times(sum, z), over(1.0, 2.0 * j + 1.0));
    const double k = static_cast<double>(n);
    return plus(times(k, ln2_high), plus(times(2.0, times(s, sum)), times(k, ln2_low)));
}

/// e^x for |x| < 700: 2^n e^r, |r| <= 0.35, by the series of e^r.
BITNET_INLINE double exp_double(double x) noexcept {
    const double n = nearest(times(x, 0x1.71547652b82fep+0)); // log2(e)
    const double r = minus(minus(x, times(n, ln2_high)), times(n, ln2_low));
    double sum = 1; // 0.35^15 / 15! < 2^-53
    for (int j = 15; j >= 1; --j) sum = plus(1.0, times(over(r, j), sum));
    return times(sum, power_of_two_double(static_cast<std::int64_t>(n)));
}

struct SineCosine {
    double sine, cosine;
};
/// sin and cos of 0 <= angle < 2^20: a quarter turn taken off k times leaves |r| <= pi/4.
BITNET_INLINE SineCosine sine_cosine(double angle) noexcept {
    // pi/2 in two parts of 33 bits, so that their products with k < 2^20 are exact; what is left
    // out of pi/2 is below 2^-68, which moves r by less than 2^-48.
    const double high = 0x1.921fb544p+0, low = 0x1.0b4611a6p-34;
    const double k = nearest(times(angle, 0x1.45f306dc9c883p-1)); // 2 / pi
    const double r = minus(minus(angle, times(k, high)), times(k, low));
    const double z = times(r, r);
    double sine = 1, cosine = 1; // Taylor; (pi/4)^19 / 19! < 2^-60
    for (int j = 9; j >= 1; --j) {
        sine = minus(1.0, times(over(z, 2.0 * j * (2.0 * j + 1)), sine));
        cosine = minus(1.0, times(over(z, (2.0 * j - 1) * 2.0 * j), cosine));
    }
    sine = times(sine, r);
    switch (static_cast<std::int64_t>(k) & 3) {
    case 0:
        return {sine, cosine};
    case 1:
        return {cosine, -sine};
    case 2:
        return {-sine, -cosine};
    default:
        return {-cosine, sine};
    }
}

} // namespace detail

/// YaRN: how RoPE's frequencies are stretched for contexts that are longer than what a model was
/// trained with. rope_table() has the formula.
struct YarnScaling {
    double factor = 1; ///< how many times longer, at least 1; 1: as it was
    double original_context = 0;
    double attention = 1; ///< by which sines and cosines are multiplied
    double beta_fast = 32, beta_slow = 1;
};

namespace detail {

/// Which share of its old value a frequency keeps, by its index.
class YarnRamp {
public:
    BITNET_INLINE YarnRamp(const YarnScaling& yarn, double head_dim, double log_theta) noexcept {
        // Of the frequency with so many turns in the context.
        const auto place = [&](double turns) BITNET_INLINE_LAMBDA {
            const double pi2 = 0x1.921fb54442d18p+2;
            const double length = over(yarn.original_context, times(turns, pi2));
            return over(times(head_dim, log_double(length)), times(2.0, log_theta));
        };
        const double fast = place(yarn.beta_fast), slow = place(yarn.beta_slow);
        const double below = nearest(fast), above = nearest(slow);
        const double low = below > fast ? minus(below, 1.0) : below;
        const double high = above < slow ? plus(above, 1.0) : above;
        low_ = low > 0 ? low : 0;
        const double last = head_dim - 1;
        const double width = minus(high < last ? high : last, low_);
        width_ = width > 0.001 ? width : 0.001;
    }
    BITNET_INLINE double kept(double i) const noexcept {
        const double along = over(minus(i, low_), width_);
        return along < 0 ? 1 : along > 1 ? 0 : minus(1.0, along);
    }

private:
    double low_, width_;
};

} // namespace detail

namespace functions {

struct RopeTable {
    BITNET_HIDDEN static constexpr const char* name = "rope_table";
    template <class Isa>
    BITNET_HIDDEN static void run(std::size_t first, std::size_t positions, std::size_t head_dim,
                                  double theta, const YarnScaling& yarn, float* cosines,
                                  float* sines) noexcept {
        const std::size_t half = head_dim / 2;
        const double log_theta = detail::log_double(theta);
        const bool scaled = yarn.factor > 1;
        const detail::YarnRamp ramp(scaled ? yarn : YarnScaling{1, 1},
                                    static_cast<double>(head_dim), scaled ? log_theta : 1);
        for (std::size_t i = 0; i < half; ++i) {
            const double exponent =
                detail::over(2.0 * static_cast<double>(i), static_cast<double>(head_dim));
            double frequency = detail::exp_double(-detail::times(exponent, log_theta));
            if (scaled) {
                const double kept = ramp.kept(static_cast<double>(i));
                const double stretched = detail::over(frequency, yarn.factor);
                frequency = detail::plus(detail::times(stretched, detail::minus(1.0, kept)),
                                         detail::times(frequency, kept));
            }
            for (std::size_t p = 0; p < positions; ++p) {
                const auto [sine, cosine] =
                    detail::sine_cosine(detail::times(static_cast<double>(first + p), frequency));
                cosines[p * half + i] = static_cast<float>(detail::times(cosine, yarn.attention));
                sines[p * half + i] = static_cast<float>(detail::times(sine, yarn.attention));
            }
        }
    }
};

struct Rope {
    BITNET_HIDDEN static constexpr const char* name = "rope";
    template <class Isa>
    BITNET_HIDDEN static void run(float* x, std::size_t heads, const float* cosines,
                                  const float* sines, std::size_t half) noexcept {
        for (std::size_t h = 0; h < heads; ++h, x += 2 * half) {
            simd::for_chunks(half, [&](std::size_t i, std::size_t k) BITNET_INLINE_LAMBDA {
                const auto a = simd::load_chunk<Isa>(x + i, k);
                const auto b = simd::load_chunk<Isa>(x + half + i, k);
                const auto c = simd::load_chunk<Isa>(cosines + i, k);
                const auto s = simd::load_chunk<Isa>(sines + i, k);
                simd::store_chunk(a * c - b * s, x + i, k);
                simd::store_chunk(b * c + a * s, x + half + i, k);
            });
        }
    }
};

} // namespace functions
} // namespace BITNET_NAMESPACE
