// SPDX-License-Identifier: MIT
// Config from and to JSON. The text may come from a hostile file.
#include "config.hpp"

#include "error.hpp"
#include "json_shape.hpp"
#include "text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace bitnet::example {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t max_depth = 17;     // of nesting: dump() of the training notes is recursive
constexpr std::size_t max_members = 4096; // an ordered_json compares a new key with all before it
constexpr std::size_t max_eos = 16;
constexpr std::uint64_t max_positions = 1u << 20;

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

int token(const Json& json, const char* key, std::size_t vocab) {
    return static_cast<int>(count(json, key, 0, vocab - 1));
}

// One id, or a list of some.
std::vector<int> tokens(const Json& json, const char* key, std::size_t vocab) {
    const Json& value = field(json, key);
    if (!value.is_array()) return {token(json, key, vocab)};
    if (value.size() > max_eos) {
        refuse(std::string("\"") + key + "\" must be one id or a list of up to " +
               std::to_string(max_eos));
    }
    std::vector<int> ids;
    for (const Json& id : value) ids.push_back(token({{key, id}}, key, vocab));
    return ids;
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

bool flag(const Json& json, const char* key, bool otherwise) {
    return json.contains(key) ? flag(json, key) : otherwise;
}

bool is_name(std::string_view text) {
    const auto is_part = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-';
    };
    return !text.empty() && text.size() < 64 && std::all_of(text.begin(), text.end(), is_part);
}

std::optional<YarnScaling> yarn(const Json& json) {
    if (!json.contains("rope_scaling")) return std::nullopt;
    const Json& scaling = json["rope_scaling"];
    if (!scaling.is_object() || text(scaling, "rope_type") != "yarn") {
        refuse("\"rope_scaling\" must be an object of \"rope_type\" \"yarn\"");
    }
    YarnScaling yarn;
    yarn.factor = positive(scaling, "factor");
    yarn.attention = positive(scaling, "attention_factor");
    yarn.beta_fast = positive(scaling, "beta_fast");
    yarn.beta_slow = positive(scaling, "beta_slow");
    yarn.original_context =
        static_cast<double>(count(scaling, "original_max_position_embeddings", 1, max_positions));
    if (yarn.factor <= 1 || yarn.factor > 1e6) {
        refuse("\"factor\" of \"rope_scaling\" must be above 1 and at most 1000000");
    }
    return yarn;
}

Config::Tokens tokenizer(const Json& json) {
    if (!json.contains("tokenizer")) return Config::Tokens::none;
    const Json& tokenizer = json["tokenizer"];
    if (tokenizer.is_object()) {
        const std::string type = text(tokenizer, "type"), tensor = text(tokenizer, "tensor");
        if (type == "bpe-bytes" && tensor == "tokenizer.merges") return Config::Tokens::merges;
        if (type == "blob" && tensor == "tokenizer") return Config::Tokens::blob;
    }
    refuse("\"tokenizer\" must be of type \"bpe-bytes\" in tensor \"tokenizer.merges\", or of type "
           "\"blob\" in tensor \"tokenizer\"");
}

Json parse(std::string_view text) {
    const JsonShape shape = json_shape(text);
    if (shape.depth > max_depth) refuse("the JSON is nested too deeply");
    if (shape.members > max_members) {
        refuse("the JSON has " + std::to_string(shape.members) + " keys; the cap is " +
               std::to_string(max_members));
    }
    try {
        return Json::parse(text);
    } catch (const Json::parse_error& error) {
        refuse("the header holds no valid JSON at byte " + std::to_string(error.byte) + " of it");
    } catch (const Json::exception&) { // as a number beyond a double
        refuse("the header holds no valid JSON");
    }
}

} // namespace

Config parse_config(std::string_view json_text) {
    const Json json = parse(json_text);
    if (!json.is_object()) refuse("the header's JSON is not an object");
    Config config;
    config.architecture = text(json, "architecture");
    if (!is_name(config.architecture)) {
        refuse("\"architecture\" must be 1 to 63 letters, digits or any of . _ -");
    }
    config.vocab = count(json, "vocab_size", 2, 1u << 20);
    config.dim = count(json, "hidden_size", 1, 1u << 16);
    config.ffn_dim = count(json, "intermediate_size", 1, 1u << 20);
    config.layers = count(json, "num_hidden_layers", 1, 1024);
    config.heads = count(json, "num_attention_heads", 1, 1024);
    config.kv_heads = count(json, "num_key_value_heads", 1, 1024);
    config.head_dim = count(json, "head_dim", 2, Config::max_head_dim);
    config.max_context = count(json, "max_position_embeddings", 1, max_positions);
    config.rope_theta = positive(json, "rope_theta");
    if (config.rope_theta < 1.0f) refuse("\"rope_theta\" must be at least 1");
    config.yarn = yarn(json);
    if (config.yarn && config.rope_theta == 1.0f)
        refuse("\"rope_theta\" must be above 1 with YaRN");
    config.norm_eps = positive(json, "rms_norm_eps");
    config.sub_norm = flag(json, "sub_norm");
    config.tied = flag(json, "tie_word_embeddings");
    config.qk_norm = flag(json, "qk_norm", false);
    if (json.contains("projection_norm_eps")) {
        config.projection_norm_eps = positive(json, "projection_norm_eps");
    }
    config.bos.reset();
    if (json.contains("bos_token_id")) config.bos = token(json, "bos_token_id", config.vocab);
    config.eos = tokens(json, "eos_token_id", config.vocab);
    config.add_bos = flag(json, "add_bos_token", config.bos.has_value());
    if (config.add_bos && !config.bos) refuse("\"add_bos_token\" needs \"bos_token_id\"");
    config.tokenizer = tokenizer(json);
    if (json.contains("chat_template")) config.chat_template = text(json, "chat_template");
    config.training = json.contains("training") ? json["training"].dump() : std::string();

    if (config.heads % config.kv_heads != 0) {
        refuse("\"num_key_value_heads\" must divide \"num_attention_heads\"");
    }
    if (config.head_dim % 2 != 0) refuse("\"head_dim\" must be even");
    const std::string gate = text(json, "hidden_act");
    if (gate != "relu2" && gate != "silu") refuse("\"hidden_act\" must be \"relu2\" or \"silu\"");
    config.gate = gate == "silu" ? Config::Gate::silu : Config::Gate::relu2;
    return config;
}

std::string config_json(const Config& config) {
    Json json;
    json["architecture"] = config.architecture;
    json["vocab_size"] = config.vocab;
    json["hidden_size"] = config.dim;
    json["intermediate_size"] = config.ffn_dim;
    json["num_hidden_layers"] = config.layers;
    json["num_attention_heads"] = config.heads;
    json["num_key_value_heads"] = config.kv_heads;
    json["head_dim"] = config.head_dim;
    json["max_position_embeddings"] = config.max_context;
    json["rope_theta"] = as_written(config.rope_theta);
    if (config.yarn) {
        json["rope_scaling"] = {
            {"rope_type", "yarn"},
            {"factor", as_written(static_cast<float>(config.yarn->factor))},
            {"original_max_position_embeddings",
             static_cast<std::uint64_t>(config.yarn->original_context)},
            {"attention_factor", as_written(static_cast<float>(config.yarn->attention))},
            {"beta_fast", as_written(static_cast<float>(config.yarn->beta_fast))},
            {"beta_slow", as_written(static_cast<float>(config.yarn->beta_slow))}};
    }
    json["rms_norm_eps"] = as_written(config.norm_eps);
    json["hidden_act"] = config.gate == Config::Gate::silu ? "silu" : "relu2";
    json["sub_norm"] = config.sub_norm;
    json["tie_word_embeddings"] = config.tied;
    if (config.qk_norm) json["qk_norm"] = true;
    if (config.projection_norm_eps) {
        json["projection_norm_eps"] = as_written(*config.projection_norm_eps);
    }
    if (config.bos) json["bos_token_id"] = *config.bos;
    config.eos.size() == 1 ? json["eos_token_id"] = config.eos.front()
                           : json["eos_token_id"] = config.eos;
    if (!config.add_bos) json["add_bos_token"] = false;
    if (config.tokenizer == Config::Tokens::merges) {
        json["tokenizer"] = {{"type", "bpe-bytes"}, {"tensor", "tokenizer.merges"}};
    } else if (config.tokenizer == Config::Tokens::blob) {
        json["tokenizer"] = {{"type", "blob"}, {"tensor", "tokenizer"}};
    }
    if (!config.chat_template.empty()) json["chat_template"] = config.chat_template;
    if (!config.training.empty()) json["training"] = parse(config.training);
    return json.dump();
}

unsigned file_version(const Config& config) {
    const bool first = config.architecture == Config().architecture && config.tied &&
                       !config.qk_norm && !config.yarn && !config.projection_norm_eps &&
                       config.eos.size() == 1 && config.add_bos &&
                       config.tokenizer != Config::Tokens::blob && config.chat_template.empty();
    return first ? 1 : 2;
}

} // namespace bitnet::example
