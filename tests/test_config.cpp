// SPDX-License-Identifier: MIT
// The JSON header of a model: what is illegal is refused.
#include "config.hpp"
#include "error.hpp"
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
        for (const char* value : {"-1", "1.5", "\"8\"", "null", "[]", "true", "4294967296",
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
    CHECK_THROWS_AS(parse_config(with("hidden_act", "\"gelu\"")), UserError);
    CHECK_THROWS_AS(parse_config(with("architecture", "\"llama\"")), UserError);
    CHECK_THROWS_AS(parse_config(with("tie_word_embeddings", "false")), UserError);
    CHECK_THROWS_AS(parse_config(with("sub_norm", "1")), UserError);
    for (const std::string& text :
         {std::string(), std::string("[]"), std::string("7"), std::string("{"),
          good.substr(0, good.size() - 1), good + "x", std::string("{\"architecture\":\"\xFF\"}"),
          std::string(100000, '['), std::string(1000, ' '), std::string(3, '\0')}) {
        CHECK_THROWS_AS(parse_config(text), UserError);
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
