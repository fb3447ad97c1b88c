// SPDX-License-Identifier: MIT
// Names, limits, and what a resumed run may change.
#include "recipe.hpp"

#include "../../examples/tokenizer/bpe_bytes.hpp"
#include "../../examples/transformer/error.hpp"
#include "corpus.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <utility>

namespace bitnet::train {
namespace {

constexpr std::array<std::pair<std::string_view, LinearKind>, 5> kinds{{
    {"float", LinearKind::float32},
    {"ternary", LinearKind::ternary_int8},
    {"binary", LinearKind::binary_int8},
    {"ternary-signnorm", LinearKind::ternary_sign_norm},
    {"binary-signnorm", LinearKind::binary_sign_norm},
}};
constexpr std::array<std::pair<std::string_view, Config::Gate>, 2> gates{{
    {"relu2", Config::Gate::relu2},
    {"silu", Config::Gate::silu},
}};

template <class Names, class T>
void parse_name(std::string_view key, const Names& names, std::string_view text, T& value) {
    std::string all;
    for (const auto& [name, named] : names) {
        if (name == text) {
            value = named;
            return;
        }
        all += (all.empty() ? "" : ", ") + std::string(name);
    }
    throw example::UserError(flag_of(key) + ' ' + std::string(text) + ": must be one of " + all);
}

template <class Names, class T>
std::string find_name(const Names& names, T value) {
    return std::string(std::find_if(names.begin(), names.end(), [&](const auto& pair) {
                           return pair.second == value;
                       })->first);
}

template <class T>
std::string shortest(T x) {
    std::array<char, 32> text{};
    return {text.data(), std::to_chars(text.data(), text.data() + text.size(), x).ptr};
}

} // namespace

std::string flag_of(std::string_view key) {
    std::string flag = "--" + std::string(key);
    std::replace(flag.begin(), flag.end(), '_', '-');
    return flag;
}

void parse(std::string_view text, LinearKind& kind) {
    parse_name("kind", kinds, text, kind);
}
void parse(std::string_view text, Config::Gate& gate) {
    parse_name("gate", gates, text, gate);
}

std::string to_text(LinearKind kind) {
    return find_name(kinds, kind);
}
std::string to_text(Config::Gate gate) {
    return find_name(gates, gate);
}
std::string to_text(std::uint64_t x) {
    return shortest(x);
}
std::string to_text(float x) {
    return shortest(x);
}

void validate(const Recipe& r) {
    // A NaN satisfies no condition.
    const auto demand = [](bool good, std::string_view key, auto value, const std::string& rule) {
        if (!good) {
            throw example::UserError(flag_of(key) + ' ' + to_text(value) + ": must be " + rule);
        }
    };
    const auto within = [&](std::string_view key, std::size_t value, std::size_t low,
                            std::size_t high) {
        demand(low <= value && value <= high, key, value,
               "from " + to_text(low) + " to " + to_text(high));
    };
    const auto share = [&](std::string_view key, float value) { // of a whole, all of it included
        demand(value >= 0.0f && value <= 1.0f, key, value, "from 0 to 1");
    };
    const auto below_one = [&](std::string_view key, float value) {
        demand(value >= 0.0f && value < 1.0f, key, value, "at least 0 and below 1");
    };
    const auto positive = [&](std::string_view key, float value) {
        demand(value > 0.0f && value <= 1e6f, key, value, "above 0 and at most 1000000");
    };
    // The model file's limits, and at least one merge: it holds no empty tensor.
    const Config& m = r.model;
    within("vocab", m.vocab, example::bpe_bytes::first_merge + 1, example::bpe_bytes::max_vocab);
    within("hidden", m.dim, 1, 1U << 16U);
    within("layers", m.layers, 1, 1024);
    within("heads", m.heads, 1, 1024);
    within("kv_heads", m.kv_heads, 1, 1024);
    within("head_dim", m.head_dim, 1, 1024);
    within("ffn", m.ffn_dim, 1, 1U << 20U);
    demand(m.heads % m.kv_heads == 0, "kv_heads", m.kv_heads,
           "a divisor of " + flag_of("heads") + ' ' + to_text(m.heads));
    demand(m.head_dim % 2 == 0, "head_dim", m.head_dim, "even");
    demand(m.rope_theta >= 1.0f && m.rope_theta <= 1e9f, "rope_theta", m.rope_theta,
           "from 1 to 1000000000");
    positive("eps", m.norm_eps);

    within("slots", r.slots, Batch::grain, 1U << 20U);
    demand(r.slots % Batch::grain == 0, "slots", r.slots, "a multiple of " + to_text(Batch::grain));
    demand(m.max_context == r.slots, "context", m.max_context,
           "equal to " + flag_of("slots") + ' ' + to_text(r.slots));
    within("batches", r.batches, 1, 1024);
    within("steps", r.steps, 1, 1U << 30U);
    demand(r.warmup <= r.steps, "warmup", r.warmup,
           "at most " + flag_of("steps") + ' ' + to_text(r.steps));
    demand(r.rate > 0.0f && r.rate < 1.0f, "rate", r.rate, "above 0 and below 1");
    share("last_rate", r.last_rate);
    share("fall", r.fall);
    below_one("dropout", r.dropout);
    below_one("beta1", r.adamw.beta1);
    below_one("beta2", r.adamw.beta2);
    positive("epsilon", r.adamw.epsilon);
    below_one("decay", r.adamw.decay);
    positive("clip", r.adamw.clip);
}

Recipe resumed(const Recipe& checkpoint, const Recipe& asked, const std::set<std::string>& given) {
    const auto texts = [](const Recipe& recipe) {
        std::map<std::string, std::string> all;
        for_each_field(recipe, [&](const char* key, const auto& value, const char*) {
            all[key] = to_text(value);
        });
        return all;
    };
    const auto have = texts(checkpoint);
    const auto want = texts(asked);
    for (const std::string& key : given) {
        if (key != "steps" && want.at(key) != have.at(key)) {
            throw example::UserError(flag_of(key) + ' ' + want.at(key) +
                                     ": the run to be resumed has " + have.at(key));
        }
    }
    Recipe recipe = checkpoint;
    if (given.contains("steps")) recipe.steps = asked.steps;
    return recipe;
}

} // namespace bitnet::train
