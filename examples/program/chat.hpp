// SPDX-License-Identifier: MIT
// `bitnet chat`: a conversation, a line from the user and an answer from the model in turn.
#pragma once

#include "kv_cache.hpp"
#include "loaded_model.hpp"
#include "sampler.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace bitnet::example {

struct ChatOptions {
    ModelOptions model;
    std::optional<std::string> system;        // text of a turn before the first
    std::optional<std::string> chat_template; // name of a family; default: the model's own
    std::optional<std::size_t> count;         // most tokens of an answer
    std::optional<std::size_t> context;       // positions; default: context_of()
    std::size_t draft = 0;                    // tokens: GeneratorOptions
    KvType kv = default_kv;
    SamplerOptions sampler;
    bool no_thinking = false;
};

/// Lines of stdin until its end or "/quit"; "/reset" begins anew, and empty lines are left out.
/// Answers go to stdout, all else to stderr. Ctrl-C ends an answer, and the program when there is
/// none.
void chat(const ChatOptions& options);

} // namespace bitnet::example
