// SPDX-License-Identifier: MIT
// Attention within each span, one head at a time: the score matrix of a story and a head stays in
// cache.
#include "model.hpp"

#include <algorithm>
#include <cmath>

namespace bitnet::train {
namespace {

constexpr auto no = Transposed::no;
constexpr auto yes = Transposed::yes;

} // namespace

void Model::attention(const Batch& batch, Kept& kept) {
    const std::size_t d = config_.head_dim;
    const std::size_t group = config_.heads / config_.kv_heads;
    const float scale = 1.0f / std::sqrt(static_cast<float>(d));
    std::size_t squares = 0;
    std::size_t longest = 0;
    for (const Span& span : batch.spans) {
        squares += span.size * span.size;
        longest = std::max(longest, span.size);
    }
    kept.p.reserve(config_.heads * squares);
    scores_.reserve(longest * longest);
    ds_.reserve(longest * longest);

    operand* p = kept.p.data();
    for (const Span& span : batch.spans) {
        const std::size_t n = span.size;
        for (std::size_t h = 0; h < config_.heads; ++h, p += n * n) {
            const std::size_t at = (h * slots_ + span.begin) * d;
            const std::size_t kv_at = (h / group * slots_ + span.begin) * d;
            matmul_(kept.q.data() + at, no, kept.k.data() + kv_at, yes, scores_.data(), n, n, d);
            softmax_causal(scores_.data(), n, scale, p);
            matmul_(p, no, kept.v.data() + kv_at, no, head_out_.data() + at, n, d, n);
        }
    }
    for (std::size_t h = 0; h < config_.heads; ++h) {
        for (std::size_t t = 0; t < slots_; ++t) {
            const float* from = head_out_.data() + (h * slots_ + t) * d;
            std::copy(from, from + d, kept.attended.data() + t * config_.q_dim() + h * d);
        }
    }
}

void Model::attention_backward(const Batch& batch, const Kept& kept) {
    const std::size_t d = config_.head_dim;
    const std::size_t group = config_.heads / config_.kv_heads;
    const float scale = 1.0f / std::sqrt(static_cast<float>(d));
    for (std::size_t h = 0; h < config_.heads; ++h) {
        for (std::size_t t = 0; t < slots_; ++t) {
            const float* grad = wide_.data() + t * config_.q_dim() + h * d;
            const float* value = kept.attended.data() + t * config_.q_dim() + h * d;
            convert(grad, d, dattended_.data() + (h * slots_ + t) * d);
            float dot = 0.0f;
#pragma omp simd reduction(+ : dot)
            for (std::size_t i = 0; i < d; ++i) dot += grad[i] * value[i];
            row_dot_[h * slots_ + t] = dot; // = sum over j of p·dp of that row
        }
    }
    const operand* p = kept.p.data();
    for (const Span& span : batch.spans) {
        const std::size_t n = span.size;
        for (std::size_t h = 0; h < config_.heads; ++h, p += n * n) {
            const std::size_t at = (h * slots_ + span.begin) * d;
            const std::size_t kv_at = (h / group * slots_ + span.begin) * d;
            const operand* dout = dattended_.data() + at;
            matmul_(dout, no, kept.v.data() + kv_at, yes, scores_.data(), n, n, d);
            matmul_(p, yes, dout, no, dv_.data() + at, n, d, n);
            softmax_causal_backward(scores_.data(), p, row_dot_.data() + h * slots_ + span.begin, n,
                                    scale, ds_.data());
            matmul_(ds_.data(), no, kept.k.data() + kv_at, no, head_out_.data() + at, n, d, n);
            matmul_(ds_.data(), yes, kept.q.data() + at, no, dk_.data() + at, n, d, n);
        }
    }
}

} // namespace bitnet::train
