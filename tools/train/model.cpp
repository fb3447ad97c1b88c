// SPDX-License-Identifier: MIT
// The passes, top to bottom in the order of the computation; attention is in attention.cpp.
#include "model.hpp"

#include <algorithm>
#include <cstring>

namespace bitnet::train {
namespace {

constexpr auto no = Transposed::no;
constexpr auto yes = Transposed::yes;

} // namespace

Model::Model(const Config& config, const ParameterMap& map, std::size_t slots)
    : config_(config), map_(map), slots_(slots),
      rope_(config.max_context + 1, config.head_dim, config.rope_theta), kept_(config.layers) {
    const std::size_t heads = config.heads * slots * config.head_dim;
    const std::size_t kv_heads = config.kv_heads * slots * config.head_dim;
    for (Kept& kept : kept_) {
        kept.x.resize(slots * config.dim);
        kept.attended.resize(slots * config.q_dim());
        kept.middle.resize(slots * config.dim);
        kept.gate_up.resize(slots * 2 * config.ffn_dim);
        for (Buffer<float>& rstd : kept.rstd) rstd.resize(slots);
        kept.in_qkv.resize(slots * config.dim);
        kept.in_o.resize(slots * config.q_dim());
        kept.in_gate_up.resize(slots * config.dim);
        kept.in_down.resize(slots * config.ffn_dim);
        kept.q.resize(heads);
        kept.k.resize(kv_heads);
        kept.v.resize(kv_heads);
    }
    const std::size_t narrow = std::max({config.dim, config.q_dim(), config.ffn_dim});
    const std::size_t wide =
        std::max({config.dim, 2 * config.ffn_dim, qkv_dim(config), config.vocab});
    x_.resize(slots * config.dim);
    dx_.resize(slots * config.dim);
    normed_.resize(slots * narrow);
    wide_.resize(slots * wide);
    final_rstd_.resize(slots);
    row_dot_.resize(config.heads * slots);
    head_out_.resize(heads);
    dk_.resize(heads);
    dv_.resize(heads);
    final_in_.resize(slots * config.dim);
    dwide_.resize(slots * wide);
    dattended_.resize(heads);
}

DropoutKey Model::key(Dropout dropout, std::size_t layer, std::size_t site) const {
    // Odd multipliers keep the keys of different places apart; the hash in ops.cpp does the mixing.
    const auto place = static_cast<std::uint32_t>(layer * 4 + site + 1);
    return {dropout.seed * 0x85ebca77U + place * 0xc2b2ae3dU, dropout.rate};
}

void Model::linear(const Weights& weights, const BitGroup* group, std::size_t offset,
                   std::size_t rows, std::size_t cols, operand* seen, float* y) {
    as_seen(weights.kind, normed_.data(), slots_, cols, seen);
    if (group == nullptr) {
        matmul_(seen, no, weights.half.data() + offset, yes, y, slots_, rows, cols);
        return;
    }
    scratch_.reserve(group->scratch_bytes(slots_));
    group->forward(normed_.data(), slots_, y, {scratch_.data(), scratch_.size()});
}

// Straight-through: the gradients of the quantized product are taken as those of the float weights
// and inputs.
void Model::linear_backward(const Weights& weights, std::size_t offset, std::size_t rows,
                            std::size_t cols, const operand* dy, const operand* seen, float* dx,
                            float* dw) {
    matmul_(dy, yes, seen, no, dw + offset, rows, cols, slots_);
    matmul_(dy, no, weights.half.data() + offset, no, dx, slots_, cols, rows);
}

double Model::forward(const Weights& weights, const Batch& batch, Dropout dropout) {
    run(weights, batch, dropout);
    return cross_entropy(wide_.data(), batch.targets.data(), slots_, config_.vocab, 1.0f, nullptr);
}

// Leaves the logits in wide_.
void Model::run(const Weights& weights, const Batch& batch, Dropout dropout) {
    const float* p = weights.parameters;
    const std::size_t n = config_.dim;
    for (std::size_t t = 0; t < slots_; ++t) {
        const float* row = p + map_.embedding + static_cast<std::size_t>(batch.tokens[t]) * n;
        std::memcpy(x_.data() + t * n, row, n * sizeof(float));
    }
    drop_in_place(x_.data(), slots_ * n, key(dropout, config_.layers, 0));
    for (std::size_t l = 0; l < config_.layers; ++l) layer_forward(weights, batch, l, dropout);
    rms_norm(x_.data(), p + map_.final_norm, slots_, n, config_.norm_eps, normed_.data(),
             final_rstd_.data());
    convert(normed_.data(), slots_ * n, final_in_.data());
    matmul_(final_in_.data(), no, weights.half.data() + map_.embedding, yes, wide_.data(), slots_,
            config_.vocab, n);
}

void Model::layer_forward(const Weights& weights, const Batch& batch, std::size_t l,
                          Dropout dropout) {
    const LayerOffsets& at = map_.layers[l];
    const LayerGroups& group = weights.layers[l];
    const float* p = weights.parameters;
    const std::size_t n = config_.dim;
    Kept& kept = kept_[l];

    // attention
    std::memcpy(kept.x.data(), x_.data(), slots_ * n * sizeof(float));
    rms_norm(x_.data(), p + at.input_norm, slots_, n, config_.norm_eps, normed_.data(),
             kept.rstd[0].data());
    linear(weights, group.qkv.get(), at.qkv, qkv_dim(config_), n, kept.in_qkv.data(), wide_.data());
    split_heads(wide_.data(), batch.positions.data(), rope_, config_, slots_, kept.q.data(),
                kept.k.data(), kept.v.data());
    attention(batch, kept);
    rms_norm(kept.attended.data(), p + at.attn_sub_norm, slots_, config_.q_dim(), config_.norm_eps,
             normed_.data(), kept.rstd[1].data());
    linear(weights, group.o.get(), at.o, n, config_.q_dim(), kept.in_o.data(), wide_.data());
    add_dropped(x_.data(), wide_.data(), slots_ * n, key(dropout, l, 0));

    // feed-forward
    std::memcpy(kept.middle.data(), x_.data(), slots_ * n * sizeof(float));
    rms_norm(x_.data(), p + at.post_norm, slots_, n, config_.norm_eps, normed_.data(),
             kept.rstd[2].data());
    linear(weights, group.gate_up.get(), at.gate_up, 2 * config_.ffn_dim, n, kept.in_gate_up.data(),
           kept.gate_up.data());
    gate_norm(config_.gate, kept.gate_up.data(), p + at.ffn_sub_norm, slots_, config_.ffn_dim,
              config_.norm_eps, normed_.data(), kept.rstd[3].data());
    linear(weights, group.down.get(), at.down, n, config_.ffn_dim, kept.in_down.data(),
           wide_.data());
    add_dropped(x_.data(), wide_.data(), slots_ * n, key(dropout, l, 1));
}

double Model::forward_backward(const Weights& weights, const Batch& batch, Dropout dropout,
                               float weight, Buffer<float>& gradients) {
    run(weights, batch, dropout);
    const double loss = cross_entropy(wide_.data(), batch.targets.data(), slots_, config_.vocab,
                                      weight, dwide_.data());
    const std::size_t n = config_.dim;
    float* g = gradients.data();
    for (const Parameter& p : map_.list) {
        if (p.role == Role::norm) { // the only ones that are added to
            std::fill_n(g + p.offset, p.size(), 0.0f);
        }
    }
    linear_backward(weights, map_.embedding, config_.vocab, n, dwide_.data(), final_in_.data(),
                    normed_.data(), g);
    std::memset(dx_.data(), 0, slots_ * n * sizeof(float));
    rms_norm_backward(normed_.data(), x_.data(), weights.parameters + map_.final_norm,
                      final_rstd_.data(), slots_, n, dx_.data(), g + map_.final_norm);
    for (std::size_t l = config_.layers; l-- > 0;) layer_backward(weights, batch, l, dropout, g);
    drop_in_place(dx_.data(), slots_ * n, key(dropout, config_.layers, 0));
    for (std::size_t t = 0; t < slots_; ++t) {
        float* row = g + map_.embedding + static_cast<std::size_t>(batch.tokens[t]) * n;
        for (std::size_t i = 0; i < n; ++i) row[i] += dx_[t * n + i];
    }
    return loss;
}

void Model::layer_backward(const Weights& weights, const Batch& batch, std::size_t l,
                           Dropout dropout, float* g) {
    const LayerOffsets& at = map_.layers[l];
    const float* p = weights.parameters;
    const std::size_t n = config_.dim;
    const std::size_t q = config_.q_dim();
    const Kept& kept = kept_[l];

    // feed-forward
    dropped_backward(dx_.data(), slots_ * n, key(dropout, l, 1), dwide_.data());
    linear_backward(weights, at.down, n, config_.ffn_dim, dwide_.data(), kept.in_down.data(),
                    normed_.data(), g);
    gate_norm_backward(config_.gate, normed_.data(), kept.gate_up.data(), p + at.ffn_sub_norm,
                       kept.rstd[3].data(), slots_, config_.ffn_dim, dwide_.data(),
                       g + at.ffn_sub_norm);
    linear_backward(weights, at.gate_up, 2 * config_.ffn_dim, n, dwide_.data(),
                    kept.in_gate_up.data(), normed_.data(), g);
    rms_norm_backward(normed_.data(), kept.middle.data(), p + at.post_norm, kept.rstd[2].data(),
                      slots_, n, dx_.data(), g + at.post_norm);

    // attention
    dropped_backward(dx_.data(), slots_ * n, key(dropout, l, 0), dwide_.data());
    linear_backward(weights, at.o, n, q, dwide_.data(), kept.in_o.data(), normed_.data(), g);
    std::memset(wide_.data(), 0, slots_ * q * sizeof(float));
    rms_norm_backward(normed_.data(), kept.attended.data(), p + at.attn_sub_norm,
                      kept.rstd[1].data(), slots_, q, wide_.data(), g + at.attn_sub_norm);
    attention_backward(batch, kept); // wide_ -> head_out_, dk_, dv_
    join_heads_backward(head_out_.data(), dk_.data(), dv_.data(), batch.positions.data(), rope_,
                        config_, slots_, dwide_.data());
    linear_backward(weights, at.qkv, qkv_dim(config_), n, dwide_.data(), kept.in_qkv.data(),
                    normed_.data(), g);
    rms_norm_backward(normed_.data(), kept.x.data(), p + at.input_norm, kept.rstd[0].data(), slots_,
                      n, dx_.data(), g + at.input_norm);
}

} // namespace bitnet::train
