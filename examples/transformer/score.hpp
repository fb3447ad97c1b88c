// SPDX-License-Identifier: MIT
// How well a model predicts a text.
#pragma once

#include "transformer.hpp"

#include <cstddef>
#include <optional>
#include <span>

namespace bitnet::example {

/// Windows of a document that is longer than the context.
struct Windows {
    std::size_t context = 1; // tokens that a window feeds, at most
    std::size_t stride = 1;  // from the start of one window to that of the next

    /// `context`, or else the model's limit; `stride`, or else half the context, rounded up.
    /// UserError when the context is 0 or above the limit, or the stride 0 or above the context.
    static Windows of(const Config& config, std::optional<std::size_t> context,
                      std::optional<std::size_t> stride);
};

/// The sum of -log p(ids[t] | ids[b(t)] ... ids[t - 1]) over t = 1 ... ids.size() - 1, in nats;
///   b(t) = 0 for t <= context, else stride * ceil((t - context) / stride)
/// So the first window scores as many tokens as it feeds, and each other one `stride`, after at
/// least context - stride tokens before them. NaN or infinite when the model yields such.
/// pre: ids is not empty; model.limits() has min(context, ids.size() - 1) positions and a row of
/// logits for each token of a batch
double negative_log_likelihood(Transformer& model, std::span<const int> ids,
                               const Windows& windows);

} // namespace bitnet::example
