// SPDX-License-Identifier: MIT
// `bitnet perplexity`: how well a model predicts a text.
#pragma once

#include "kv_cache.hpp"
#include "loaded_model.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace bitnet::example {

struct PerplexityOptions {
    ModelOptions model;
    std::string text; // path of stories between "<|endoftext|>"; empty when `ids` is given
    std::string ids;  // path of documents, one per line, as ids; cut at the model's context
    std::optional<std::size_t> context; // tokens of a window, and
    std::optional<std::size_t> stride;  // from one to the next; defaults: Windows
    KvType kv = default_kv;
    bool json = false;
};

/// Prints nll_per_token, tokens, perplexity and nats_per_byte to stdout.
void perplexity(const PerplexityOptions& options);

} // namespace bitnet::example
