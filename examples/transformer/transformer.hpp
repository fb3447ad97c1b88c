// SPDX-License-Identifier: MIT
// The model: a decoder of the Llama family, as BitNet b1.58 is one. transformer.cpp has the forward
// pass, straight down the page.
#pragma once

#include "config.hpp"
#include "observer.hpp"
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

    /// The logits (vocab) of the token at `position`, with or without such from forward(); valid
    /// until the next call. pre: the token was one of the last call of forward()
    std::span<const float> logits(std::size_t position);
    /// Whether forward() takes less time for the logits of many tokens than logits() for each.
    bool gains_by_logits_together() const noexcept;

    /// Of logits(position) the k largest, the largest first, of equal ones the lower id; valid
    /// until the next call. UserError when one of these is NaN or infinite. pre: 1 <= k <= vocab
    std::span<const Logit> likeliest(std::size_t k, std::size_t position);
    std::span<const Logit> likeliest(std::size_t k) { return likeliest(k, position() - 1); }

    /// Forgets all tokens from `position` on. pre: position <= position()
    void rewind(std::size_t position) noexcept { state_.position = position; }
    void restart() noexcept { rewind(0); }

    /// From now on it is told what goes through the layers; nullptr: nobody is. It changes no bit.
    void observe(Observer* observer) noexcept { observer_ = observer; }

    const Limits& limits() const noexcept { return state_.limits; }
    std::size_t position() const noexcept { return state_.position; }
    std::size_t threads() const noexcept { return pool_.workers(); }

private:
    Matrix<const float> final_norm(std::size_t first, std::size_t count);
    Matrix<const float> logits_of(std::size_t first, std::size_t count);
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
    std::size_t first_ = 0;        // position of the first token of state_.x
    std::size_t first_logits_ = 0; // row of state_.x whose logits are the first of state_.logits
    std::size_t logit_rows_ = 0;   // how many rows these are
    std::vector<Logit> likeliest_;
    Observer* observer_ = nullptr;
};

} // namespace bitnet::example
