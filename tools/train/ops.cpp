// SPDX-License-Identifier: MIT
// Norms, gate, dropout and loss, forward and backward.
#include "ops.hpp"

#include "fast_exp.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace bitnet::train {
namespace {

// A small integer hash: the finaliser of a mixing function.
inline std::uint32_t mix(std::uint32_t x) {
    x ^= x >> 16U;
    x *= 0x7feb352dU;
    x ^= x >> 15U;
    x *= 0x846ca68bU;
    return x ^ (x >> 16U);
}

inline float keep_scale(std::uint32_t i, std::uint32_t key, std::uint32_t threshold, float scale) {
    return mix(i * 0x9e3779b9U + key) >= threshold ? scale : 0.0f;
}

std::uint32_t threshold_of(float rate) {
    return static_cast<std::uint32_t>(static_cast<double>(rate) * 4294967296.0);
}

struct Relu2 {
    static float value(float x) { return positive(x) * positive(x); }
    static float slope(float x) { return 2.0f * positive(x); }
};

struct Silu {
    static float sigmoid(float x) { return 1.0f / (1.0f + fast_exp(-x)); }
    static float value(float x) { return x * sigmoid(x); }
    static float slope(float x) { return sigmoid(x) * (1.0f + x * (1.0f - sigmoid(x))); }
};

// Calls body(f) with the gate's function, so that a loop has no branch in it.
template <class Body>
void with_gate(Config::Gate kind, const Body& body) {
    kind == Config::Gate::silu ? body(Silu{}) : body(Relu2{});
}

} // namespace

void rms_norm(const float* x, const float* w, std::size_t tokens, std::size_t n, float eps,
              float* y, float* rstd) {
    for (std::size_t t = 0; t < tokens; ++t) {
        const float* xt = x + t * n;
        float* yt = y + t * n;
        float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
        for (std::size_t i = 0; i < n; ++i) sum += xt[i] * xt[i];
        const float r = 1.0f / std::sqrt(sum / static_cast<float>(n) + eps);
        rstd[t] = r;
#pragma omp simd
        for (std::size_t i = 0; i < n; ++i) yt[i] = xt[i] * r * w[i];
    }
}

void rms_norm_backward(const float* dy, const float* x, const float* w, const float* rstd,
                       std::size_t tokens, std::size_t n, float* dx, float* dw) {
    for (std::size_t t = 0; t < tokens; ++t) {
        const float* xt = x + t * n;
        const float* dyt = dy + t * n;
        float* dxt = dx + t * n;
        const float r = rstd[t];
        float dot = 0.0f;
#pragma omp simd reduction(+ : dot)
        for (std::size_t i = 0; i < n; ++i) dot += dyt[i] * w[i] * xt[i];
        const float back = dot * r * r * r / static_cast<float>(n);
#pragma omp simd
        for (std::size_t i = 0; i < n; ++i) {
            dxt[i] += dyt[i] * w[i] * r - xt[i] * back;
            dw[i] += dyt[i] * xt[i] * r;
        }
    }
}

void gate_norm(Config::Gate kind, const float* gate_up, const float* w, std::size_t tokens,
               std::size_t n, float eps, float* y, float* rstd) {
    with_gate(kind, [&](auto f) {
        for (std::size_t t = 0; t < tokens; ++t) {
            const float* gate = gate_up + t * 2 * n;
            const float* up = gate + n;
            float* yt = y + t * n;
            float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
            for (std::size_t i = 0; i < n; ++i) {
                const float a = f.value(gate[i]) * up[i];
                yt[i] = a;
                sum += a * a;
            }
            const float r = 1.0f / std::sqrt(sum / static_cast<float>(n) + eps);
            rstd[t] = r;
#pragma omp simd
            for (std::size_t i = 0; i < n; ++i) yt[i] *= r * w[i];
        }
    });
}

void gate_norm_backward(Config::Gate kind, const float* dy, const float* gate_up, const float* w,
                        const float* rstd, std::size_t tokens, std::size_t n, operand* dgate_up,
                        float* dw) {
    with_gate(kind, [&](auto f) {
        for (std::size_t t = 0; t < tokens; ++t) {
            const float* gate = gate_up + t * 2 * n;
            const float* up = gate + n;
            const float* dyt = dy + t * n;
            operand* dgate = dgate_up + t * 2 * n;
            operand* dup = dgate + n;
            const float r = rstd[t];
            float dot = 0.0f;
#pragma omp simd reduction(+ : dot)
            for (std::size_t i = 0; i < n; ++i) {
                const float a = f.value(gate[i]) * up[i];
                dot += dyt[i] * w[i] * a;
                dw[i] += dyt[i] * a * r;
            }
            const float back = dot * r * r * r / static_cast<float>(n);
#pragma omp simd
            for (std::size_t i = 0; i < n; ++i) {
                const float g = f.value(gate[i]);
                const float da = dyt[i] * w[i] * r - g * up[i] * back;
                dgate[i] = to_operand(da * up[i] * f.slope(gate[i]));
                dup[i] = to_operand(da * g);
            }
        }
    });
}

void as_seen(LinearKind kind, const float* x, std::size_t tokens, std::size_t n, operand* y) {
    if (kind == LinearKind::float32) {
        convert(x, tokens * n, y);
        return;
    }
    const bool sign = kind == LinearKind::ternary_sign_norm || kind == LinearKind::binary_sign_norm;
    for (std::size_t t = 0; t < tokens; ++t) {
        const float* xt = x + t * n;
        operand* yt = y + t * n;
        if (sign) {
            float sum = 0.0f;
            float squares = 0.0f;
#pragma omp simd reduction(+ : sum, squares)
            for (std::size_t i = 0; i < n; ++i) {
                sum += std::fabs(xt[i]);
                squares += xt[i] * xt[i];
            }
            const float mean = sum / static_cast<float>(n);
            const float scale =
                std::sqrt(std::max(squares / static_cast<float>(n) - mean * mean, 0.0f));
            const operand plus = to_operand(scale);
            const operand minus = to_operand(-scale);
            for (std::size_t i = 0; i < n; ++i) yt[i] = xt[i] < 0.0f ? minus : plus;
        } else {
            float most = 0.0f;
#pragma omp simd reduction(max : most)
            for (std::size_t i = 0; i < n; ++i) most = larger(most, std::fabs(xt[i]));
            const float a = 127.0f / std::max(most, 1e-5f);
            const float back = 1.0f / a;
#pragma omp simd
            for (std::size_t i = 0; i < n; ++i) {
                yt[i] = to_operand(std::nearbyint(xt[i] * a) * back);
            }
        }
    }
}

void add_dropped(float* x, const float* y, std::size_t count, DropoutKey key) {
    if (key.rate <= 0.0f) {
#pragma omp simd
        for (std::size_t i = 0; i < count; ++i) x[i] += y[i];
        return;
    }
    const std::uint32_t threshold = threshold_of(key.rate);
    const float scale = 1.0f / (1.0f - key.rate);
#pragma omp simd
    for (std::size_t i = 0; i < count; ++i) {
        x[i] += y[i] * keep_scale(static_cast<std::uint32_t>(i), key.key, threshold, scale);
    }
}

void dropped_backward(const float* dx, std::size_t count, DropoutKey key, operand* dy) {
    if (key.rate <= 0.0f) {
        convert(dx, count, dy);
        return;
    }
    const std::uint32_t threshold = threshold_of(key.rate);
    const float scale = 1.0f / (1.0f - key.rate);
#pragma omp simd
    for (std::size_t i = 0; i < count; ++i) {
        dy[i] = to_operand(dx[i] *
                           keep_scale(static_cast<std::uint32_t>(i), key.key, threshold, scale));
    }
}

void drop_in_place(float* x, std::size_t count, DropoutKey key) {
    if (key.rate <= 0.0f) return;
    const std::uint32_t threshold = threshold_of(key.rate);
    const float scale = 1.0f / (1.0f - key.rate);
#pragma omp simd
    for (std::size_t i = 0; i < count; ++i) {
        x[i] *= keep_scale(static_cast<std::uint32_t>(i), key.key, threshold, scale);
    }
}

void convert(const float* x, std::size_t count, operand* y) {
#pragma omp simd
    for (std::size_t i = 0; i < count; ++i) y[i] = to_operand(x[i]);
}

double cross_entropy(const float* logits, const int* targets, std::size_t tokens, std::size_t vocab,
                     float weight, operand* dlogits) {
    double total = 0.0;
    for (std::size_t t = 0; t < tokens; ++t) {
        const float* row = logits + t * vocab;
        operand* drow = dlogits == nullptr ? nullptr : dlogits + t * vocab;
        if (targets[t] < 0) {
            if (drow != nullptr) std::memset(drow, 0, vocab * sizeof(operand));
            continue;
        }
        float most = row[0];
#pragma omp simd reduction(max : most)
        for (std::size_t i = 0; i < vocab; ++i) most = larger(most, row[i]);
        float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
        for (std::size_t i = 0; i < vocab; ++i) sum += fast_exp(row[i] - most);
        const auto target = static_cast<std::size_t>(targets[t]);
        total += static_cast<double>(std::log(sum) - (row[target] - most));
        if (drow == nullptr) continue;
        const float scale = weight / sum;
#pragma omp simd
        for (std::size_t i = 0; i < vocab; ++i) {
            drow[i] = to_operand(fast_exp(row[i] - most) * scale);
        }
        drow[target] = to_operand((std::exp(row[target] - most) / sum - 1.0f) * weight);
    }
    return total;
}

} // namespace bitnet::train
