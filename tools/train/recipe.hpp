// SPDX-License-Identifier: MIT
// All that determines a run besides the texts.
#pragma once

#include "../../examples/transformer/config.hpp"
#include "../../examples/transformer/tensor_kinds.hpp"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace bitnet::train {

using example::Config;

constexpr std::uint32_t number_of(example::TensorKind kind) {
    return static_cast<std::uint32_t>(kind);
}

/// The kinds of projections that can be trained, by their numbers in model files.
enum class LinearKind : std::uint32_t {
    float32 = number_of(example::kind_named("f32")),
    ternary_int8 = number_of(example::kind_named("ternary-int8")),
    binary_int8 = number_of(example::kind_named("binary-int8")),
    ternary_sign_norm = number_of(example::kind_named("ternary-signnorm")),
    binary_sign_norm = number_of(example::kind_named("binary-signnorm")),
};

struct AdamWOptions {
    float beta1 = 0.9f;
    float beta2 = 0.95f;
    float epsilon = 1e-8f;
    float decay = 0.1f; // of matrices and the embedding; norm weights have none
    float clip = 1.0f;
};

struct Recipe {
    Config model{.vocab = 1024,
                 .dim = 256,
                 .ffn_dim = 704,
                 .layers = 6,
                 .heads = 8,
                 .kv_heads = 4,
                 .head_dim = 32,
                 .max_context = 1024}; // longest story in tokens: always `slots`
    LinearKind kind = LinearKind::ternary_int8;
    std::size_t slots = 1024; // tokens of one batch, the work of one thread
    std::size_t batches = 2;  // per step
    std::size_t steps = 6600;
    std::size_t warmup = 200;
    float rate = 3e-3f;      // peak
    float last_rate = 0.03f; // share of the peak at the last step
    float fall = 0.4f;       // share of the steps, at the end, in which the rate falls to that
    float dropout = 0.1f;
    AdamWOptions adamw;
    std::uint64_t seed = 1;
};

/// Calls f(key, value, help) for every field. A checkpoint has it under its key; the flag is
/// flag_of(key), unless the help is null.
template <class R, class F>
void for_each_field(R& r, F&& f) {
    f("kind", r.kind, "float, ternary, binary, ternary-signnorm, binary-signnorm");
    f("gate", r.model.gate, "relu2, silu");
    f("vocab", r.model.vocab, "Entries of the tokenizer");
    f("hidden", r.model.dim, "Width of the residual stream");
    f("layers", r.model.layers, "");
    f("heads", r.model.heads, "Query heads");
    f("kv_heads", r.model.kv_heads, "Key-value heads");
    f("head_dim", r.model.head_dim, "");
    f("ffn", r.model.ffn_dim, "Width of the feed-forward layer");
    f("context", r.model.max_context, nullptr);
    f("rope_theta", r.model.rope_theta, nullptr);
    f("eps", r.model.norm_eps, nullptr);
    f("slots", r.slots, "Tokens of one batch, and of the longest story");
    f("batches", r.batches, "Batches of one step");
    f("steps", r.steps, "");
    f("warmup", r.warmup, "Steps");
    f("rate", r.rate, "Peak learning rate");
    f("last_rate", r.last_rate, "Share of the peak at the last step");
    f("fall", r.fall, "Share of the steps in which the rate falls");
    f("dropout", r.dropout, "");
    f("beta1", r.adamw.beta1, nullptr);
    f("beta2", r.adamw.beta2, "");
    f("epsilon", r.adamw.epsilon, nullptr);
    f("decay", r.adamw.decay, "Weight decay");
    f("clip", r.adamw.clip, "Largest gradient norm");
    f("seed", r.seed, "");
}

std::string flag_of(std::string_view key); // "last_rate" -> "--last-rate"

/// Throw UserError, which lists the names, on an unknown one.
void parse(std::string_view text, LinearKind& kind);
void parse(std::string_view text, Config::Gate& gate);
/// parse(to_text(x)) gives x back; a number is as short as that allows.
std::string to_text(LinearKind kind);
std::string to_text(Config::Gate gate);
std::string to_text(std::uint64_t x);
std::string to_text(float x);

/// Throws UserError that names the flag if this cannot be trained, or not be exported.
void validate(const Recipe& recipe);

/// The recipe of a resumed run: the checkpoint's, with the steps that were asked for. Throws
/// UserError if another field among `given`, the keys of the command line, differs.
Recipe resumed(const Recipe& checkpoint, const Recipe& asked, const std::set<std::string>& given);

} // namespace bitnet::train
