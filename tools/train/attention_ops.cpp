// SPDX-License-Identifier: MIT
// RoPE, the split into heads, and the causal softmax, forward and backward.
#include "fast_exp.hpp"
#include "ops.hpp"

#include <algorithm>
#include <cmath>

namespace bitnet::train {

Rope::Rope(std::size_t positions, std::size_t head_dim, float theta)
    : cos(positions * head_dim / 2), sin(positions * head_dim / 2), half(head_dim / 2) {
    for (std::size_t p = 0; p < positions; ++p) {
        for (std::size_t i = 0; i < half; ++i) {
            const double angle = static_cast<double>(p) *
                                 std::pow(static_cast<double>(theta),
                                          -static_cast<double>(i) / static_cast<double>(half));
            cos[p * half + i] = static_cast<float>(std::cos(angle));
            sin[p * half + i] = static_cast<float>(std::sin(angle));
        }
    }
}

void split_heads(const float* qkv, const int* positions, const Rope& rope, const Config& config,
                 std::size_t tokens, operand* q, operand* k, operand* v) {
    const std::size_t d = config.head_dim;
    const std::size_t half = rope.half;
    for (std::size_t t = 0; t < tokens; ++t) {
        const float* c = rope.cos.data() + static_cast<std::size_t>(positions[t]) * half;
        const float* s = rope.sin.data() + static_cast<std::size_t>(positions[t]) * half;
        const float* row = qkv + t * qkv_dim(config);
        for (std::size_t h = 0; h < config.heads + config.kv_heads; ++h, row += d) {
            operand* out =
                (h < config.heads ? q + h * tokens * d : k + (h - config.heads) * tokens * d) +
                t * d;
#pragma omp simd
            for (std::size_t i = 0; i < half; ++i) {
                out[i] = to_operand(row[i] * c[i] - row[i + half] * s[i]);
                out[i + half] = to_operand(row[i + half] * c[i] + row[i] * s[i]);
            }
        }
        for (std::size_t h = 0; h < config.kv_heads; ++h, row += d) {
            convert(row, d, v + (h * tokens + t) * d);
        }
    }
}

void join_heads_backward(const float* dq, const float* dk, const float* dv, const int* positions,
                         const Rope& rope, const Config& config, std::size_t tokens,
                         operand* dqkv) {
    const std::size_t d = config.head_dim;
    const std::size_t half = rope.half;
    const std::size_t group = config.heads / config.kv_heads;
    for (std::size_t t = 0; t < tokens; ++t) {
        const float* c = rope.cos.data() + static_cast<std::size_t>(positions[t]) * half;
        const float* s = rope.sin.data() + static_cast<std::size_t>(positions[t]) * half;
        operand* row = dqkv + t * qkv_dim(config);
        for (std::size_t h = 0; h < config.heads; ++h, row += d) {
            const float* in = dq + (h * tokens + t) * d;
#pragma omp simd
            for (std::size_t i = 0; i < half; ++i) {
                row[i] = to_operand(in[i] * c[i] + in[i + half] * s[i]);
                row[i + half] = to_operand(in[i + half] * c[i] - in[i] * s[i]);
            }
        }
        for (std::size_t h = 0; h < config.kv_heads; ++h, row += d) {
            for (std::size_t i = 0; i < half; ++i) {
                float low = 0.0f;
                float high = 0.0f;
                for (std::size_t g = 0; g < group; ++g) {
                    const float* in = dk + ((h * group + g) * tokens + t) * d;
                    low += in[i];
                    high += in[i + half];
                }
                row[i] = to_operand(low * c[i] + high * s[i]);
                row[i + half] = to_operand(high * c[i] - low * s[i]);
            }
        }
        for (std::size_t h = 0; h < config.kv_heads; ++h, row += d) {
            for (std::size_t i = 0; i < d; ++i) {
                float sum = 0.0f;
                for (std::size_t g = 0; g < group; ++g) {
                    sum += dv[((h * group + g) * tokens + t) * d + i];
                }
                row[i] = to_operand(sum);
            }
        }
    }
}

void softmax_causal(const float* s, std::size_t n, float scale, operand* p) {
    Buffer<float> e(n);
    for (std::size_t i = 0; i < n; ++i) {
        const float* row = s + i * n;
        operand* out = p + i * n;
        float most = row[0];
#pragma omp simd reduction(max : most)
        for (std::size_t j = 0; j <= i; ++j) most = larger(most, row[j]);
        float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
        for (std::size_t j = 0; j <= i; ++j) {
            e[j] = fast_exp((row[j] - most) * scale);
            sum += e[j];
        }
        const float back = 1.0f / sum;
#pragma omp simd
        for (std::size_t j = 0; j <= i; ++j) out[j] = to_operand(e[j] * back);
        std::fill(out + i + 1, out + n, operand{0});
    }
}

void softmax_causal_backward(const float* dp, const operand* p, const float* row_dot, std::size_t n,
                             float scale, operand* ds) {
    for (std::size_t i = 0; i < n; ++i) {
        // Behind the diagonal p is zero, and so is the product; the rounded-up end keeps the loop
        // whole vectors.
        const std::size_t end = (i + 16) / 16 * 16;
        const float dot = row_dot[i];
#pragma omp simd
        for (std::size_t j = 0; j < end; ++j) {
            ds[i * n + j] = to_operand(scale * from_operand(p[i * n + j]) * (dp[i * n + j] - dot));
        }
        std::fill(ds + i * n + end, ds + (i + 1) * n, operand{0});
    }
}

} // namespace bitnet::train
