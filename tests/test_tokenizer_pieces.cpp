// SPDX-License-Identifier: MIT
// SentencePiece: model files and vocabularies of GGUF files, small ones, written here. What they
// come to follows from the scores by hand.
#include "gguf_vocabulary.hpp"
#include "refusal.hpp"
#include "tokenizer.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

using namespace bitnet::example;
using Catch::Matchers::ContainsSubstring;
using support::refusal;
using Ids = std::vector<int>;

namespace {

enum Type { normal = 1, unknown, control, user_defined, unused, byte };

struct Piece {
    std::string text;
    float score = 0;
    int type = normal;
};

// "_" is written for U+2581. 0 <unk>, 1 <s>, 2 </s>, 3 .. 258 the bytes, then these.
std::vector<Piece> pieces() {
    std::vector<Piece> all = {{"<unk>", 0, unknown}, {"<s>", 0, control}, {"</s>", 0, control}};
    constexpr const char* digits = "0123456789ABCDEF";
    for (int b = 0; b < 256; ++b) {
        all.push_back({std::string("<0x") + digits[b / 16] + digits[b % 16] + ">", 0, byte});
    }
    const std::vector<Piece> made = {
        {"_", -10},          {"a", -11},
        {"b", -12}, // 259 260 261
        {"ab", -2},          {"_a", -1},
        {"bb", -3}, // 262 263 264
        {"_ab", -4},         {"c", -13},
        {"abc", -5, unused}, // 265 266 267
        {"aba", -6},         {"XY", 0, user_defined},
        {"\xC3\xA9", -9} // 268 269 270
    };
    for (Piece piece : made) {
        for (std::size_t at; (at = piece.text.find('_')) != std::string::npos;) {
            piece.text.replace(at, 1, "\xE2\x96\x81");
        }
        all.push_back(piece);
    }
    return all;
}

std::string varint(std::uint64_t value) {
    std::string bytes;
    for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
    return bytes + static_cast<char>(value);
}
std::string number(int field, std::uint64_t value) {
    return varint(static_cast<std::uint64_t>(field) << 3) + varint(value);
}
std::string text(int field, std::string_view value) {
    return varint(static_cast<std::uint64_t>(field) << 3 | 2) + varint(value.size()) +
           std::string(value);
}
std::string real(int field, float value) {
    std::uint32_t bits;
    std::memcpy(&bits, &value, 4);
    std::string bytes = varint(static_cast<std::uint64_t>(field) << 3 | 5);
    for (int i = 0; i < 4; ++i) bytes += static_cast<char>(bits >> (8 * i));
    return bytes;
}

const std::string bpe = number(3, 2) + number(35, 1);                           // trainer_spec
const std::string as_it_is = text(1, "identity") + number(3, 1) + number(4, 0); // normalizer_spec

std::string model(const std::vector<Piece>& all = pieces(), const std::string& trainer = bpe,
                  const std::string& normalizer = as_it_is) {
    std::string message;
    for (const Piece& piece : all) {
        std::string m = text(1, piece.text) + real(2, piece.score);
        if (piece.type != normal) m += number(3, static_cast<std::uint64_t>(piece.type));
        message += text(1, m);
    }
    return message + text(2, trainer) + text(3, normalizer);
}

Tokenizer make(const std::string& message) {
    return Tokenizer::from_sentencepiece(std::as_bytes(std::span(message)));
}

GgufVocabulary gguf() {
    GgufVocabulary g;
    g.model = "llama";
    for (const Piece& piece : pieces()) {
        g.tokens.push_back(piece.text);
        g.scores.push_back(piece.score);
        g.types.push_back(piece.type);
    }
    return g;
}

void check_common(const Tokenizer& tokenizer) {
    CHECK(tokenizer.encode("").empty());
    CHECK(tokenizer.encode("a") == Ids{263});
    CHECK(tokenizer.encode(" a") == Ids{259, 263});
    // "_a" (-1) comes before "ab" (-2); then "_ab" (-4), if "bb" (-3) was not first.
    CHECK(tokenizer.encode("ab") == Ids{265});
    CHECK(tokenizer.encode("abb") == Ids{263, 264});
    // Of equal scores the leftmost.
    CHECK(tokenizer.encode("bbb") == Ids{259, 264, 261});
    // "abc" is found, and as it is unused gives what it was made of.
    CHECK(tokenizer.encode("babc") == Ids{259, 261, 262, 266});
    CHECK(tokenizer.encode("\xC3\xA9\xE2\x82\xAC\xFF") ==
          Ids{259, 270, 3 + 0xE2, 3 + 0x82, 3 + 0xAC, 3 + 0xFF});
    CHECK(tokenizer.encode("a<s>a", {.special = true}) == Ids{263, 1, 263});
    CHECK(tokenizer.special("</s>") == 2);
    CHECK(tokenizer.decode(265) == " ab");
    CHECK(tokenizer.decode(Ids{1, 265, 263, 2}) == "ab a");
    CHECK(tokenizer.decode(Ids{1, 265, 2}, Specials::shown) == "<s> ab</s>");
    CHECK(tokenizer.decode(3 + 0x0A) == "\n");
    for (const std::string sample : {"ab a", "  a  b", "\xE2\x82\xAC\xFF\n"}) {
        CHECK(tokenizer.decode(tokenizer.encode(sample)) == sample);
    }
}

} // namespace

TEST_CASE("a SentencePiece model: pieces merge by their scores") {
    const Tokenizer tokenizer = make(model());
    check_common(tokenizer);
    // A user-defined piece is a part of its word.
    CHECK(tokenizer.encode("XYab") == Ids{259, 269, 262});
    CHECK(tokenizer.decode(Ids{259, 269, 262}) == "XYab");
    CHECK(tokenizer.bos() == 1);
    CHECK(tokenizer.encode("a", {.bos = true}) == Ids{1, 263});
    check_common(Tokenizer::from_bytes(tokenizer.to_bytes()));
}

TEST_CASE("a SentencePiece model in a GGUF file") {
    GgufVocabulary vocabulary = gguf();
    const Tokenizer tokenizer = Tokenizer::from_gguf(vocabulary);
    check_common(tokenizer);
    CHECK(tokenizer.encode("XYab") == Ids{269, 265}); // there it is a token between two texts
    CHECK_FALSE(tokenizer.bos());
    vocabulary.add_space_prefix = false;
    const Tokenizer without = Tokenizer::from_gguf(vocabulary);
    CHECK(without.encode("ab") == Ids{262});
    CHECK(without.decode(Ids{265}) == " ab");
}

TEST_CASE("a SentencePiece model without bytes has an unknown token") {
    const Tokenizer tokenizer = make(model(pieces(), number(3, 2)));
    CHECK(tokenizer.encode("a\xE2\x82\xAC\xE2\x82\xAC"
                           "b") == Ids{263, 0, 261});
    CHECK(tokenizer.decode(0).empty());
}

TEST_CASE("a word of a megabyte takes no steps in its square") {
    const Tokenizer tokenizer = make(model());
    const std::string word(1'000'000, 'b');
    const Ids ids = tokenizer.encode(word);
    CHECK(ids.size() == 500'001);
    CHECK(tokenizer.decode(ids) == word);
}

TEST_CASE("SentencePiece models that are not supported or not sound are refused by name") {
    const auto refused = [](const std::string& message) { return refusal([&] { make(message); }); };
    const auto with_piece = [&](const Piece& piece) {
        std::vector<Piece> all = pieces();
        all.push_back(piece);
        return refused(model(all));
    };
    CHECK_THAT(refused(model(pieces(), number(3, 1))), ContainsSubstring("Unigram"));
    CHECK_THAT(refused(model(pieces(), number(3, 9))), ContainsSubstring("unknown"));
    CHECK_THAT(refused(model(pieces(), bpe + number(24, 1))), ContainsSubstring("suffix"));
    CHECK_THAT(refused(model(pieces(), bpe, text(1, "nmt_nfkc") + text(2, "x") + number(4, 0))),
               ContainsSubstring("nmt_nfkc"));
    CHECK_THAT(refused(model(pieces(), bpe, text(1, "identity"))),
               ContainsSubstring("remove_extra_whitespaces"));
    CHECK_THAT(refused(model(pieces(), bpe, as_it_is + number(5, 0))),
               ContainsSubstring("escape_whitespaces"));
    CHECK_THAT(refused(model(pieces(), bpe) + text(5, text(2, "x"))), ContainsSubstring("decoded"));
    CHECK_THAT(with_piece({"<0x-1>", 0, byte}), ContainsSubstring("is none"));
    CHECK_THAT(with_piece({"<0x4G>", 0, byte}), ContainsSubstring("is none"));
    CHECK_THAT(with_piece({"<0x41>", 0, byte}), ContainsSubstring("occurs twice"));
    CHECK_THAT(with_piece({"x", 0, 7}), ContainsSubstring("type 7"));
    CHECK_THAT(with_piece({"", 0, control}), ContainsSubstring("text of 1 to"));
    CHECK_THAT(with_piece({"x", std::numeric_limits<float>::quiet_NaN(), normal}),
               ContainsSubstring("no score"));
    CHECK_THAT(refused(model({{"a"}, {"b"}})), ContainsSubstring("no token stands for byte 0"));
    CHECK_THAT(refused(""), ContainsSubstring("Unigram"));
    CHECK_THAT(refused(std::string(20, '\xFF')), ContainsSubstring("64 bits"));
    CHECK_THAT(refused(varint(1 << 3 | 2) + varint(100) + "x"),
               ContainsSubstring("the middle of a field"));
    CHECK_THAT(refused(number(1, 5)), ContainsSubstring("another type"));
    CHECK_THAT(refused(text(1, text(2, "x"))), ContainsSubstring("another type"));
    CHECK_THAT(refused(std::string("\x0B", 1)), ContainsSubstring("unknown type"));

    const std::string whole = model();
    for (std::size_t size = 0; size < whole.size(); ++size) { // cut at every byte
        const std::string message = refused(whole.substr(0, size));
        REQUIRE(message.starts_with("tokenizer: "));
    }
}

TEST_CASE("vocabularies of GGUF files that are not supported or not sound are refused by name") {
    const auto refused = [](const std::function<void(GgufVocabulary&)>& change) {
        GgufVocabulary vocabulary = gguf();
        change(vocabulary);
        return refusal([&] { Tokenizer::from_gguf(vocabulary); });
    };
    CHECK(refused([](GgufVocabulary&) {}).empty());
    CHECK_THAT(refused([](GgufVocabulary& g) { g.model = "bert"; }), ContainsSubstring("bert"));
    CHECK_THAT(refused([](GgufVocabulary& g) { g.model = "gpt2"; }),
               ContainsSubstring("tokenizer.ggml.pre is missing"));
    CHECK_THAT(refused([](GgufVocabulary& g) { g.model = "gpt2", g.pre = "tekken"; }),
               ContainsSubstring("\"tekken\""));
    CHECK_THAT(refused([](GgufVocabulary& g) { g.model = "gpt2", g.pre = "\xFF\n"; }),
               ContainsSubstring("tokenizer.ggml.pre \"\xEF\xBF\xBD\\n\" is not supported"));
    CHECK_THAT(refused([](GgufVocabulary& g) { g.model = "gpt2", g.pre = "gpt-2"; }),
               ContainsSubstring("byte token"));
    CHECK_THAT(refused([](GgufVocabulary& g) { g.types.pop_back(); }), ContainsSubstring("types"));
    CHECK_THAT(refused([](GgufVocabulary& g) { g.types[0] = 0; }), ContainsSubstring("type 0"));
    CHECK_THAT(refused([](GgufVocabulary& g) { g.types[0] = 257; }), ContainsSubstring("type 257"));
    CHECK_THAT(refused([](GgufVocabulary& g) { g.scores.clear(); }), ContainsSubstring("score"));
    CHECK_THAT(refused([](GgufVocabulary& g) { g.unknown = 271; }), ContainsSubstring("id 271"));
    CHECK_THAT(refused([](GgufVocabulary& g) { g.tokens.clear(), g.types.clear(); }),
               ContainsSubstring("no tokens"));
}
