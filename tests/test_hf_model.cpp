// SPDX-License-Identifier: MIT
// Models in directories of Hugging Face's: what config.json and tensors become, both conventions of
// weight_scale, and what is refused by its name because another model would run without it.
#include "refusal.hpp"
#include "safetensors_bytes.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>
#include <string>
#include <vector>

using namespace bitnet::example;
using namespace safetensors_bytes;

namespace {

const std::string layer = "model.layers.0.";

void check_refused(const Model& model, const std::string& why) {
    const std::string message = support::refusal([&] { read(model); });
    CAPTURE(message, why);
    CHECK(message.starts_with("m"));
    CHECK(message.find(why) != std::string::npos);
    CHECK(message.find('\n') == std::string::npos);
}
Model with(Model model, const std::string& key, const std::string& value) {
    model.set(key, value);
    return model;
}
Config config_of(const Model& model) {
    return read(model).checkpoint.config;
}
std::string quantization(const std::string& more) {
    return "{\"quant_method\":\"bitnet\"" + (more.empty() ? "" : "," + more) + "}";
}

} // namespace

TEST_CASE("a packed model") {
    const Read r =
        read(model({.model_type = "bitnet", .packed = true, .tied = true, .sub_norm = true}));
    const Config& config = r.checkpoint.config;
    CHECK(config.architecture == "bitnet");
    CHECK(config.vocab == 6);
    CHECK(config.dim == 8);
    CHECK(config.ffn_dim == 12);
    CHECK(config.layers == 1);
    CHECK(config.heads == 2);
    CHECK(config.kv_heads == 1);
    CHECK(config.head_dim == 4);
    CHECK(config.max_context == 64);
    CHECK(config.rope_theta == 5e5f);
    CHECK(config.norm_eps == 1e-5f);
    CHECK(config.gate == Config::Gate::relu2);
    CHECK(config.sub_norm);
    CHECK(config.tied);
    CHECK_FALSE(config.qk_norm);
    CHECK_FALSE(config.projection_norm_eps);
    CHECK(config.bos == 1);
    CHECK(config.eos == std::vector{2});
    CHECK(config.add_bos);
    const SourceTensor* gate = r.checkpoint.find(layer + "mlp.gate_proj.weight");
    REQUIRE(gate != nullptr);
    CHECK(gate->type == SourceType::hf_ternary);
    CHECK(gate->rows == 12);
    CHECK(gate->cols == 8);
    CHECK(gate->bytes.size() == 24);
    CHECK(gate->factor == 0.25f);
    CHECK_FALSE(gate->master);
    CHECK(r.checkpoint.find("model.embed_tokens.weight")->type == SourceType::bf16);
    CHECK(r.checkpoint.tensors.size() == 13);
}

TEST_CASE("both conventions of weight_scale") {
    const auto factor = [](const Model& m) {
        const Read r = read(m);
        return r.checkpoint.find(layer + "mlp.up_proj.weight")->factor;
    };
    const Model packed = model({.packed = true});
    CHECK(factor(packed) == 0.25f);
    const auto stated = [&](const std::string& more) {
        return factor(with(packed, "quantization_config", quantization(more)));
    };
    CHECK(stated("\"linear_class\":\"autobitlinear\"") == 0.25f);
    CHECK(stated("\"linear_class\":\"bitlinear\"") == 4.0f);
    CHECK(stated("") == 4.0f); // as old files have it
    CHECK(stated("\"quantization_mode\":\"offline\"") == 4.0f);
    // A scale of each type: 0.25, as F16 and F32 too.
    Model typed = packed;
    Tensor& scale = typed.tensor(layer + "mlp.up_proj.weight_scale");
    scale = f32(scale.name, {0.125f});
    CHECK(factor(typed) == 0.125f);
    scale = {scale.name, "F16", {}, {std::byte{0x00}, std::byte{0x30}}};
    CHECK(factor(typed) == 0.125f);

    const std::string name = layer + "mlp.up_proj.weight_scale";
    for (const float bad : {0.0f, -1.0f, std::numeric_limits<float>::quiet_NaN(),
                            std::numeric_limits<float>::infinity()}) {
        scale = f32(name, {bad});
        check_refused(typed, "m/model.safetensors: tensor " + name + ": ");
    }
    scale = {name, "F16", {1}, {std::byte{0x00}, std::byte{0x7C}}};
    check_refused(typed, "tensor " + name + ": it is no finite number above 0");
    scale = f32(name, {1.0f, 1.0f});
    check_refused(typed, "tensor " + name + ": it must be one F32, F16 or BF16");
    scale = {name, "U8", {1}, Bytes(1)};
    check_refused(typed, "tensor " + name + ": it must be one F32, F16 or BF16");
    typed.remove(name);
    check_refused(typed, "tensor " + name + ": it is missing");
}

TEST_CASE("master weights, and weights that are only floats") {
    const auto is_master = [](const Model& m, const std::string& name) {
        const Read r = read(m);
        return r.checkpoint.find(name)->master;
    };
    const std::string up = layer + "mlp.up_proj.weight";
    const Model llama = model({});
    CHECK_FALSE(is_master(llama, up));
    CHECK(is_master(model({.model_type = "bitnet"}), up));
    CHECK(is_master(with(llama, "weight_bits", "1"), up));
    const Model online =
        with(llama, "quantization_config", quantization("\"quantization_mode\":\"online\""));
    CHECK(is_master(online, up));
    CHECK_FALSE(is_master(online, "lm_head.weight"));
    CHECK_FALSE(is_master(online, "model.embed_tokens.weight"));
    CHECK_FALSE(is_master(online, layer + "input_layernorm.weight"));
    check_refused(with(llama, "quantization_config", quantization("")),
                  "tensor " + layer + "self_attn.q_proj.weight_scale: it is missing");
    check_refused(with(model({.packed = true}), "quantization_config", ""),
                  "self_attn.q_proj.weight: U8 is not supported here");
    Model unpacked = model({.packed = true});
    unpacked.tensor(up) = bf16(up, 12, 8);
    check_refused(unpacked, "tensor " + up + ": it is BF16, but the config says packed weights");
    for (const char* dtype : {"I8", "F8_E4M3"}) {
        Model other = llama;
        other.tensor(up) = {up, dtype, {12, 8}, Bytes(96)};
        check_refused(other, "tensor " + up + ": " + dtype + " is not supported here");
    }
}

TEST_CASE("modules that are not converted") {
    const auto type_of = [](const std::string& modules) {
        Model m = model({.packed = true});
        m.set("quantization_config", quantization("\"modules_to_not_convert\":" + modules));
        m.tensor(layer + "mlp.up_proj.weight") = bf16(layer + "mlp.up_proj.weight", 12, 8);
        m.remove(layer + "mlp.up_proj.weight_scale");
        return read(m).checkpoint.find(layer + "mlp.up_proj.weight")->type;
    };
    for (const char* modules :
         {"[\"up_proj\"]", "[\"lm_head\",\"model.layers.0.mlp.up_proj\"]", "[\"mlp.up_proj\"]"}) {
        CHECK(type_of(modules) == SourceType::bf16);
    }
    for (const char* modules : {"[]", "[\"lm_head\"]", "[\"p_proj\"]", "[\"up\"]", "null"}) {
        CHECK(support::refusal([&] {
                  type_of(modules);
              }).find("up_proj.weight_scale: it is miss") != std::string::npos);
    }
}

TEST_CASE("norms of projections have an eps of their own") {
    Model m = model({.packed = true});
    for (const char* name : {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj",
                             "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"}) {
        const bool wide = std::string(name) == "mlp.down_proj";
        m.tensors.push_back(
            f32(layer + name + ".rms_norm.weight", std::vector<float>(wide ? 12 : 8, 1.0f)));
    }
    CHECK(config_of(m).projection_norm_eps == 1e-5f); // the model's, where nothing else is said
    const auto stated = [&](const std::string& more) {
        return with(m, "quantization_config", quantization("\"use_rms_norm\":true" + more));
    };
    CHECK(config_of(stated("")).projection_norm_eps == 1e-6f);
    CHECK(config_of(stated(",\"rms_norm_eps\":0.001")).projection_norm_eps == 0.001f);
    const Read r = read(m);
    CHECK(r.checkpoint.find(layer + "mlp.down_proj.norm.weight")->source ==
          layer + "mlp.down_proj.rms_norm.weight");
    for (Tensor& t : m.tensors) {
        if (const std::size_t at = t.name.find("rms_norm.weight"); at != std::string::npos) {
            t.name.replace(at, 8, "norm");
        }
    }
    CHECK(config_of(m).projection_norm_eps == 1e-5f);
    m.remove(layer + "mlp.up_proj.norm.weight");
    check_refused(m, "m: tensor " + layer + "mlp.up_proj.norm.weight is missing");
    check_refused(
        with(model({.packed = true}), "quantization_config", quantization("\"use_rms_norm\":true")),
        "m: tensor " + layer + "self_attn.q_proj.norm.weight is missing");
}

TEST_CASE("models of 1bitLLM") {
    Model m = model({.sub_norm = true});
    m.set("weight_bits", "1");
    m.set("input_bits", "8");
    m.tensor(layer + "self_attn.attn_sub_norm.weight").name =
        layer + "self_attn.inner_attn_ln.weight";
    m.tensor(layer + "mlp.ffn_sub_norm.weight").name = layer + "mlp.ffn_layernorm.weight";
    const Read r = read(m);
    CHECK(r.checkpoint.config.sub_norm);
    CHECK(r.checkpoint.config.gate == Config::Gate::silu);
    CHECK(r.checkpoint.find(layer + "mlp.ffn_sub_norm.weight") != nullptr);
    CHECK(r.checkpoint.find(layer + "self_attn.q_proj.weight")->master);
}

TEST_CASE("tied and untied heads") {
    CHECK_FALSE(config_of(model({})).tied);
    const Model tied = model({.tied = true});
    CHECK(config_of(tied).tied);
    CHECK(config_of(with(tied, "tie_word_embeddings", "")).tied);
    CHECK_FALSE(config_of(with(model({}), "tie_word_embeddings", "")).tied);
    check_refused(with(tied, "tie_word_embeddings", "false"),
                  "m: tensor lm_head.weight is missing");
    Model copied = with(model({}), "tie_word_embeddings", "true"); // some programs write both
    CHECK(config_of(copied).tied);
    copied.tensor("lm_head.weight").bytes[5] ^= std::byte{1};
    check_refused(copied, "tensor lm_head.weight: it is no copy of the embedding");
}

TEST_CASE("what ends a text, and how a chat is written") {
    Model m = model({});
    m.set("eos_token_id", "[2,5]");
    CHECK(config_of(m).eos == std::vector{2, 5});
    m.generation_config = R"({"eos_token_id":[4,2],"do_sample":true})";
    CHECK(config_of(m).eos == std::vector{4, 2, 5});
    m.set("eos_token_id", "null");
    CHECK(config_of(m).eos == std::vector{4, 2});
    m.tokenizer_config = R"({"add_bos_token":false,"chat_template":"{{ a }}"})";
    CHECK_FALSE(config_of(m).add_bos);
    CHECK(config_of(m).chat_template == "{{ a }}");
    m.tokenizer_config = R"({"chat_template":[{"name":"tools","template":"t"},)"
                         R"({"name":"default","template":"d"}]})";
    CHECK(config_of(m).chat_template == "d");
    CHECK(config_of(m).add_bos);
    m.chat_template = "file";
    CHECK(config_of(m).chat_template == "file");
    m.chat_template = "\xC3";
    check_refused(m, "the chat template is no UTF-8");
    m.chat_template.clear();
    m.set("bos_token_id", "null");
    CHECK_FALSE(config_of(m).bos);
    CHECK_FALSE(config_of(m).add_bos);
    check_refused(with(m, "bos_token_id", "6"), "\"bos_token_id\"");
    check_refused(with(m, "eos_token_id", "[1,99]"), "\"eos_token_id\"");
    check_refused(with(m, "eos_token_id", "\"</s>\""), "m/config.json: \"eos_token_id\" must be");
    m.tokenizer_config = "{\"a\":1,}";
    check_refused(m, "m/tokenizer_config.json: no valid JSON at byte 8");
    m.tokenizer_config = "[]";
    check_refused(m, "m/tokenizer_config.json: the JSON is no object");
}

TEST_CASE("YaRN in directories") {
    const char* const scaling =
        R"({"type":"yarn","factor":4.0,"original_max_position_embeddings":32,"beta_slow":2})";
    for (const char* key : {"rope_scaling", "rope_parameters"}) {
        const Config config = config_of(with(model({}), key, scaling));
        REQUIRE(config.yarn);
        CHECK(config.yarn->factor == 4);
        CHECK(config.yarn->original_context == 32);
        CHECK(config.yarn->attention == 1.13862944f); // 0.1 ln 4 + 1
        CHECK(config.yarn->beta_fast == 32);
        CHECK(config.yarn->beta_slow == 2);
    }
}

TEST_CASE("what another model would run without is refused by its name, in directories too") {
    const Model llama = model({});
    const auto refused = [&](const char* key, const std::string& value, const std::string& why) {
        check_refused(with(llama, key, value), why);
    };
    refused("rope_scaling", R"({"rope_type":"dynamic","factor":4.0})",
            "m/config.json: \"rope_scaling.rope_type\" \"dynamic\": such scaled RoPE is not");
    refused("rope_parameters", R"({"full_attention":{"rope_type":"yarn","factor":4.0}})",
            "\"rope_parameters.full_attention\" is RoPE for one kind of layers");
    refused("rope_scaling", R"({"rope_type":"yarn"})", "\"rope_scaling.factor\" is missing");
    refused("rope_scaling", R"({"rope_type":"yarn","factor":4.0,"truncate":false})",
            "\"rope_scaling.truncate\"");
    refused("rope_scaling", R"({"rope_type":"yarn","factor":4.0,"mscale":1.0})",
            "\"rope_scaling.mscale\"");
    refused("rope_scaling", R"({"type":"linear","factor":2.0})",
            "\"rope_scaling.type\" \"linear\"");
    refused("rope_parameters", R"({"rope_type":"llama3","factor":8.0})",
            "\"rope_parameters.rope_type\" \"llama3\"");
    refused("attention_bias", "true", "\"attention_bias\" is not supported");
    refused("mlp_bias", "true", "\"mlp_bias\" is not supported");
    refused("use_sliding_window", "true", "\"use_sliding_window\" is not supported");
    refused("layer_types", R"(["full_attention","sliding_attention"])", "\"sliding_attention\"");
    refused("partial_rotary_factor", "0.5", "\"partial_rotary_factor\" is not supported");
    refused("hidden_act", "\"gelu\"", "\"hidden_act\" \"gelu\" is not supported");
    refused("quantization_config", R"({"quant_method":"gptq","bits":2})",
            "\"quantization_config.quant_method\" \"gptq\" is not supported");
    refused("quantization_config", quantization("\"linear_class\":\"other\""),
            "\"quantization_config.linear_class\" \"other\"");
    refused("quantization_config", quantization("\"quantization_mode\":\"other\""),
            "\"quantization_config.quantization_mode\" \"other\"");
    refused("weight_bits", "2", "\"weight_bits\" must be 1");
    refused("input_bits", "4", "\"input_bits\" must be 8");
    for (const char* value : {"null", "{\"rope_type\":\"default\"}"}) {
        CHECK_NOTHROW(read(with(llama, "rope_scaling", value)));
    }
    Model newer = with(llama, "rope_theta", "");
    CHECK(config_of(newer).rope_theta == 10000.0f);
    newer.set("rope_parameters", R"({"rope_type":"default","rope_theta":250.0})");
    CHECK(config_of(newer).rope_theta == 250.0f);
    for (const char* type : {"gemma3_text", "qwen2", "falcon"}) {
        Model other = llama;
        other.config.replace(other.config.find("llama"), 5, type);
        check_refused(other, "m/config.json: \"model_type\" \"" + std::string(type) + "\" is not");
    }
    const auto extra = [&](const Tensor& t) {
        Model m = llama;
        m.tensors.push_back(t);
        return m;
    };
    check_refused(extra(f32(layer + "self_attn.q_proj.bias", {1.0f})),
                  "q_proj.bias: biases are not supported");
    check_refused(extra(f32("model.layers.1.input_layernorm.weight", {1.0f})),
                  "tensor model.layers.1.input_layernorm.weight: no part of this model");
    check_refused(extra(f32(layer + "mlp.up_proj.weight_scale", {1.0f})), "no part of this model");
    CHECK_NOTHROW(read(extra(f32(layer + "self_attn.rotary_emb.inv_freq", {1.0f, 0.5f}))));
    CHECK(config_of(model({.model_type = "qwen3", .qk_norm = true})).qk_norm);
    check_refused(model({.model_type = "qwen3"}), "self_attn.q_norm.weight is missing");
    check_refused(with(model({.model_type = "qwen3", .qk_norm = true}), "head_dim", ""),
                  "\"head_dim\" is missing");
    for (const Tensor& t : llama.tensors) {
        Model m = llama;
        m.remove(t.name);
        m.set("tie_word_embeddings", "false");
        check_refused(m, "m: tensor " + t.name + " is missing");
        m.tensors.push_back(t);
        m.tensors.back().shape.back() -= 1;
        m.tensors.back().bytes.resize(m.tensors.back().bytes.size() / t.shape.back() *
                                      (t.shape.back() - 1));
        check_refused(m, "m/model.safetensors: tensor " + t.name + ": ");
    }
}

TEST_CASE("hostile config.json") {
    const Model llama = model({});
    for (const char* key :
         {"vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers",
          "num_attention_heads", "num_key_value_heads", "head_dim", "max_position_embeddings"}) {
        for (const char* value : {"0", "-1", "1.5", "\"8\"", "[]", "true", "2147483647",
                                  "4294967296", "18446744073709551616", "1e400"}) {
            CAPTURE(key, value);
            check_refused(with(llama, key, value), "");
        }
    }
    for (const char* key : {"rope_theta", "rms_norm_eps"}) {
        for (const char* value : {"0", "-1", "\"x\"", "1e39"}) {
            check_refused(with(llama, key, value), key);
        }
    }
    for (const std::string& text :
         {std::string("[]"), std::string("7"), std::string("{"), llama.config + "x",
          std::string("{\"model_type\":\"\xFF\"}"), std::string(100000, '[')}) {
        Model m = llama;
        m.config = text;
        check_refused(m, "m/config.json: ");
    }
    for (const std::size_t depth : {17u, 50000u}) {
        check_refused(with(llama, "more", std::string(depth, '[') + std::string(depth, ']')),
                      "m/config.json: the JSON is nested too deeply");
    }
    CHECK_NOTHROW(read(with(llama, "more", std::string(16, '[') + std::string(16, ']'))));
    std::string parts = "[{}"; // as in test_config
    for (int i = 0; i < 1'000'000; ++i) parts += ",{}";
    CHECK_NOTHROW(read(with(llama, "more", parts + "]")));
}
