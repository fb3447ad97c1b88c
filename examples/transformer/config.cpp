// SPDX-License-Identifier: MIT
// Config from and to JSON. The text may come from a hostile file.
#include "config.hpp"

#include "error.hpp"
#include "text.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdint>

namespace bitnet::example {
namespace {

using Json = nlohmann::ordered_json;

constexpr int max_depth = 16; // of nesting: dump() of the training notes is recursive

[[noreturn]] void refuse(const std::string& what) {
    throw UserError("config: " + what);
}

const Json& field(const Json& json, const char* key) {
    const auto found = json.find(key);
    if (found == json.end()) refuse(std::string("\"") + key + "\" is missing");
    return *found;
}

std::size_t count(const Json& json, const char* key, std::uint64_t least, std::uint64_t most) {
    const Json& value = field(json, key);
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() < least ||
        value.get<std::uint64_t>() > most) {
        refuse(std::string("\"") + key + "\" must be a whole number from " + std::to_string(least) +
               " to " + std::to_string(most));
    }
    return static_cast<std::size_t>(value.get<std::uint64_t>());
}

float positive(const Json& json, const char* key) {
    const Json& value = field(json, key);
    const float number = value.is_number() ? static_cast<float>(value.get<double>()) : 0.0f;
    if (!std::isfinite(number) || number <= 0.0f) {
        refuse(std::string("\"") + key + "\" must be a positive finite number");
    }
    return number;
}

bool flag(const Json& json, const char* key) {
    const Json& value = field(json, key);
    if (!value.is_boolean()) refuse(std::string("\"") + key + "\" must be true or false");
    return value.get<bool>();
}

std::string text(const Json& json, const char* key) {
    const Json& value = field(json, key);
    if (!value.is_string()) refuse(std::string("\"") + key + "\" must be a string");
    return value.get<std::string>();
}

Json parse(std::string_view text) {
    const auto shallow = [](int depth, Json::parse_event_t, Json&) {
        if (depth > max_depth) refuse("the JSON is nested too deeply");
        return true;
    };
    try {
        return Json::parse(text, shallow);
    } catch (const Json::exception&) {
        refuse("the header holds no valid JSON");
    }
}

} // namespace

Config parse_config(std::string_view json_text) {
    const Json json = parse(json_text);
    if (!json.is_object()) refuse("the header's JSON is not an object");
    if (text(json, "architecture") != "bitnet-b1.58") {
        refuse("\"architecture\" must be \"bitnet-b1.58\"");
    }
    Config config;
    config.vocab = count(json, "vocab_size", 2, 1u << 20);
    config.dim = count(json, "hidden_size", 1, 1u << 16);
    config.ffn_dim = count(json, "intermediate_size", 1, 1u << 20);
    config.layers = count(json, "num_hidden_layers", 1, 1024);
    config.heads = count(json, "num_attention_heads", 1, 1024);
    config.kv_heads = count(json, "num_key_value_heads", 1, 1024);
    config.head_dim = count(json, "head_dim", 2, 1024);
    config.max_context = count(json, "max_position_embeddings", 1, 1u << 20);
    config.rope_theta = positive(json, "rope_theta");
    if (config.rope_theta < 1.0f) refuse("\"rope_theta\" must be at least 1");
    config.norm_eps = positive(json, "rms_norm_eps");
    config.sub_norm = flag(json, "sub_norm");
    config.bos = static_cast<int>(count(json, "bos_token_id", 0, config.vocab - 1));
    config.eos = static_cast<int>(count(json, "eos_token_id", 0, config.vocab - 1));
    config.has_tokenizer = json.contains("tokenizer");
    config.training = json.contains("training") ? json["training"].dump() : std::string();

    if (config.heads % config.kv_heads != 0) {
        refuse("\"num_key_value_heads\" must divide \"num_attention_heads\"");
    }
    if (config.head_dim % 2 != 0) refuse("\"head_dim\" must be even");
    const std::string gate = text(json, "hidden_act");
    if (gate != "relu2" && gate != "silu") refuse("\"hidden_act\" must be \"relu2\" or \"silu\"");
    config.gate = gate == "silu" ? Config::Gate::silu : Config::Gate::relu2;
    if (!flag(json, "tie_word_embeddings")) {
        refuse("\"tie_word_embeddings\" must be true: untied heads are not supported");
    }
    if (config.has_tokenizer) {
        const Json& tokenizer = json["tokenizer"];
        if (!tokenizer.is_object() || text(tokenizer, "type") != "bpe-bytes" ||
            text(tokenizer, "tensor") != "tokenizer.merges") {
            refuse("\"tokenizer\" must be of type \"bpe-bytes\" in tensor \"tokenizer.merges\"");
        }
    }
    return config;
}

std::string config_json(const Config& config) {
    Json json;
    json["architecture"] = "bitnet-b1.58";
    json["vocab_size"] = config.vocab;
    json["hidden_size"] = config.dim;
    json["intermediate_size"] = config.ffn_dim;
    json["num_hidden_layers"] = config.layers;
    json["num_attention_heads"] = config.heads;
    json["num_key_value_heads"] = config.kv_heads;
    json["head_dim"] = config.head_dim;
    json["max_position_embeddings"] = config.max_context;
    json["rope_theta"] = as_written(config.rope_theta);
    json["rms_norm_eps"] = as_written(config.norm_eps);
    json["hidden_act"] = config.gate == Config::Gate::silu ? "silu" : "relu2";
    json["sub_norm"] = config.sub_norm;
    json["tie_word_embeddings"] = true;
    json["bos_token_id"] = config.bos;
    json["eos_token_id"] = config.eos;
    if (config.has_tokenizer) {
        json["tokenizer"] = {{"type", "bpe-bytes"}, {"tensor", "tokenizer.merges"}};
    }
    if (!config.training.empty()) json["training"] = parse(config.training);
    return json.dump();
}

} // namespace bitnet::example
