// SPDX-License-Identifier: MIT
// The model: a decoder of the Llama family, as BitNet b1.58 is one. transformer.cpp has the forward
// pass, straight down the page.
#pragma once

#include "config.hpp"
#include "state.hpp"
#include "thread_pool.hpp"
#include "weights.hpp"

#include <bitnet/tensor.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace bitnet::example {

/// Which of the tokens given to forward() get logits.
enum class Logits { none, last, all };

class Transformer {
public:
    /// Borrows from `file`, which must outlive it. UserError when the model is not sound.
    /// limits.workers is taken from `threads`.
    Transformer(const ModelFile& file, Limits limits, std::size_t threads);

    /// Runs `tokens` at the next positions and returns logits (0, 1 or tokens.size() rows, vocab),
    /// valid until the next call. One token or many: the same bits, and for every number of
    /// threads. pre: 1 <= tokens.size() <= limits.batch, position + tokens.size() <=
    /// limits.context, ids below vocab, and the rows of logits within limits.logit_rows
    Matrix<const float> forward(std::span<const int> tokens, Logits wanted);

    /// A prompt of any length that fits the context, in batches; logits of its last token.
    Matrix<const float> prefill(std::span<const int> tokens, Logits wanted = Logits::last);

    /// Of the last token given to forward(), with or without logits: the k largest, the largest
    /// first, of equal ones the lower id; valid until the next call. UserError when one of these is
    /// NaN or infinite. pre: 1 <= k <= vocab
    std::span<const Logit> likeliest(std::size_t k);

    void restart() noexcept { state_.position = 0; } // forgets all tokens

    const Limits& limits() const noexcept { return state_.limits; }
    std::size_t position() const noexcept { return state_.position; }
    std::size_t threads() const noexcept { return pool_.workers(); }

private:
    Matrix<const float> final_norm(std::size_t first, std::size_t count);
    Matrix<const float> logits_of(Matrix<const float> norm);
    void project(Matrix<const float> x, std::span<const Projection> outputs);
    void add(Matrix<const float> y, Matrix<float> x);
    void normalize(Matrix<const float> in, const std::vector<float>& weight, float eps,
                   Matrix<float> out);
    void normalize(Matrix<const float> in, const std::vector<float>& weight, Matrix<float> out);
    void store_keys_and_values(std::size_t layer, std::size_t tokens);
    void attend(std::size_t layer, std::size_t tokens);
    void gate(std::size_t tokens);

    const Config& config_;
    Weights weights_;
    ThreadPool pool_;
    State state_;
    std::size_t last_ = 0; // row of state_.x that holds the last token
    std::vector<Logit> likeliest_;
};

} // namespace bitnet::example
