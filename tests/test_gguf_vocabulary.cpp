// SPDX-License-Identifier: MIT
// The vocabulary of a GGUF file, and which of its tokens begin and end texts.
#include "gguf_read.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstdint>
#include <string>
#include <vector>

using namespace bitnet::example;
using namespace gguf_bytes;

namespace {

const File qwen3 = model({});

} // namespace

TEST_CASE("the vocabulary of a GGUF file") {
    const Read r = read(qwen3);
    REQUIRE(r.checkpoint.vocabulary);
    const GgufVocabulary& vocabulary = *r.checkpoint.vocabulary;
    CHECK(vocabulary.model == "gpt2");
    CHECK(vocabulary.pre == "qwen2");
    CHECK(vocabulary.tokens == std::vector<std::string>{"a", "b", "ab", "<s>", "<|im_end|>"});
    CHECK(vocabulary.merges == std::vector<std::string>{"a b"});
    CHECK(vocabulary.types == std::vector<std::int32_t>{1, 1, 1, 3, 3});
    CHECK(vocabulary.scores.empty());
    CHECK(vocabulary.add_space_prefix);
    CHECK_FALSE(vocabulary.unknown);
    const Read none = read(model({.vocabulary = false}));
    CHECK_FALSE(none.checkpoint.vocabulary);
    CHECK(none.checkpoint.config.eos.empty());
    CHECK_FALSE(none.checkpoint.config.add_bos);

    const auto keyed = [](const char* key, auto v) {
        return with(qwen3, value(std::string("tokenizer.") + key, v));
    };
    CHECK(config_of(keyed("ggml.eot_token_id", 2u)).eos == std::vector{4, 2});
    CHECK(config_of(keyed("ggml.eos_token_id", 2u)).eos == std::vector{2, 4}); // <|im_end|> is one
    CHECK(config_of(keyed("ggml.add_bos_token", true)).add_bos);
    CHECK(config_of(keyed("ggml.pre", "llama-bpe")).add_bos);
    const Config without_bos =
        config_of(without(keyed("ggml.add_bos_token", true), "tokenizer.ggml.bos_token_id"));
    CHECK_FALSE(without_bos.bos);
    CHECK_FALSE(without_bos.add_bos);
    CHECK(config_of(keyed("chat_template", "{{ x }}")).chat_template == "{{ x }}");
    check_refused(keyed("chat_template", "\xFF"), "the chat template is no UTF-8");
    check_refused(keyed("chat_template", std::string(300000, 'x').c_str()),
                  "key tokenizer.chat_template: 300000 bytes");
    check_refused(keyed("ggml.bos_token_id", 5u), "key tokenizer.ggml.bos_token_id: 5 is no token");
    check_refused(keyed("ggml.eos_token_id", 0xFFFFFFFFu), "key tokenizer.ggml.eos_token_id: ");
    check_refused(keyed("ggml.tokens", "a"), "key tokenizer.ggml.tokens: ");
    check_refused(without(qwen3, "tokenizer.ggml.model"),
                  "key tokenizer.ggml.model: it is missing");
    check_refused(
        with(qwen3, list("tokenizer.ggml.token_type", i32_type, std::vector<std::int32_t>{1, 1})),
        "key tokenizer.ggml.token_type: 2 elements for 5 tokens");
    check_refused(with(qwen3, list("tokenizer.ggml.scores", f32_type, std::vector<float>(6))),
                  "key tokenizer.ggml.scores: 6 elements for 5 tokens");
    File many = without(qwen3, "tokenizer.ggml.token_type");
    many.set(list("tokenizer.ggml.tokens", string_type, std::vector<std::string>(6, "x")));
    check_refused(many, "key tokenizer.ggml.tokens: 6 tokens, of which the model has 5");
}
