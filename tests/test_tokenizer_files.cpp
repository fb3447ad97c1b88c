// SPDX-License-Identifier: MIT
// Tokenizers of published models: what others found to be their ids; skipped where the files are
// not there. And the BOS that a model's config gives to its tokenizer.
#include "chat_template.hpp"
#include "fixtures.hpp"
#include "refusal.hpp"
#include "tokenizer.hpp"
#include "tokenizer_files.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <random>
#include <string>
#include <vector>

using namespace bitnet::example;

namespace {

std::string read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

Tokenizer open(const std::string& name) {
#if !BITNET_PCRE2
    SKIP("this build lacks PCRE2");
#endif
    return read_tokenizer((support::fixtures("tokenizers") / name).string());
}

std::string random_text(std::mt19937& random, std::size_t size) {
    static const std::vector<std::string> parts = {" ",
                                                   "  ",
                                                   "\n",
                                                   "\r\n",
                                                   "\t",
                                                   "a",
                                                   "The",
                                                   "ing",
                                                   "'s",
                                                   "'LL",
                                                   "12",
                                                   "3",
                                                   ".",
                                                   "(",
                                                   "\xC3\xA9",
                                                   "e\xCC\x81",
                                                   "\xE6\x88\x91",
                                                   "\xF0\x9F\x98\x80",
                                                   "\xE2\x80\x85",
                                                   "\xC2\xA0",
                                                   "\xFF",
                                                   "\xE2\x82",
                                                   "<|eot_id|>",
                                                   "\xE1\xA0\x8E"};
    std::string text;
    while (text.size() < size) text += parts[random() % parts.size()];
    return text;
}

void loses_nothing(const Tokenizer& tokenizer) {
    std::mt19937 random(1);
    for (int round = 0; round < 300; ++round) {
        const std::string text = random_text(random, random() % 200);
        REQUIRE(tokenizer.decode(tokenizer.encode(text)) == text);
    }
}

// In a second on an idle machine; what took the square of the length would take a day.
void takes_long_pieces(const Tokenizer& tokenizer) {
    for (const std::string& unit : {std::string("a"), std::string(" "), std::string("ab"),
                                    std::string("\n"), std::string("\xE6\x88\x91")}) {
        std::string text;
        while (text.size() < 1'000'000) text += unit;
        const std::vector<int> ids = tokenizer.encode(text);
        CHECK(tokenizer.decode(ids) == text);
    }
}

} // namespace

TEST_CASE("Llama 3: all vectors, both ways") {
    const Tokenizer tokenizer = open("llama3");
    const auto vectors = nlohmann::json::parse(
        read((support::fixtures("tokenizers") / "llama3/vectors.json").string()));
    REQUIRE(vectors.size() == 24);
    for (const auto& vector : vectors) {
        const auto text = vector.at("text").get<std::string>();
        const auto ids = vector.at("ids").get<std::vector<int>>();
        INFO(text);
        CHECK(tokenizer.encode(text) == ids);
        CHECK(tokenizer.decode(ids) == text);
    }
    CHECK(tokenizer.vocab_size() == 128256);
    CHECK(tokenizer.special("<|begin_of_text|>") == 128000);
    CHECK(tokenizer.special("<|eot_id|>") == 128009);
    CHECK_FALSE(tokenizer.special("the"));
    CHECK(tokenizer.encode("a", {.bos = true}) == std::vector<int>{128000, 64});
    CHECK(tokenizer.encode("a<|eot_id|>b", {.special = true}) == std::vector<int>{64, 128009, 65});
    CHECK(tokenizer.decode(128009).empty());
    CHECK(tokenizer.decode(128009, Specials::shown) == "<|eot_id|>");
    loses_nothing(tokenizer);
}

TEST_CASE("Llama 3: the same from its bytes") {
    const Tokenizer tokenizer = open("llama3");
    const std::vector<std::byte> bytes = tokenizer.to_bytes();
    const Tokenizer again = Tokenizer::from_bytes(bytes);
    CHECK(again.to_bytes() == bytes);
    std::mt19937 random(2);
    for (int round = 0; round < 300; ++round) {
        const std::string text = random_text(random, random() % 200);
        REQUIRE(again.encode(text, {.special = true}) == tokenizer.encode(text, {.special = true}));
    }
}

TEST_CASE("Llama 3: the turns of BitNet b1.58 2B4T's conversations") {
    const Tokenizer tokenizer = open("llama3");
    const ChatTurns turns(chat_template_named("bitnet"), tokenizer, {128000, true, {128001}});
    using Ids = std::vector<int>;
    // User : _Hello <|eot_id|> Assistant : _
    CHECK(turns.first(std::nullopt, "Hello") ==
          Ids{128000, 1502, 25, 22691, 128009, 72803, 25, 220});
    CHECK(turns.next("Hello") == Ids{128009, 1502, 25, 22691, 128009, 72803, 25, 220});
    CHECK(turns.end_of_turn() == 128009);
}

TEST_CASE("Llama 3: pieces of a megabyte") {
    takes_long_pieces(open("llama3"));
}

TEST_CASE("GPT-2: the reference vectors") {
    const Tokenizer tokenizer = open("gpt2");
    const std::vector<std::pair<std::string, std::vector<int>>> vectors = {
        {"", {}},
        {" ", {220}},
        {"\t", {197}},
        {"This is some text", {1212, 318, 617, 2420}},
        {"indivisible", {521, 452, 12843}},
        {"hello \xF0\x9F\x91\x8B world \xF0\x9F\x8C\x8D",
         {31373, 50169, 233, 995, 12520, 234, 235}},
        {"toString constructor hasOwnProperty valueOf",
         {1462, 10100, 23772, 468, 23858, 21746, 1988, 5189}},
    };
    for (const auto& [text, ids] : vectors) {
        CHECK(tokenizer.encode(text) == ids);
        CHECK(tokenizer.decode(ids) == text);
    }
    CHECK(tokenizer.special("<|endoftext|>") == 50256);
    CHECK(tokenizer.bos() == 50256);
    loses_nothing(tokenizer);
    takes_long_pieces(tokenizer);
}

TEST_CASE("a model's BOS is a token that its tokenizer has") {
#if !BITNET_PCRE2
    SKIP("this build lacks PCRE2");
#endif
    Checkpoint checkpoint;
    checkpoint.label = "m";
    checkpoint.vocabulary.emplace();
    checkpoint.vocabulary->model = "gpt2";
    checkpoint.vocabulary->pre = "qwen2";
    checkpoint.vocabulary->tokens = {"a", "b", "ab", "<s>"};
    checkpoint.vocabulary->merges = {"a b"};
    checkpoint.vocabulary->types = {1, 1, 1, 3};
    checkpoint.config.bos = 3;
    CHECK(tokenizer_of(checkpoint)->bos() == 3);
    checkpoint.config.bos = 4; // of a model whose rows are padded, say
    CHECK(support::refusal([&] { tokenizer_of(checkpoint); }) ==
          "m: the tokenizer has no token 4, the model's BOS");
}
