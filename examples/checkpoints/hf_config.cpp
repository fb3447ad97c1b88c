// SPDX-License-Identifier: MIT
// Reading config.json. Keys that change what is computed, and that Config has no word for, are
// refused by their names.
#include "hf_config.hpp"

#include "error.hpp"
#include "json_object.hpp"
#include "text.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace bitnet::example {
namespace {

constexpr std::size_t max_template = std::size_t{1} << 18; // bytes
constexpr std::size_t max_stops = 16;                      // as Config::eos

// What a model type means where config.json does not say.
struct ModelType {
    std::string_view name;
    Config::Gate gate;
    float rope_theta;
    bool qk_norm;
    bool add_bos; // where tokenizer_config.json does not say
};
constexpr std::array model_types{
    ModelType{"bitnet", Config::Gate::relu2, 500000.0f, false, true},
    ModelType{"llama", Config::Gate::silu, 10000.0f, false, true},
    ModelType{"qwen3", Config::Gate::silu, 10000.0f, true, false},
};

const ModelType& model_type_of(const JsonObject& json) {
    const auto name = json.text("model_type");
    if (!name) json.refuse("model_type", "is missing");
    std::string known;
    for (const ModelType& type : model_types) {
        if (type.name == *name) return type;
        known += (known.empty() ? "" : ", ") + std::string(type.name);
    }
    json.refuse("model_type", "\"" + printable(*name) + "\" is not supported; these are: " + known);
}

void refuse_unknown_parts(const JsonObject& json) {
    for (const char* key : {"attention_bias", "mlp_bias", "use_sliding_window"}) {
        if (json.flag(key).value_or(false)) json.refuse(key, "is not supported");
    }
    if (json.number("partial_rotary_factor").value_or(1.0f) != 1.0f) {
        json.refuse("partial_rotary_factor", "is not supported");
    }
    for (const std::string& type : json.texts("layer_types").value_or(std::vector<std::string>())) {
        if (type != "full_attention") {
            json.refuse("layer_types", "with \"" + printable(type) + "\" is not supported");
        }
    }
    if (json.whole("input_bits").value_or(8) != 8) json.refuse("input_bits", "must be 8");
    if (json.whole("weight_bits").value_or(1) != 1) json.refuse("weight_bits", "must be 1");
}

YarnScaling yarn_of(const JsonObject& rope, const Config& config) {
    for (const char* key : {"mscale", "mscale_all_dim"}) {
        if (rope.has(key)) rope.refuse(key, "is not supported");
    }
    if (!rope.flag("truncate").value_or(true)) rope.refuse("truncate", "must be true");
    const auto factor = rope.number("factor");
    if (!factor) rope.refuse("factor", "is missing");
    YarnScaling yarn = yarn_scaling(
        *factor, rope.whole("original_max_position_embeddings").value_or(config.max_context));
    if (const auto fast = rope.number("beta_fast")) yarn.beta_fast = *fast;
    if (const auto slow = rope.number("beta_slow")) yarn.beta_slow = *slow;
    if (const auto attention = rope.number("attention_factor")) yarn.attention = *attention;
    return yarn;
}

// RoPE as it stands, or YaRN. Newer files have "rope_parameters", which holds rope_theta too.
void read_rope(const JsonObject& json, const ModelType& type, Config& config) {
    std::optional<float> theta = json.number("rope_theta");
    for (const char* key : {"rope_scaling", "rope_parameters"}) {
        const auto rope = json.object(key);
        if (!rope) continue;
        for (const std::string& part : rope->keys()) {
            if (rope->is_object(part.c_str())) {
                rope->refuse(part, "is RoPE for one kind of layers, which is not supported");
            }
        }
        const char* kind = rope->has("rope_type") ? "rope_type" : "type";
        const std::string name = rope->text(kind).value_or("default");
        if (name != "default" && name != "yarn") {
            rope->refuse(kind, "\"" + printable(name) + "\": such scaled RoPE is not supported");
        }
        if (name == "yarn" && rope->number("factor").value_or(0.0f) != 1.0f) {
            config.yarn = yarn_of(*rope, config);
        }
        if (rope->number("partial_rotary_factor").value_or(1.0f) != 1.0f) {
            rope->refuse("partial_rotary_factor", "is not supported");
        }
        if (!theta) theta = rope->number("rope_theta");
    }
    config.rope_theta = theta.value_or(type.rope_theta);
}

Config::Gate gate_of(const JsonObject& json, const ModelType& type) {
    const auto name = json.text("hidden_act");
    if (!name) return type.gate;
    if (*name == "relu2") return Config::Gate::relu2;
    if (*name == "silu" || *name == "swish") return Config::Gate::silu;
    json.refuse("hidden_act", "\"" + printable(*name) + "\" is not supported");
}

HfQuantization quantization_of(const JsonObject& json, const ModelType& type, Config& config) {
    HfQuantization quantization;
    quantization.not_converted = {"lm_head"};
    const auto stated = json.object("quantization_config");
    if (!stated) {
        quantization.masters = type.name == "bitnet" || json.has("weight_bits");
        return quantization;
    }
    const std::string method = stated->text("quant_method").value_or("");
    if (method != "bitnet") {
        stated->refuse("quant_method", "\"" + printable(method) + "\" is not supported");
    }
    const std::string mode = stated->text("quantization_mode").value_or("offline");
    if (mode != "offline" && mode != "online") {
        stated->refuse("quantization_mode", "\"" + printable(mode) + "\" is not supported");
    }
    quantization.packed = mode == "offline";
    quantization.masters = mode == "online";
    const std::string linear = stated->text("linear_class").value_or("bitlinear");
    if (linear != "bitlinear" && linear != "autobitlinear") {
        stated->refuse("linear_class", "\"" + printable(linear) + "\" is not supported");
    }
    quantization.multiply = linear == "autobitlinear";
    if (auto modules = stated->texts("modules_to_not_convert")) {
        quantization.not_converted = std::move(*modules);
        quantization.not_converted.push_back("lm_head");
    }
    if (stated->flag("use_rms_norm").value_or(false)) {
        config.projection_norm_eps = stated->number("rms_norm_eps").value_or(1e-6f);
    }
    return quantization;
}

// One text, or a list of named ones.
std::string chat_template_of(const HfDirectory& directory, const JsonObject& tokenizer) {
    constexpr const char* key = "chat_template";
    std::string text = directory.chat_template;
    if (text.empty() && tokenizer.is_list(key)) {
        for (const JsonObject& named : tokenizer.objects(key)) {
            if (named.text("name") == "default") text = named.text("template").value_or("");
        }
    } else if (text.empty()) {
        text = tokenizer.text(key).value_or("");
    }
    if (text.size() > max_template) {
        tokenizer.refuse(key, "has " + std::to_string(text.size()) + " bytes; the cap is " +
                                  std::to_string(max_template));
    }
    return text;
}

void read_special_tokens(const HfDirectory& directory, const JsonObject& json,
                         const ModelType& type, Config& config) {
    const JsonObject generation(directory.label + "/generation_config.json",
                                directory.generation_config);
    const JsonObject tokenizer(directory.label + "/tokenizer_config.json",
                               directory.tokenizer_config);
    const std::vector<int> bos = json.ids("bos_token_id");
    config.bos = bos.empty() ? std::nullopt : std::optional(bos.front());
    config.eos.clear();
    for (const JsonObject* from : {&generation, &json}) {
        for (const int id : from->ids("eos_token_id")) {
            const bool known = config.ends_text(id);
            if (!known && config.eos.size() < max_stops) config.eos.push_back(id);
        }
    }
    config.add_bos = !bos.empty() && tokenizer.flag("add_bos_token").value_or(type.add_bos);
    config.chat_template = chat_template_of(directory, tokenizer);
}

} // namespace

bool HfQuantization::converts(std::string_view module) const {
    const std::string name = "." + std::string(module) + ".";
    return std::none_of(not_converted.begin(), not_converted.end(), [&](const std::string& part) {
        return name.find("." + part + ".") != std::string::npos;
    });
}

HfConfig read_hf_config(const HfDirectory& directory) {
    const JsonObject json(directory.label + "/config.json", directory.config);
    const ModelType& type = model_type_of(json);
    refuse_unknown_parts(json);
    HfConfig read;
    Config& config = read.config;
    config.architecture = type.name;
    config.vocab = json.require_whole("vocab_size");
    config.dim = json.require_whole("hidden_size");
    config.ffn_dim = json.require_whole("intermediate_size");
    config.layers = json.require_whole("num_hidden_layers");
    config.heads = json.require_whole("num_attention_heads");
    config.kv_heads = json.whole("num_key_value_heads").value_or(config.heads);
    if (const auto head_dim = json.whole("head_dim")) {
        config.head_dim = *head_dim;
    } else {
        const bool divides = config.heads != 0 && config.dim % config.heads == 0;
        if (type.qk_norm || !divides) json.refuse("head_dim", "is missing");
        config.head_dim = config.dim / config.heads;
    }
    config.max_context = json.require_whole("max_position_embeddings");
    read_rope(json, type, config);
    const auto eps = json.number("rms_norm_eps");
    if (!eps) json.refuse("rms_norm_eps", "is missing");
    config.norm_eps = *eps;
    config.gate = gate_of(json, type);
    config.qk_norm = type.qk_norm;
    read.says_tied = json.has("tie_word_embeddings");
    config.tied = json.flag("tie_word_embeddings").value_or(true);
    config.tokenizer = Config::Tokens::none;
    read.quantization = quantization_of(json, type, config);
    read_special_tokens(directory, json, type, config);
    return read;
}

} // namespace bitnet::example
