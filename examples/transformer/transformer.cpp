// SPDX-License-Identifier: MIT
// The forward pass, as BitNet b1.58's paper and the 2B4T model have it:
//
//     h   = x + o(attn_sub_norm(attention(q, k, v of input_norm(x))))
//     out = h + down(ffn_sub_norm(act(gate(n)) * up(n))),  n = post_norm(h)
//
// Models without sub-norms leave these out. Qwen3's kind has norms of the heads of q and k, and
// some models have one before each projection.
//
// Work is split over tokens, heads and rows, never inside a sum, so every thread count and every
// batch size gives the same bits.
#include "transformer.hpp"

#include "error.hpp"

#include <bitnet/activation.hpp>
#include <bitnet/math.hpp>
#include <bitnet/rope.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace bitnet::example {
namespace {

Limits with_workers(Limits limits, std::size_t workers) {
    limits.workers = workers;
    return limits;
}

// The first rows of a buffer.
Matrix<float> rows(Floats& buffer, std::size_t count, std::size_t cols) noexcept {
    return {buffer.data(), count, cols};
}

} // namespace

Transformer::Transformer(const ModelFile& file, Limits limits, std::size_t threads)
    : config_(file.config()), weights_(load_weights(file)), pool_(threads),
      state_(config_, weights_, with_workers(limits, pool_.workers())) {}

Matrix<const float> Transformer::forward(std::span<const int> tokens, Logits wanted) {
    const Config& c = config_;
    State& s = state_;
    const std::size_t n = tokens.size();
    const Matrix<float> x = rows(s.x, n, c.dim);
    const Matrix<float> norm = rows(s.norm, n, c.dim);
    const Matrix<float> q = rows(s.q, n, c.q_dim());
    const Matrix<float> k = rows(s.k, n, c.kv_dim());
    const Matrix<float> v = rows(s.v, n, c.kv_dim());
    const Matrix<float> attn = rows(s.attn, n, c.q_dim());
    const Matrix<float> gate_out = rows(s.gate, n, c.ffn_dim);
    const Matrix<float> up_out = rows(s.up, n, c.ffn_dim);
    const Matrix<float> out = rows(s.out, n, c.dim);

    // embed the tokens
    pool_.parallel_for(n, [&](std::size_t t) noexcept {
        weights_.embedding.row(static_cast<std::size_t>(tokens[t]), {x.row(t), c.dim});
    });

    for (std::size_t l = 0; l < c.layers; ++l) {
        const Layer& layer = weights_.layers[l];

        // attention: q, k and v share one quantized input
        normalize(x, layer.input_norm, norm);
        project(norm, std::array{Projection{&layer.q, q}, Projection{&layer.k, k},
                                 Projection{&layer.v, v}});
        store_keys_and_values(l, n);
        attend(l, n);
        if (c.sub_norm) normalize(attn, layer.attn_sub_norm, attn);
        project(attn, std::array{Projection{&layer.o, out}});
        add(out, x);

        // feed-forward: so do gate and up
        normalize(x, layer.post_norm, norm);
        project(norm, std::array{Projection{&layer.gate, gate_out}, Projection{&layer.up, up_out}});
        gate(n);
        if (c.sub_norm) normalize(gate_out, layer.ffn_sub_norm, gate_out);
        project(gate_out, std::array{Projection{&layer.down, out}});
        add(out, x);
    }
    first_ = s.position;
    s.position += n;

    // logits of the tokens that are asked for
    const std::size_t asked = wanted == Logits::all ? n : wanted == Logits::last ? 1 : 0;
    return logits_of(n - asked, asked);
}

Matrix<const float> Transformer::prefill(std::span<const int> tokens, Logits wanted) {
    while (tokens.size() > state_.limits.batch) {
        forward(tokens.first(state_.limits.batch), Logits::none);
        tokens = tokens.subspan(state_.limits.batch);
    }
    return forward(tokens, wanted);
}

std::span<const float> Transformer::logits(std::size_t position) {
    const std::size_t row = position - first_;
    const bool known = row >= first_logits_ && row - first_logits_ < logit_rows_;
    if (!known) logits_of(row, 1);
    return {state_.logits.data() + (row - first_logits_) * config_.vocab, config_.vocab};
}

bool Transformer::gains_by_logits_together() const noexcept {
    return reads_weights_once(weights_.head());
}

std::span<const Logit> Transformer::likeliest(std::size_t k, std::size_t position) {
    const std::size_t vocab = config_.vocab;
    const auto require_finite = [&] {
        for (const Logit& logit : likeliest_) {
            if (!std::isfinite(logit.value)) throw UserError("the model yields NaN or infinity");
        }
    };
    likeliest_.resize(k);
    if (find_largest(weights_.head(), final_norm(position - first_, 1), likeliest_, state_.scratch,
                     pool_)) {
        require_finite();
        return likeliest_;
    }
    const std::span<const float> all = logits(position);
    likeliest_.resize(vocab);
    for (std::uint32_t id = 0; id < vocab; ++id) likeliest_[id] = {id, all[id]};
    require_finite();
    const auto likelier = [](const Logit& a, const Logit& b) {
        return a.value != b.value ? a.value > b.value : a.row < b.row;
    };
    const auto end = likeliest_.begin() + static_cast<std::ptrdiff_t>(k);
    if (k < vocab) {
        std::partial_sort(likeliest_.begin(), end, likeliest_.end(), likelier);
    } else { // which is faster for all
        std::sort(likeliest_.begin(), end, likelier);
    }
    return {likeliest_.data(), k};
}

// The tokens of rows first .. first + count of x, as the head takes them: (count, dim)
Matrix<const float> Transformer::final_norm(std::size_t first, std::size_t count) {
    const std::size_t dim = config_.dim;
    const Matrix<float> norm = rows(state_.norm, count, dim);
    normalize({state_.x.data() + first * dim, count, dim}, weights_.final_norm, norm);
    return norm;
}

// The head, which in most models is the embedding read the other way round, of the tokens of rows
// first .. first + count of x: (count, vocab)
Matrix<const float> Transformer::logits_of(std::size_t first, std::size_t count) {
    const Matrix<float> logits = rows(state_.logits, count, config_.vocab);
    if (count != 0) {
        project(final_norm(first, count), std::array{Projection{&weights_.head(), logits}});
    }
    first_logits_ = first;
    logit_rows_ = count;
    return logits;
}

// x through each projection, and before it through the projection's own norm where there is one
void Transformer::project(Matrix<const float> x, std::span<const Projection> outputs) {
    if (outputs.front().linear->norm().empty()) {
        if (observer_ != nullptr) observer_->input(x, outputs, pool_);
        example::project(x, outputs, state_.scratch, pool_);
        return;
    }
    const Matrix<float> norm = rows(state_.projection_norm, x.rows, x.cols);
    for (const Projection& output : outputs) {
        normalize(x, output.linear->norm(), *config_.projection_norm_eps, norm);
        if (observer_ != nullptr) observer_->input(norm, {&output, 1}, pool_);
        example::project(norm, {&output, 1}, state_.scratch, pool_);
    }
}

// x += y
void Transformer::add(Matrix<const float> y, Matrix<float> x) {
    pool_.parallel_for(x.rows, [&](std::size_t t) noexcept {
        for (std::size_t i = 0; i < x.cols; ++i) x.row(t)[i] += y.row(t)[i];
    });
}

// out = RMSNorm(in) of each token; out may be in
void Transformer::normalize(Matrix<const float> in, const std::vector<float>& weight, float eps,
                            Matrix<float> out) {
    pool_.parallel_for(in.rows, [&](std::size_t t) noexcept {
        rms_norm<Isa>({in.row(t), 1, in.cols}, weight, eps, {out.row(t), 1, in.cols});
    });
}

void Transformer::normalize(Matrix<const float> in, const std::vector<float>& weight,
                            Matrix<float> out) {
    normalize(in, weight, config_.norm_eps, out);
}

// gate = act(gate) * up
void Transformer::gate(std::size_t tokens) {
    const std::size_t width = config_.ffn_dim;
    pool_.parallel_for(tokens, [&](std::size_t t) noexcept {
        const std::span<float> gate_row(state_.gate.data() + t * width, width);
        const std::span<const float> up_row(state_.up.data() + t * width, width);
        if (config_.gate == Config::Gate::relu2) {
            squared_relu_gate<Isa>(gate_row, up_row, gate_row);
        } else {
            silu_gate<Isa>(gate_row, up_row, gate_row);
        }
    });
    if (observer_ != nullptr) observer_->gated(rows(state_.gate, tokens, width));
}

// RoPE turns queries and keys by their position, after their norms where there are such; keys and
// values go to the cache. A task takes a key-value head and the query heads that read it; those of
// a single token are too little to share.
void Transformer::store_keys_and_values(std::size_t layer, std::size_t tokens) {
    const Config& c = config_;
    State& s = state_;
    const std::size_t group = c.heads / c.kv_heads, pairs = c.head_dim / 2;
    const auto store = [&](std::size_t head) noexcept {
        const Matrix<float> keys(s.k.data() + head * c.head_dim, tokens, c.head_dim, c.kv_dim());
        const Matrix<const float> values(s.v.data() + head * c.head_dim, tokens, c.head_dim,
                                         c.kv_dim());
        for (std::size_t t = 0; t < tokens; ++t) {
            const std::size_t position = s.position + t;
            const std::span<const float> cosines(s.cosines.data() + position * pairs, pairs);
            const std::span<const float> sines(s.sines.data() + position * pairs, pairs);
            const Matrix<float> q(s.q.data() + t * c.q_dim() + head * group * c.head_dim, group,
                                  c.head_dim);
            const Matrix<float> k(keys.row(t), 1, c.head_dim);
            if (c.qk_norm) {
                rms_norm<Isa>(q, weights_.layers[layer].q_norm, c.norm_eps, q);
                rms_norm<Isa>(k, weights_.layers[layer].k_norm, c.norm_eps, k);
            }
            rope<Isa>({q.data, group * c.head_dim}, cosines, sines);
            rope<Isa>({k.data, c.head_dim}, cosines, sines);
        }
        s.cache.store(layer, head, s.position, keys, values);
    };
    if (tokens == 1) {
        for (std::size_t head = 0; head < c.kv_heads; ++head) store(head);
    } else {
        pool_.parallel_for(c.kv_heads, store);
    }
}

// attn = softmax(q · keys / sqrt(head_dim)) · values, over the positions up to the token's own.
// Grouped-query attention: heads / kv_heads query heads read the same keys and values, and one
// task takes them together, of several tokens: each key and value is read once for all these
// queries. Tasks of one key-value head follow each other: it stays in the cache.
void Transformer::attend(std::size_t layer, std::size_t tokens) {
    const Config& c = config_;
    State& s = state_;
    const std::size_t group = c.heads / c.kv_heads, stride = s.cache.stride();
    const std::size_t width = group * c.head_dim; // of a token's queries
    const std::size_t most_rows = query_rows(c, s.limits);
    const std::size_t share = (tokens * c.kv_heads + s.limits.workers - 1) / s.limits.workers;
    const std::size_t most_tokens = std::min(most_rows / group, share); // some for each worker
    const std::size_t tasks = (tokens + most_tokens - 1) / most_tokens; // of a key-value head
    pool_.parallel_for(c.kv_heads * tasks, [&](std::size_t task, std::size_t worker) noexcept {
        const std::size_t kv_head = task / tasks;
        const std::size_t first = task % tasks * most_tokens;
        const std::size_t count = std::min(most_tokens, tokens - first);
        const std::size_t length = s.position + first + count;
        const std::size_t at = first * c.q_dim() + kv_head * width;
        float* const q = s.queries.data() + worker * most_rows * c.head_dim;
        for (std::size_t t = 0; t < count; ++t) {
            std::copy_n(s.q.data() + at + t * c.q_dim(), width, q + t * width);
        }
        s.cache.attend(
            layer, kv_head, count, {q, count * group, c.head_dim},
            {s.scores.data() + worker * most_rows * stride, count * group, length, stride});
        for (std::size_t t = 0; t < count; ++t) {
            std::copy_n(q + t * width, width, s.attn.data() + at + t * c.q_dim());
        }
    });
}

} // namespace bitnet::example
