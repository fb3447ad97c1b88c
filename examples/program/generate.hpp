// SPDX-License-Identifier: MIT
// `bitnet generate`: continues a prompt.
#pragma once

#include "kv_cache.hpp"
#include "loaded_model.hpp"
#include "prompt.hpp"
#include "sampler.hpp"
#include "stopwatch.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace bitnet::example {

struct GenerateOptions {
    ModelOptions model;
    Prompt prompt;
    std::optional<std::size_t> count;   // tokens to generate
    std::optional<std::size_t> context; // positions; defaults of both: GeneratorOptions
    std::size_t draft = 0;              // tokens: GeneratorOptions
    KvType kv = default_kv;
    SamplerOptions sampler;
    std::optional<std::string> logits; // path: float32 (tokens that were run, vocab)
    bool ignore_eos = false;
    bool print_ids = false;
    bool stats = false;
    bool json = false; // the statistics
};

/// Text (prompt and continuation) or ids (of the continuation) to stdout, logits to their file, all
/// else to stderr.
/// `since_start` has run since the program began.
void generate(const GenerateOptions& options, const Stopwatch& since_start);

} // namespace bitnet::example
