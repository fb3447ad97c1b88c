// SPDX-License-Identifier: MIT
// The hyperparameters and tensors of a GGUF file. Whatever is not understood is refused by its
// name.
#include "gguf_model.hpp"

#include "error.hpp"
#include "model_format.hpp"
#include "model_tensors.hpp"
#include "text.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <unordered_set>
#include <utility>

namespace bitnet::example {
namespace {

struct Architecture {
    std::string_view name;
    Config::Gate gate; // unless the file says
    bool qk_norm;      // always; for others, where the file has the tensors
    bool neighbours;   // RoPE turns the elements 2 i and 2 i + 1 of a head, not i and i + half
};

constexpr std::array architectures{
    Architecture{"bitnet-b1.58", Config::Gate::relu2, false, false},
    Architecture{"bitnet-25", Config::Gate::relu2, false, false},
    Architecture{"bitnet", Config::Gate::silu, false, false},
    Architecture{"llama", Config::Gate::silu, false, true},
    Architecture{"qwen3", Config::Gate::silu, true, false},
};

const Architecture& architecture_of(const GgufFile& file) {
    constexpr std::string_view key = "general.architecture";
    const auto name = file.text(key);
    if (!name) file.refuse_key(key, "it is missing");
    std::string known;
    for (const Architecture& architecture : architectures) {
        if (architecture.name == *name) return architecture;
        known += (known.empty() ? "" : ", ") + std::string(architecture.name);
    }
    file.refuse_key(key, "\"" + printable(*name) + "\" is not supported; these are: " + known);
}

// The keys of an architecture. What was not asked for is refused in the end: a key that is ignored
// may well change what the model computes.
class Keys {
public:
    Keys(const GgufFile& file, std::string_view architecture)
        : file_(file), prefix_(std::string(architecture) + ".") {}

    bool has(std::string_view name) { return file_.find(key(name)) != nullptr; }
    std::optional<std::size_t> maybe_whole(std::string_view name) {
        const auto value = file_.whole(key(name));
        if (value && *value > file_format::max_extent) {
            file_.refuse_key(key(name), std::to_string(*value) + " is beyond any model");
        }
        return value ? std::optional(static_cast<std::size_t>(*value)) : std::nullopt;
    }
    std::size_t whole(std::string_view name) {
        const auto value = maybe_whole(name);
        if (!value) missing(name);
        return *value;
    }
    std::optional<float> maybe_number(std::string_view name) {
        const auto value = file_.number(key(name));
        return value ? std::optional(static_cast<float>(*value)) : std::nullopt;
    }
    std::optional<std::string_view> text(std::string_view name) { return file_.text(key(name)); }

    /// Refuses a key with any other value than these.
    void expect_number(std::string_view name, float only) {
        const auto value = maybe_number(name);
        if (value && *value != only) unsupported(name);
    }
    [[noreturn]] void missing(std::string_view name) {
        file_.refuse_key(key(name), "it is missing");
    }
    [[noreturn]] void unsupported(std::string_view name) {
        const GgufValue* value = file_.find(key(name));
        const bool shown = value->kind == GgufKind::string && !value->is_array;
        file_.refuse_key(value->key,
                         (shown ? "\"" + printable(*file_.text(value->key)) + "\"" : "its value") +
                             " is not supported");
    }
    void refuse_others() {
        for (const GgufValue& value : file_.values()) {
            if (value.key.starts_with(prefix_) && !asked_.contains(std::string(value.key))) {
                file_.refuse_key(value.key, "what it asks for is not supported");
            }
        }
    }
    std::string key(std::string_view name) {
        std::string whole = prefix_ + std::string(name);
        asked_.insert(whole);
        return whole;
    }

private:
    const GgufFile& file_;
    std::string prefix_;
    std::unordered_set<std::string> asked_;
};

// RoPE as it stands, or linearly scaled by 1, as a converter writes; or YaRN.
void read_rope_scaling(Keys& keys, Config& config) {
    const std::string_view type = keys.text("rope.scaling.type").value_or("none");
    if (type != "none" && type != "linear" && type != "yarn") keys.unsupported("rope.scaling.type");
    for (const char* name : {"rope.scaling.attn_factor", "rope.scaling.yarn_attn_factor",
                             "rope.scaling.yarn_ext_factor", "rope.scale_linear"}) {
        keys.expect_number(name, 1.0f);
    }
    static_cast<void>(keys.key("rope.scaling.finetuned")); // how it was trained
    if (type != "yarn") {
        keys.expect_number("rope.scaling.factor", 1.0f);
        return;
    }
    const auto factor = keys.maybe_number("rope.scaling.factor");
    if (!factor) keys.missing("rope.scaling.factor");
    const auto original = keys.maybe_whole("rope.scaling.original_context_length");
    const auto fast = keys.maybe_number("rope.scaling.yarn_beta_fast");
    const auto slow = keys.maybe_number("rope.scaling.yarn_beta_slow");
    if (*factor == 1.0f) return;
    config.yarn = yarn_scaling(*factor, original.value_or(config.max_context));
    if (fast) config.yarn->beta_fast = *fast;
    if (slow) config.yarn->beta_slow = *slow;
}

void read_gate(Keys& keys, Config& config) {
    const auto name = keys.text("hidden_activation");
    if (!name) return;
    if (*name != "relu2" && *name != "relu_sqr" && *name != "silu" && *name != "swish") {
        keys.unsupported("hidden_activation");
    }
    config.gate = name->starts_with("relu") ? Config::Gate::relu2 : Config::Gate::silu;
}

Config read_config(const GgufFile& file, const Architecture& architecture) {
    for (const GgufValue& value : file.values()) {
        if (value.key.starts_with("prism.hadamard.")) {
            file.refuse_key(value.key, "its weights expect inputs after a Hadamard transform, "
                                       "which is not supported");
        }
        if (value.key.starts_with("prism.")) file.refuse_key(value.key, "it is not supported");
    }
    if (const auto parts = file.whole("split.count"); parts && *parts > 1) {
        file.refuse_key("split.count",
                        "the model is in " + std::to_string(*parts) + " files; join them first");
    }
    const GgufTensor* embedding = file.find_tensor("token_embd.weight");
    if (embedding == nullptr) file.refuse_tensor("token_embd.weight", "it is missing");

    Keys keys(file, architecture.name);
    Config config;
    config.architecture = architecture.name;
    config.vocab = keys.maybe_whole("vocab_size").value_or(embedding->rows);
    config.dim = keys.whole("embedding_length");
    config.ffn_dim = keys.whole("feed_forward_length");
    config.layers = keys.whole("block_count");
    config.heads = keys.whole("attention.head_count");
    config.kv_heads = keys.maybe_whole("attention.head_count_kv").value_or(config.heads);
    const auto rope_dim = keys.maybe_whole("rope.dimension_count");
    const auto key_length = keys.maybe_whole("attention.key_length");
    if (!key_length && !rope_dim && (config.heads == 0 || config.dim % config.heads != 0)) {
        file.refuse_key(keys.key("attention.key_length"), "it is missing");
    }
    config.head_dim = key_length ? *key_length : rope_dim ? *rope_dim : config.dim / config.heads;
    if (keys.maybe_whole("attention.value_length").value_or(config.head_dim) != config.head_dim) {
        keys.unsupported("attention.value_length");
    }
    if (rope_dim.value_or(config.head_dim) != config.head_dim) {
        keys.unsupported("rope.dimension_count");
    }
    config.max_context = keys.whole("context_length");
    config.rope_theta = keys.maybe_number("rope.freq_base").value_or(10000.0f);
    read_rope_scaling(keys, config);
    const auto eps = keys.maybe_number("attention.layer_norm_rms_epsilon");
    if (!eps) keys.missing("attention.layer_norm_rms_epsilon");
    config.norm_eps = *eps;
    config.gate = architecture.gate;
    read_gate(keys, config);
    keys.refuse_others();

    const auto has = [&](const char* name) { return file.find_tensor(name) != nullptr; };
    config.sub_norm = has("blk.0.attn_sub_norm.weight");
    config.qk_norm = architecture.qk_norm; // elsewhere such a norm is refused, as nobody's
    if (has("blk.0.attn_q_norm_in.weight") || has("blk.0.attn_q.rms_norm.weight")) {
        config.projection_norm_eps = config.norm_eps;
    }
    config.tied = !has("output.weight");
    config.tokenizer = Config::Tokens::none;
    return config;
}

// `rows` of `heads` heads, whose elements 2 i and 2 i + 1 RoPE turns, as it turns i and i + half.
std::vector<std::byte> halves_apart(std::span<const std::byte> bytes, std::size_t rows,
                                    std::size_t head_dim) {
    const std::size_t row_bytes = bytes.size() / rows;
    std::vector<std::byte> apart(bytes.size());
    for (std::size_t row = 0; row < rows; ++row) {
        const std::size_t in_head = row % head_dim;
        const std::size_t to = row - in_head + in_head % 2 * (head_dim / 2) + in_head / 2;
        std::memcpy(apart.data() + to * row_bytes, bytes.data() + row * row_bytes, row_bytes);
    }
    return apart;
}

float f32_at(const GgufTensor& tensor, std::size_t i) noexcept {
    return std::bit_cast<float>(file_format::load<std::uint32_t>(tensor.bytes.data() + 4 * i));
}

class TensorReader {
public:
    TensorReader(const GgufFile& file, const Architecture& architecture, Checkpoint& checkpoint)
        : file_(file), architecture_(architecture), checkpoint_(checkpoint) {}

    void read() {
        for_each_tensor(checkpoint_.config, [&](const ModelTensor& wanted) { take(wanted); });
        for (const GgufTensor& tensor : file_.tensors()) {
            if (!used_.contains(tensor.name)) refuse_unused(tensor);
        }
        refuse_reciprocal_scales();
    }

private:
    void take(const ModelTensor& wanted) {
        const GgufTensor* tensor = nullptr;
        for (const std::string& name : wanted.gguf) {
            if (tensor == nullptr && !name.empty()) tensor = file_.find_tensor(name);
        }
        if (tensor == nullptr) file_.refuse_tensor(wanted.gguf[0], "it is missing");
        if (tensor->rows != wanted.rows || tensor->cols != wanted.cols) {
            file_.refuse_tensor(
                tensor->name, std::to_string(tensor->rows) + " x " + std::to_string(tensor->cols) +
                                  " where the metadata wants " + std::to_string(wanted.rows) +
                                  " x " + std::to_string(wanted.cols));
        }
        if (wanted.role == TensorRole::norm && !is_float(tensor->type)) {
            file_.refuse_tensor(tensor->name,
                                "a norm of type " + std::string(format_of(tensor->type).name));
        }
        used_.insert(tensor->name);
        SourceTensor taken{.name = wanted.name,
                           .source = std::string(tensor->name),
                           .type = tensor->type,
                           .rows = tensor->rows,
                           .cols = tensor->cols,
                           .bytes = tensor->bytes,
                           .factor = tensor->scale};
        if (wanted.role == TensorRole::projection) {
            taken.factor *= own_scale(*tensor);
            if (architecture_.neighbours && (wanted.name.ends_with("q_proj.weight") ||
                                             wanted.name.ends_with("k_proj.weight"))) {
                checkpoint_.copies.push_back(
                    halves_apart(tensor->bytes, tensor->rows, checkpoint_.config.head_dim));
                taken.bytes = checkpoint_.copies.back();
            }
        }
        checkpoint_.tensors.push_back(std::move(taken));
    }

    // Of a projection's tensor "….scale", by which its output is multiplied; 1 without one.
    float own_scale(const GgufTensor& weight) {
        const std::string stem(weight.name.substr(0, weight.name.rfind('.')));
        const GgufTensor* scale = file_.find_tensor(stem + ".scale");
        if (scale == nullptr) return 1.0f;
        used_.insert(scale->name);
        if (scale->type != SourceType::f32 || scale->rows != 1 || scale->cols != 1) {
            file_.refuse_tensor(scale->name, "it must be one F32");
        }
        const float value = f32_at(*scale, 0);
        if (!std::isfinite(value)) file_.refuse_tensor(scale->name, "it is not finite");
        return value;
    }

    void refuse_unused(const GgufTensor& tensor) const {
        if (tensor.name.ends_with(".bias")) {
            file_.refuse_tensor(tensor.name, "biases are not supported");
        }
        if (tensor.name == "rope_freqs.weight") {
            bool ones = tensor.type == SourceType::f32;
            for (std::size_t i = 0; ones && i < tensor.rows * tensor.cols; ++i) {
                ones = f32_at(tensor, i) == 1.0f;
            }
            if (ones) return;
            file_.refuse_tensor(tensor.name, "scaled RoPE is not supported");
        }
        file_.refuse_tensor(tensor.name, "no part of this model; without it another one would run");
    }

    // A converter stores weight_scale of Hugging Face files as it stands, which for Llama-like
    // models is 1 / mean|W|. Weights of a model without norms inside its blocks are far below 1 on
    // average, so scales that are all above 1 are such reciprocals. With norms inside, nothing can
    // be told: scales of either kind are around 1.
    void refuse_reciprocal_scales() const {
        if (checkpoint_.config.sub_norm || checkpoint_.config.projection_norm_eps) return;
        const GgufTensor* least = nullptr;
        for (const GgufTensor& tensor : file_.tensors()) {
            if (tensor.type != SourceType::i2_s) continue;
            if (least == nullptr || tensor.scale < least->scale) least = &tensor;
        }
        if (least != nullptr && least->scale > 1.0f) {
            file_.refuse_tensor(
                least->name,
                "its I2_S scale is " + std::to_string(least->scale) +
                    ", and those of all others are larger: the converter stored 1 / mean|W|. "
                    "Take the model's Hugging Face files, or another GGUF file");
        }
    }

    const GgufFile& file_;
    const Architecture& architecture_;
    Checkpoint& checkpoint_;
    std::unordered_set<std::string_view> used_;
};

// Converters give BitNet b1.58 2B4T, whose gate is squared ReLU, and the models of 1bitLLM, whose
// gate is SiLU, the same architectures. Where the key that tells is missing, the architecture's own
// gate is taken, as by bitnet.cpp and llama.cpp; a vocabulary of the other kind casts doubt on it.
void doubt_gate(const GgufFile& file, const Architecture& architecture, Checkpoint& checkpoint) {
    const std::string key = std::string(architecture.name) + ".hidden_activation";
    if (!architecture.name.starts_with("bitnet") || file.find(key) != nullptr) return;
    const auto& vocabulary = checkpoint.vocabulary;
    const bool is_silu = architecture.gate == Config::Gate::silu;
    if (vocabulary && is_silu == (vocabulary->model == "llama")) return;
    if (!vocabulary && !is_silu) return;
    checkpoint.notes.push_back(
        "key " + key + " is missing: the gate is taken for " +
        (is_silu ? "SiLU, where BitNet b1.58 2B4T has squared ReLU"
                 : "squared ReLU, as BitNet b1.58 2B4T has it, where models of 1bitLLM have SiLU"));
}

} // namespace

Checkpoint checkpoint_of(const GgufFile& file) {
    const Architecture& architecture = architecture_of(file);
    Checkpoint checkpoint;
    checkpoint.label = file.label();
    checkpoint.config = read_config(file, architecture);
    checkpoint.vocabulary = vocabulary_of(file);
    read_special_tokens(file, checkpoint.vocabulary, checkpoint.config);
    try {
        check_config(checkpoint.config);
    } catch (const UserError& error) {
        file.refuse(error.what());
    }
    doubt_gate(file, architecture, checkpoint);
    TensorReader(file, architecture, checkpoint).read();
    return checkpoint;
}

} // namespace bitnet::example
