// SPDX-License-Identifier: MIT
// The JSON header of a model: what is illegal is refused.
#include "config.hpp"
#include "error.hpp"
#include "json_shape.hpp"
#include "refusal.hpp"
#include "tiny_model.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace bitnet::example;

TEST_CASE("hostile configs") {
    const std::string good = config_json(tiny::make({}).config);
    CHECK_NOTHROW(parse_config(good));
    const auto with = [&](const std::string& key, const std::string& value) {
        const std::string quoted = "\"" + key + "\":";
        const std::size_t at = good.find(quoted);
        REQUIRE(at != std::string::npos);
        const std::size_t begin = at + quoted.size();
        const std::size_t end = good.find_first_of(",}", begin);
        return good.substr(0, begin) + value + good.substr(end);
    };
    for (const char* key : {"vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers",
                            "num_attention_heads", "num_key_value_heads", "head_dim",
                            "max_position_embeddings", "bos_token_id", "eos_token_id"}) {
        for (const char* value : {"-1", "1.5", "\"8\"", "null", "[[]]", "true", "4294967296",
                                  "18446744073709551616", "1e400"}) {
            CAPTURE(key, value);
            CHECK_THROWS_AS(parse_config(with(key, value)), UserError);
        }
        if (std::string(key).find("token") == std::string::npos) {
            CHECK_THROWS_AS(parse_config(with(key, "0")), UserError);
        }
    }
    for (const char* key : {"rope_theta", "rms_norm_eps"}) {
        for (const char* value : {"0", "-1", "1e39", "1e-60", "\"x\"", "null"}) {
            CAPTURE(key, value);
            CHECK_THROWS_AS(parse_config(with(key, value)), UserError);
        }
    }
    CHECK_THROWS_AS(parse_config(with("rope_theta", "0.5")), UserError);
    CHECK_THROWS_AS(parse_config(with("num_key_value_heads", "3")), UserError); // of 4
    CHECK_THROWS_AS(parse_config(with("head_dim", "15")), UserError);
    CHECK_THROWS_AS(parse_config(with("eos_token_id", "264")), UserError); // vocab 264
    std::string without_bos = good;
    without_bos.erase(without_bos.find("\"bos_token_id\""),
                      std::string("\"bos_token_id\":256,").size());
    CHECK_FALSE(parse_config(without_bos).bos);
    CHECK_FALSE(parse_config(without_bos).add_bos);
    without_bos.insert(1, "\"add_bos_token\":true,");
    CHECK(support::refusal([&] { parse_config(without_bos); }).find("needs \"bos_token_id\"") !=
          std::string::npos);
    CHECK_THROWS_AS(parse_config(with("hidden_act", "\"gelu\"")), UserError);
    CHECK_THROWS_AS(parse_config(with("architecture", "\"a b\"")), UserError);
    CHECK_THROWS_AS(parse_config(with("architecture", "\"\"")), UserError);
    CHECK_THROWS_AS(parse_config(with("tie_word_embeddings", "0")), UserError);
    CHECK_THROWS_AS(parse_config(with("sub_norm", "1")), UserError);
    for (const std::string& text :
         {std::string(), std::string("[]"), std::string("7"), std::string("{"),
          good.substr(0, good.size() - 1), good + "x", std::string("{\"architecture\":\"\xFF\"}"),
          std::string(100000, '['), std::string(1000, ' '), std::string(3, '\0')}) {
        CHECK_THROWS_AS(parse_config(text), UserError);
    }
    for (const char* more : {"\"qk_norm\":1", "\"projection_norm_eps\":0", "\"add_bos_token\":0",
                             "\"chat_template\":7", "\"rope_scaling\":{\"rope_type\":\"linear\"}",
                             "\"rope_scaling\":{\"rope_type\":\"yarn\",\"factor\":4}",
                             "\"projection_norm_eps\":null"}) {
        CAPTURE(more);
        CHECK_THROWS_AS(parse_config(good.substr(0, good.size() - 1) + "," + more + "}"),
                        UserError);
    }
    const auto with_eos = [&](const std::string& list) {
        const std::size_t at = good.find("\"eos_token_id\":257");
        return good.substr(0, at) + "\"eos_token_id\":" + list + good.substr(at + 18);
    };
    CHECK_NOTHROW(parse_config(with_eos("[0,263]")));
    CHECK_NOTHROW(parse_config(with_eos("[]")));
    for (const char* list :
         {"[264]", "[[1]]", "[1,\"2\"]", "[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]"}) {
        CAPTURE(list);
        CHECK_THROWS_AS(parse_config(with_eos(list)), UserError);
    }
    Config noted = parse_config(good);
    noted.training = R"({"seed":1,"steps":[1,2,3]})";
    CHECK(parse_config(config_json(noted)).training == noted.training);
    std::string deep;
    for (int i = 0; i < 50000; ++i) {
        deep += "{\"a\":";
    }
    CHECK_THROWS_AS(parse_config(good.substr(0, good.size() - 1) + ",\"training\":" + deep),
                    UserError);
}

TEST_CASE("JSON of many small parts takes no time") {
    const std::string good = config_json(tiny::make({}).config);
    const auto with_notes = [&](const std::string& notes) {
        return good.substr(0, good.size() - 1) + ",\"training\":" + notes + "}";
    };
    std::string parts = "[{}"; // minutes, while each was compared with all before it
    for (int i = 0; i < 1'000'000; ++i) parts += ",{}";
    CHECK(parse_config(with_notes(parts + "]")).training == parts + "]");
    const std::size_t own = json_shape(good).members + 1; // "training" among them
    std::string keys;
    for (std::size_t i = own; i < 4096; ++i) {
        keys += (i == own ? "{\"" : ",\"") + std::to_string(i) + "\":0";
    }
    CHECK_NOTHROW(parse_config(with_notes(keys + "}")));
    CHECK(support::refusal([&] { parse_config(with_notes(keys + ",\"more\":0}")); }) ==
          "config: the JSON has 4097 keys; the cap is 4096");
    for (const std::size_t depth : {16u, 17u}) { // within one object
        const std::string deep = std::string(depth, '[') + "0" + std::string(depth, ']');
        CHECK(support::refusal([&] { parse_config(with_notes(deep)); }) ==
              (depth == 16 ? "" : "config: the JSON is nested too deeply"));
    }
    // Brackets and colons within strings count for nothing.
    CHECK_NOTHROW(parse_config(
        with_notes("\"\\\"" + std::string(6000, ':') + std::string(30, '[') + "\\\\\"")));
}

TEST_CASE("the config's JSON is no longer than a reader takes") {
    tiny::Model model = tiny::make({});
    model.config.chat_template = std::string(400'000, '\x01'); // six characters each
    CHECK(support::refusal([&] { model.file(); }).find("the cap is 1048576") != std::string::npos);
}

TEST_CASE("the file's version is the lowest that can say the config") {
    const Config first = parse_config(config_json(tiny::make({}).config));
    CHECK(file_version(first) == 1);
    const auto second = [&](auto&& change) {
        Config config = first;
        change(config);
        CHECK(file_version(config) == 2);
        const std::string json = config_json(config);
        CHECK(json != config_json(first));
        CHECK(config_json(parse_config(json)) == json);
        CHECK(file_version(parse_config(json)) == 2);
    };
    second([](Config& c) { c.architecture = "qwen3"; });
    second([](Config& c) { c.tied = false; });
    second([](Config& c) { c.qk_norm = true; });
    second([](Config& c) { c.yarn = bitnet::YarnScaling{4, 8192, 1.25}; });
    second([](Config& c) { c.projection_norm_eps = 1e-6f; });
    second([](Config& c) { c.eos = {257, 3}; });
    second([](Config& c) { c.add_bos = false; });
    second([](Config& c) {
        c.bos.reset();
        c.add_bos = false;
    });
    second([](Config& c) { c.tokenizer = Config::Tokens::blob; });
    second([](Config& c) { c.chat_template = "{{ messages }}"; });
}
