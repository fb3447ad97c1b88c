// SPDX-License-Identifier: MIT
// See float_oracle.hpp.
#include "float_oracle.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "oracle.hpp"

namespace oracle {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1cp-20f;

/// e^x = 2^n (1 + p)
struct Parts {
    int n;
    float p;
};
Parts parts_of_exp(float x) {
    const float n = std::nearbyint(x * 1.44269502f);
    const float high = x - n * ln2_high;
    const float r = high - n * ln2_low;
    float q = 1.0f / 5040.0f;
    for (float factorial : {720.0f, 120.0f, 24.0f, 6.0f, 2.0f}) {
        q = q * r;
        q = q + 1.0f / factorial;
    }
    const float square = r * r;
    return {static_cast<int>(n), r + square * q};
}

float fold(float (&part)[16]) {
    for (int half : {8, 4, 2, 1}) {
        for (int i = 0; i < half; ++i) part[i] = part[i] + part[i + half];
    }
    return part[0];
}

float add_gumbel(float x, float temperature, float u) {
    const float noise = temperature * log(-log(u));
    return x - noise;
}

} // namespace

float exp(float x) {
    if (std::isnan(x)) return nan;
    if (x > 88.7228317f) return infinity;
    if (x < -87.3365402f) return 0.0f;
    const Parts e = parts_of_exp(x);
    return std::ldexp(1.0f + e.p, e.n);
}

float log(float x) {
    if (std::isnan(x) || x < 0) return nan;
    if (x == 0) return -infinity;
    if (x == infinity) return infinity;
    int n = 0;
    float m = std::frexp(x, &n); // in [1/2, 1)
    if (m < 0.707106769f) {
        m = m * 2;
        n = n - 1;
    }
    const float f = m - 1.0f;
    const float s = f / (2.0f + f);
    const float z = s * s;
    float r = 2.0f / 9.0f;
    for (float k : {7.0f, 5.0f, 3.0f}) {
        r = r * z;
        r = r + 2.0f / k;
    }
    const float half_square = 0.5f * (f * f);
    const float rest = r * z;
    const float k = static_cast<float>(n);
    const float tail = s * (half_square + rest) + k * ln2_low;
    return k * ln2_high - ((half_square - tail) - f);
}

float sigmoid(float x) {
    if (std::isnan(x)) return nan;
    const float z = exp(-std::fabs(x));
    const float below = 1.0f + z;
    return (std::signbit(x) ? z : 1.0f) / below;
}

float tanh(float x) {
    if (std::isnan(x)) return nan;
    const float a = std::min(std::fabs(x), 10.0f);
    if (a < 0x1p-12f) return x;
    const Parts e = parts_of_exp(a + a);
    const float power = std::ldexp(1.0f, e.n);
    const float t = power * e.p + (power - 1.0f);
    return std::copysign(t / (t + 2.0f), x);
}

float dot(const float* a, const float* b, std::size_t n) {
    float part[16] = {};
    for (std::size_t i = 0; i < n; ++i) {
        const float product = a[i] * b[i];
        part[i % 16] = part[i % 16] + product;
    }
    return fold(part);
}

float mean_abs(const float* x, std::size_t n) {
    float part[16] = {};
    for (std::size_t i = 0; i < n; ++i) part[i % 16] = part[i % 16] + std::fabs(x[i]);
    return fold(part) / static_cast<float>(n);
}

float absmax(const float* x, std::size_t n) {
    float best = 0;
    for (std::size_t i = 0; i < n; ++i) {
        if (std::isnan(x[i])) return nan;
        best = std::max(best, std::fabs(x[i]));
    }
    return best;
}

std::vector<float> rms_norm(const std::vector<float>& x, const std::vector<float>& weight,
                            float eps) {
    std::vector<float> y(x.size());
    const float squares = dot(x.data(), x.data(), x.size());
    const float mean = squares / static_cast<float>(x.size());
    const float r = 1.0f / std::sqrt(mean + eps);
    for (std::size_t i = 0; i < x.size(); ++i) {
        const float scaled = x[i] * r;
        y[i] = std::isfinite(squares) ? scaled * weight[i] : nan;
    }
    return y;
}

std::vector<float> softmax(std::vector<float> x) {
    for (float v : x) {
        if (std::isnan(v) || v == infinity) return std::vector<float>(x.size(), nan);
    }
    const float largest = *std::max_element(x.begin(), x.end());
    if (largest == -infinity) return std::vector<float>(x.size(), nan);
    for (float& v : x) v = exp(v - largest);
    const float total = sum16(std::span<const float>(x));
    for (float& v : x) v = v / total;
    return x;
}

std::vector<float> rope(const std::vector<float>& x, const std::vector<float>& cosines,
                        const std::vector<float>& sines) {
    const std::size_t half = x.size() / 2;
    std::vector<float> y(x.size());
    for (std::size_t i = 0; i < half; ++i) {
        const float a = x[i], b = x[i + half];
        const float ac = a * cosines[i], bs = b * sines[i], bc = b * cosines[i], as = a * sines[i];
        y[i] = ac - bs;
        y[i + half] = bc + as;
    }
    return y;
}

std::vector<float> hadamard(std::vector<float> v) {
    const std::size_t n = v.size();
    for (std::size_t h = 1; h < n; h *= 2) {
        for (std::size_t i = 0; i < n; ++i) {
            if (i / h % 2 == 1) continue;
            const float a = v[i], b = v[i + h];
            v[i] = a + b;
            v[i + h] = a - b;
        }
    }
    const float factor = static_cast<float>(1 / std::sqrt(static_cast<double>(n)));
    for (float& value : v) value *= factor;
    return v;
}

void encode(const std::vector<float>& x, unsigned bits, std::vector<std::uint16_t>& u,
            float& scale) {
    const float m = absmax(x.data(), x.size());
    u.clear();
    if (bits == 16) {
        int exponent = 0; // 2^exponent brings m below 2^15
        if (m >= 0x1p15f) exponent = static_cast<int>(std::floor(std::log2(double{m}))) - 14;
        scale = std::ldexp(1.0f, exponent);
        for (const float v : x) {
            const double size = std::fabs(std::ldexp(double{v}, -exponent));
            int power =
                size < 0x1p-14 ? -14 : std::ilogb(size); // a half's last bit is 2^(power-10)
            double units = std::nearbyint(std::ldexp(size, 10 - power));
            if (units == 2048) ++power, units = 1024;
            const auto field = static_cast<unsigned>(units < 1024 ? 0 : power + 15);
            const auto fraction = static_cast<unsigned>(units) & 1023u;
            u.push_back(static_cast<std::uint16_t>((std::signbit(v) ? 0x8000u : 0u) | field << 10 |
                                                   fraction));
        }
        return;
    }
    const float limit = bits == 8 ? 127.0f : bits == 4 ? 7.0f : 2.125f;
    const float zero = bits == 8 ? 128.0f : bits == 4 ? 8.0f : 1.5f;
    scale = m < 0x1p-100f ? 0.0f : m / limit;
    const float factor = m < 0x1p-100f ? 0.0f : limit / m;
    for (const float v : x) {
        const float scaled = v * factor;
        const float code = std::nearbyint(scaled + zero);
        u.push_back(static_cast<std::uint16_t>(bits == 2 ? std::clamp(code, 0.0f, 3.0f) : code));
    }
}

float shortened(float x) {
    const double size = std::fabs(double{x});
    if (!(size < 0x1p110)) return std::numeric_limits<float>::quiet_NaN();
    if (size < 0x1p-102) return 0.0f;
    const int unit = std::ilogb(size) - 12; // 13 bits from the first on
    return static_cast<float>(std::ldexp(std::round(std::ldexp(double{x}, -unit)), unit));
}

float squared_relu_gate(float gate, float up) {
    const float r = std::isnan(gate) ? nan : gate > 0 ? gate : 0.0f;
    const float square = r * r;
    return square * up;
}

float silu_gate(float gate, float up) {
    const float silu = gate * sigmoid(gate);
    return silu * up;
}

int bitglu(float gate, float up) {
    return gate > 0 ? (up < 0 ? -1 : 1) : 0;
}

float uniform(std::uint64_t seed, std::uint32_t element, std::uint64_t token,
              std::uint32_t stream) {
    std::uint32_t c[4] = {element, static_cast<std::uint32_t>(token), stream,
                          static_cast<std::uint32_t>(token >> 32)};
    for (std::uint32_t round = 0; round < 10; ++round) {
        const std::uint32_t key0 = static_cast<std::uint32_t>(seed) + round * 0x9E3779B9u;
        const std::uint32_t key1 = static_cast<std::uint32_t>(seed >> 32) + round * 0xBB67AE85u;
        const std::uint64_t a = c[0] * std::uint64_t{0xD2511F53u};
        const std::uint64_t b = c[2] * std::uint64_t{0xCD9E8D57u};
        const std::uint32_t next[4] = {
            static_cast<std::uint32_t>(b >> 32) ^ c[1] ^ key0, static_cast<std::uint32_t>(b),
            static_cast<std::uint32_t>(a >> 32) ^ c[3] ^ key1, static_cast<std::uint32_t>(a)};
        std::copy(next, next + 4, c);
    }
    return (static_cast<float>(c[0] >> 9) + 0.5f) * std::ldexp(1.0f, -23);
}

int bernoulli(float x, float beta, float u) {
    if (std::isnan(x)) return 1;
    return u < sigmoid(beta * x) ? 1 : -1;
}

int gumbel(float x, float temperature, float u) {
    return add_gumbel(x, temperature, u) < 0 ? -1 : 1;
}

int centred_gumbel(float x, float temperature, float u) {
    const float mean = 0.577215665f * temperature;
    return add_gumbel(x, temperature, u) - mean < 0 ? -1 : 1;
}

} // namespace oracle
