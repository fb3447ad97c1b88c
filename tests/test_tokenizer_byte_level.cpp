// SPDX-License-Identifier: MIT
// Byte-level BPE from other files than tokenizer.json: GGUF's vocabularies and GPT-2's two files.
#include "byte_letters.hpp"
#include "gguf_vocabulary.hpp"
#include "refusal.hpp"
#include "tokenizer.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

using namespace bitnet::example;
using nlohmann::json;
using support::mapped;
using support::refusal;
using Ids = std::vector<int>;

#if BITNET_PCRE2

namespace {

// A vocabulary of a GGUF file: the bytes, and what the merges make.
Tokenizer gguf(const char* pre, const std::vector<std::string>& merges) {
    GgufVocabulary v;
    v.model = "gpt2";
    v.pre = pre;
    for (int byte = 0; byte < 256; ++byte) {
        v.tokens.push_back(mapped(static_cast<unsigned char>(byte)));
    }
    for (const std::string& merge : merges) {
        v.tokens.push_back(merge.substr(0, merge.find(' ')) + merge.substr(merge.find(' ') + 1));
    }
    v.merges = merges;
    return Tokenizer::from_gguf(v);
}

} // namespace

TEST_CASE("the two files of GPT-2") {
    json encoder;
    for (int byte = 0; byte < 256; ++byte) encoder[mapped(static_cast<unsigned char>(byte))] = byte;
    for (const char* token : {"he", "ll", "hell", "hello", "12", "<|endoftext|>"}) {
        encoder[token] = encoder.size();
    }
    const std::string merges = "#version: 0.2\nh e\nl l\r\nhe ll\nhell o\n\n1 2";
    const Tokenizer tokenizer = Tokenizer::from_gpt2(encoder.dump(), merges);
    CHECK(tokenizer.vocab_size() == 262);
    CHECK(tokenizer.bos() == 261);
    CHECK(tokenizer.encode("hello 12") == Ids{259, ' ', 260});
    CHECK(tokenizer.encode("12<|endoftext|>", {.special = true}) == Ids{260, 261});
    const auto refused = [&](const json& ids, const std::string& lines) {
        return refusal([&] { Tokenizer::from_gpt2(ids.dump(), lines); });
    };
    CHECK(refused(encoder, "h").find("tokenizer: ") != std::string::npos);
    CHECK(refused(encoder, "h zz") != "");
    CHECK(refused(json::array(), merges) != "");
    CHECK(refused({{"a", 7}}, "") != "");
}

TEST_CASE("Falcon-E cuts text in another way than Llama 3") {
    const std::vector<std::string> merges = {"' t", "2 0", "t V", "! ?"};
    CHECK(gguf("llama-bpe", merges).encode("'t20tV!?") == Ids{256, 257, 258, 259});
    CHECK(gguf("falcon_e", merges).encode("'t20tV!?") == Ids{'\'', 't', '2', '0', 't', 'V', 259});
}

#if BITNET_UTF8PROC
TEST_CASE("NFC in GGUF files, where the tokenizer has it") {
    CHECK(gguf("qwen2", {}).encode("e\xCC\x81") == Ids{0xC3, 0xA9});
    CHECK(gguf("llama-bpe", {}).encode("e\xCC\x81") == Ids{'e', 0xCC, 0x81});
}
#endif

#endif
