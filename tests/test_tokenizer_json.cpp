// SPDX-License-Identifier: MIT
// tokenizer.json: small ones, written here, whose ids follow from their rules by hand; and those
// that are refused, each by the name of what is not supported or not sound.
#include "byte_letters.hpp"
#include "refusal.hpp"
#include "tokenizer.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

using namespace bitnet::example;
using Catch::Matchers::ContainsSubstring;
using nlohmann::json;
using support::mapped;
using support::refusal;
using Ids = std::vector<int>;

namespace {

// Ids 0..255 are the bytes, then what the merges make: 256 he, 257 ll, 258 hell, 259 hello,
// 260 "<space>hello", 261 12; 262 is <s>, 263 <mask>, 264 <user>.
json byte_level() {
    json vocab;
    for (int byte = 0; byte < 256; ++byte) vocab[mapped(static_cast<unsigned char>(byte))] = byte;
    const std::string space = mapped(' ');
    const std::vector<std::string> made = {"he", "ll", "hell", "hello", space + "hello", "12"};
    for (std::size_t i = 0; i < made.size(); ++i) vocab[made[i]] = 256 + i;
    const auto added = [](int id, const char* content, bool special) {
        return json{{"id", id},          {"content", content}, {"single_word", false},
                    {"lstrip", false},   {"rstrip", false},    {"normalized", false},
                    {"special", special}};
    };
    return {{"version", "1.0"},
            {"added_tokens",
             {added(262, "<s>", true), added(263, "<mask>", true), added(264, "<user>", false)}},
            {"normalizer", nullptr},
            {"pre_tokenizer",
             {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", true}}},
            {"post_processor", nullptr},
            {"decoder", {{"type", "ByteLevel"}}},
            {"model",
             {{"type", "BPE"},
              {"vocab", vocab},
              {"merges",
               {"h e", "l l", "he ll", "hell o", space + " hello", json::array({"1", "2"})}}}}};
}

// U+2581 stands for a space. 0 <unk>, 1 <s>, 2.. the bytes, 258 U+2581, 259 a, 260 b, 261 ab,
// 262 "U+2581 a", 263 "U+2581 ab", 264 U+00E9
json pieces() {
    json vocab = {{"<unk>", 0}, {"<s>", 1}};
    constexpr const char* digits = "0123456789ABCDEF";
    for (int byte = 0; byte < 256; ++byte) {
        vocab[std::string("<0x") + digits[byte / 16] + digits[byte % 16] + ">"] = 2 + byte;
    }
    const std::vector<std::string> made = {"\xE2\x96\x81",
                                           "a",
                                           "b",
                                           "ab",
                                           "\xE2\x96\x81"
                                           "a",
                                           "\xE2\x96\x81"
                                           "ab",
                                           "\xC3\xA9"};
    for (std::size_t i = 0; i < made.size(); ++i) vocab[made[i]] = 258 + i;
    return {
        {"added_tokens",
         {{{"id", 1}, {"content", "<s>"}, {"special", true}, {"normalized", false}}}},
        {"normalizer",
         {{"type", "Sequence"},
          {"normalizers",
           {{{"type", "Prepend"}, {"prepend", "\xE2\x96\x81"}},
            {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", "\xE2\x96\x81"}}}}}},
        {"post_processor",
         {{"type", "TemplateProcessing"},
          {"single",
           {{{"SpecialToken", {{"id", "<s>"}, {"type_id", 0}}}},
            {{"Sequence", {{"id", "A"}, {"type_id", 0}}}}}},
          {"special_tokens", {{"<s>", {{"id", "<s>"}, {"ids", {1}}, {"tokens", {"<s>"}}}}}}}},
        {"decoder",
         {{"type", "Sequence"},
          {"decoders",
           {{{"type", "Replace"}, {"pattern", {{"String", "\xE2\x96\x81"}}}, {"content", " "}},
            {{"type", "ByteFallback"}},
            {{"type", "Fuse"}},
            {{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}}}}}},
        {"model",
         {{"type", "BPE"},
          {"unk_token", "<unk>"},
          {"fuse_unk", true},
          {"byte_fallback", true},
          {"vocab", vocab},
          {"merges", {"a b", "\xE2\x96\x81 a", "\xE2\x96\x81 ab"}}}}};
}

Tokenizer make(const json& file) {
    return Tokenizer::from_json(file.dump());
}

// The message for byte_level() after a change, or for pieces().
template <class Change>
std::string refused(json file, const Change& change) {
    change(file);
    return refusal([&] { make(file); });
}

} // namespace

#if BITNET_PCRE2

TEST_CASE("byte-level BPE: pieces, merges and special tokens") {
    const Tokenizer tokenizer = make(byte_level());
    CHECK(tokenizer.encode("").empty());
    CHECK(tokenizer.encode("hello hello") == Ids{259, 260});
    CHECK(tokenizer.encode("hell o") == Ids{258, ' ', 'o'}); // no merge across pieces
    CHECK(tokenizer.encode("1212") == Ids{261, 261});
    CHECK(tokenizer.encode("he's") == Ids{256, '\'', 's'});
    CHECK(tokenizer.encode("\n\nhe") == Ids{'\n', '\n', 256});
    CHECK(tokenizer.encode("\xFF\xE2\x82he") == Ids{0xFF, 0xE2, 0x82, 256});
    CHECK(tokenizer.encode("<s>") == Ids{'<', 's', '>'});
    CHECK(tokenizer.encode("<s>he<mask>", {.special = true}) == Ids{262, 256, 263});
    CHECK(tokenizer.encode("<user>he") == Ids{264, 256}); // added, and not special
    CHECK(tokenizer.special("<s>") == 262);
    CHECK(tokenizer.special("<user>") == 264);
    CHECK_FALSE(tokenizer.special("he"));
    CHECK_FALSE(tokenizer.bos());
    CHECK_FALSE(tokenizer.adds_bos());
    CHECK_THROWS_WITH(tokenizer.encode("he", {.bos = true}), ContainsSubstring("BOS"));
    CHECK(tokenizer.decode(Ids{262, 260, 264}) == " hello<user>");
    CHECK(tokenizer.decode(Ids{262, 260}, Specials::shown) == "<s> hello");
    std::string all;
    for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
    CHECK(tokenizer.decode(tokenizer.encode(all + all)) == all + all);
}

TEST_CASE("byte-level BPE: what a file may ask for") {
    json file = byte_level();
    SECTION("a space in front, unless there is one") {
        file["pre_tokenizer"]["add_prefix_space"] = true;
        const Tokenizer tokenizer = make(file);
        CHECK(tokenizer.encode("hello") == Ids{260});
        CHECK(tokenizer.encode(" hello") == Ids{260});
        CHECK(tokenizer.encode("hello<s>hello", {.special = true}) == Ids{260, 262, 260});
        CHECK(tokenizer.encode("").empty());
    }
    SECTION("a piece that is a token needs no merges") {
        file["model"]["merges"] = {"h e", "l l", "1 2"};
        CHECK(make(file).encode("hello") == Ids{256, 257, 'o'});
        file["model"]["ignore_merges"] = true;
        CHECK(make(file).encode("hello") == Ids{259});
        CHECK(make(file).encode("hello!") == Ids{259, '!'});
        CHECK(make(file).encode("hellohello") == Ids{256, 257, 'o', 256, 257, 'o'});
    }
    SECTION("a pattern of its own, and digits one by one") {
        file["pre_tokenizer"] = {
            {"type", "Sequence"},
            {"pretokenizers",
             {{{"type", "Digits"}, {"individual_digits", true}},
              {{"type", "Split"},
               {"pattern", {{"Regex", "\\p{L}+|\\s+"}}},
               {"behavior", "Isolated"},
               {"invert", false}},
              {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}}}}};
        const Tokenizer tokenizer = make(file);
        CHECK(tokenizer.encode("12 hello") == Ids{'1', '2', ' ', 259});
        file["pre_tokenizer"]["pretokenizers"][1]["pattern"] = {{"String", "l.?"}};
        CHECK(make(file).encode("hell.?ohell") == Ids{256, 'l', 'l', '.', '?', 'o', 258});
    }
    SECTION("punctuation") {
        json& cuts = file["pre_tokenizer"];
        cuts = {{"type", "Sequence"},
                {"pretokenizers",
                 {{{"type", "Punctuation"}, {"behavior", "Contiguous"}},
                  {{"type", "Digits"}, {"individual_digits", true}},
                  {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}}}}};
        json& behavior = cuts["pretokenizers"][0]["behavior"];
        file["model"]["vocab"].erase(mapped(' ') + "hello");
        file["model"]["vocab"].erase("12");
        file["model"]["vocab"].update({{".l", 260}, {"$.", 261}});
        file["model"]["merges"] = {". l", "$ ."};
        CHECK(make(file).encode("12.l$.") == Ids{'1', '2', '.', 'l', 261});
        for (const json& alone : {json("Isolated"), json()}) { // the second is the default
            behavior = alone;
            CHECK(make(file).encode("$.") == Ids{'$', '.'});
        }
        behavior = "Removed";
        CHECK_THAT(refusal([&] { make(file); }), ContainsSubstring("with behavior \"Removed\""));
    }
    SECTION("white space that special tokens take along") {
        file["added_tokens"][1]["lstrip"] = true;
        file["added_tokens"][2]["rstrip"] = true;
        const Tokenizer tokenizer = make(file);
        CHECK(tokenizer.encode("he \t\xE2\x80\x85<mask> he", {.special = true}) ==
              Ids{256, 263, ' ', 256});
        CHECK(tokenizer.encode("<user> \xC2\xA0\nhe") == Ids{264, 256});
    }
    SECTION("the longest name wins, at the leftmost place") {
        file["added_tokens"][0]["content"] = "<m";
        const Tokenizer tokenizer = make(file);
        CHECK(tokenizer.encode("<m<mask><mas", {.special = true}) == Ids{262, 263, 262, 'a', 's'});
    }
    SECTION("the pair of lowest rank first, wherever it stands") {
        CHECK(make(file).encode("hehellllo") == Ids{256, 258, 257, 'o'});
    }
}

#if BITNET_UTF8PROC
TEST_CASE("NFC, where a file asks for it") {
    json file = byte_level();
    file["normalizer"] = {{"type", "NFC"}};
    const Tokenizer tokenizer = make(file);
    CHECK(tokenizer.encode("e\xCC\x81") == Ids{0xC3, 0xA9});
    CHECK(tokenizer.encode("\xC3\xA9") == Ids{0xC3, 0xA9});
    // Two marks in the other order; Hangul; a singleton; bytes that are none.
    CHECK(tokenizer.decode(tokenizer.encode("a\xCC\x81\xCC\xA3")) == "\xE1\xBA\xA1\xCC\x81");
    CHECK(tokenizer.decode(tokenizer.encode("\xE1\x84\x80\xE1\x85\xA1")) == "\xEA\xB0\x80");
    CHECK(tokenizer.decode(tokenizer.encode("\xE2\x84\xA6\xFF"
                                            "e\xCC\x81")) == "\xCE\xA9\xFF\xC3\xA9");
    std::string marks = "a"; // a run of them takes no quadratic time
    for (int i = 0; i < 100'000; ++i) marks += "\xCC\x81\xCC\xA3";
    CHECK(tokenizer.encode(marks).size() > 300'000);
    file["added_tokens"][2]["content"] = "e\xCC\x81<";
    file["added_tokens"][2]["normalized"] = true;
    CHECK(make(file).encode("\xC3\xA9<") == Ids{264});
}
#endif

#else

TEST_CASE("a build without PCRE2 says so, and decodes all the same") {
    const Tokenizer tokenizer = make(byte_level());
    CHECK_THROWS_WITH(tokenizer.encode("hello"), ContainsSubstring("this build lacks PCRE2"));
    CHECK(tokenizer.encode("").empty());
    CHECK(tokenizer.encode("<user>") == Ids{264});
    CHECK(tokenizer.decode(Ids{259, 260}) == "hello hello");
}

#endif

TEST_CASE("pieces with byte fallback") {
    json file = pieces();
    SECTION("a space in front of the text and after special tokens") {
        const Tokenizer tokenizer = make(file);
        CHECK(tokenizer.encode("").empty());
        CHECK(tokenizer.encode("ab a") == Ids{263, 262});
        CHECK(tokenizer.encode(" a") == Ids{258, 262});
        CHECK(tokenizer.encode("<s>ab", {.special = true}) == Ids{1, 263});
        CHECK(tokenizer.encode("ab", {.bos = true}) == Ids{1, 263});
        CHECK(tokenizer.encode("\xC3\xA9\xE2\x82\xAC\xFF") ==
              Ids{258, 264, 2 + 0xE2, 2 + 0x82, 2 + 0xAC, 2 + 0xFF});
        CHECK(tokenizer.bos() == 1);
        CHECK(tokenizer.adds_bos() == true);
        for (const std::string text : {"ab a", " a", "  ", "\xE2\x82\xAC\xFF\n"}) {
            CHECK(tokenizer.decode(tokenizer.encode(text, {.bos = true})) == text);
        }
        CHECK(tokenizer.decode(263) == " ab");
        CHECK(tokenizer.decode(2 + 0x0A) == "\n");
    }
    SECTION("by Metaspace: no second space, and none after special tokens") {
        file["normalizer"] = nullptr;
        file["pre_tokenizer"] = {{"type", "Metaspace"},
                                 {"replacement", "\xE2\x96\x81"},
                                 {"prepend_scheme", "first"},
                                 {"split", false}};
        const Tokenizer tokenizer = make(file);
        CHECK(tokenizer.encode(" ab") == Ids{263});
        CHECK(tokenizer.encode("ab<s>ab", {.special = true}) == Ids{263, 1, 261});
        CHECK(tokenizer.encode("ab", {.start = false}) == Ids{261}); // the middle of a text
        file["pre_tokenizer"]["prepend_scheme"] = "always";
        CHECK(make(file).encode("ab<s>ab", {.special = true}) == Ids{263, 1, 263});
        file["pre_tokenizer"]["prepend_scheme"] = "never";
        CHECK(make(file).encode("ab a") == Ids{261, 262});
    }
    SECTION("what has no token, without byte fallback") {
        file["model"]["byte_fallback"] = false;
        CHECK(make(file).encode("a\xE2\x82\xAC\xE2\x82\xAC"
                                "b") == Ids{262, 0, 260});
        file["model"]["fuse_unk"] = false;
        CHECK(make(file).encode("a\xE2\x82\xAC\xE2\x82\xAC"
                                "b") == Ids{262, 0, 0, 260});
        file["model"]["unk_token"] = nullptr;
        CHECK_THROWS_WITH(make(file).encode("a\xE2\x82\xAC"), ContainsSubstring("e2 82 ac"));
    }
    SECTION("a name that is looked for in the prepared text") {
        file["added_tokens"][0]["normalized"] = true;
        const Tokenizer tokenizer = make(file);
        CHECK(tokenizer.encode("<s>a", {.special = true}) == Ids{1, 259});
        CHECK(tokenizer.encode("a <s>a", {.special = true}) == Ids{262, 1, 259});
    }
}

TEST_CASE("a template may end a text, which is told and not done") {
    json file = pieces();
    auto& single = file["post_processor"]["single"];
    std::swap(single[0], single[1]);
    const Tokenizer tokenizer = make(file);
    CHECK(tokenizer.adds_eos() == 1);
    CHECK(tokenizer.adds_bos() == false);
    CHECK_FALSE(tokenizer.bos());
}

TEST_CASE("files that are not supported or not sound are refused by name") {
    const auto bytes = [](const auto& change) { return refused(byte_level(), change); };
    const auto piece = [](const auto& change) { return refused(pieces(), change); };
    CHECK(bytes([](json&) {}).empty());
    CHECK(piece([](json&) {}).empty());
    struct Case {
        std::string message, part;
    };
    const std::vector<Case> cases = {
        {bytes([](json& f) { f["model"]["type"] = "Unigram"; }), "Unigram"},
        {bytes([](json& f) { f["model"]["dropout"] = 0.1; }), "dropout"},
        {bytes([](json& f) { f["model"]["end_of_word_suffix"] = "</w>"; }), "end_of_word_suffix"},
        {bytes([](json& f) {
             f["normalizer"] = {{"type", "Lowercase"}};
         }),
         "Lowercase"},
        {bytes([](json& f) {
             f["pre_tokenizer"] = {{"type", "Whitespace"}};
         }),
         "Whitespace"},
        {bytes([](json& f) {
             f["post_processor"] = {{"type", "BertProcessing"}};
         }),
         "Bert"},
        {bytes([](json& f) {
             f["post_processor"] = {{"type", "a\n\x1b["}};
         }),
         "a\\n\\u001b["},
        {bytes([](json& f) {
             f["decoder"] = {{"type", "WordPiece"}};
         }),
         "WordPiece"},
        {bytes([](json& f) { f["added_tokens"][0]["single_word"] = true; }), "single_word"},
        {bytes([](json& f) { f["added_tokens"][0]["content"] = ""; }), "text of 1 to"},
        {bytes([](json& f) { f["added_tokens"][0]["content"] = "<mask>"; }), "added twice"},
        {bytes([](json& f) { f["added_tokens"][0]["id"] = 5; }), "one id, 5"},
        {bytes([](json& f) { f["added_tokens"].erase(0); }), "of 264 tokens one has the id 264"},
        {bytes([](json& f) {
             f["added_tokens"][0] = {{"id", 256}, {"content", "he"}};
         }),
         "no token has id 262"},
        {bytes([](json& f) { f["added_tokens"][0]["content"] = "he"; }), "another id in"},
        {bytes([](json& f) { f["added_tokens"][0]["id"] = -1; }), "has the id -1"},
        {bytes([](json& f) { f["added_tokens"][0]["id"] = 4000000000u; }), "has the id 4000000000"},
        {bytes([](json& f) { f["added_tokens"] = "x"; }), "added_tokens"},
        {bytes([](json& f) { f["model"]["vocab"]["he"] = 257; }), "one id, 257"},
        {bytes([](json& f) { f["model"]["vocab"]["he"] = 1.5; }), "has the id 1.5"},
        {bytes([](json& f) { f["model"]["vocab"] = json::array(); }), "vocab"},
        {bytes([](json& f) { f["model"]["merges"][3] = "hell x"; }), "merge 3"},
        {bytes([](json& f) { f["model"]["merges"][3] = "hello"; }), "merge 3 is no pair"},
        {bytes([](json& f) { f["model"]["merges"][3] = 7; }), "merge 3"},
        {bytes([](json& f) { f["model"]["merges"].push_back("h e"); }), "repeats"},
        {bytes([](json& f) { f["model"] = json::array(); }), "object"},
        {bytes([](json& f) { f["pre_tokenizer"] = f["decoder"] = nullptr; }), "ByteLevel"},
        {bytes([](json& f) {
             f["pre_tokenizer"] = {
                 {"type", "Split"}, {"pattern", {{"Regex", "a"}}}, {"behavior", "MergedWithNext"}};
         }),
         "MergedWithNext"},
        {piece([](json& f) { f["normalizer"]["normalizers"][0]["prepend"] = "x"; }), "Prepend"},
        {piece([](json& f) { f["model"]["vocab"].erase("<0x41>"); }), "67"},
        {piece([](json& f) { f["model"]["unk_token"] = "<none>"; }), "unk_token"},
        {piece([](json& f) {
             f["post_processor"]["special_tokens"]["<s>"]["ids"] = {1, 2};
         }),
         "post_processor"},
        {piece([](json& f) { f["post_processor"]["special_tokens"]["<s>"]["ids"] = {9999}; }),
         "BOS has id 9999"},
        {piece([](json& f) { f["decoder"]["decoders"][3]["start"] = 2; }), "Strip"},
        {piece([](json& f) {
             f["pre_tokenizer"] = {{"type", "Metaspace"}, {"replacement", "\xE2\x96\x81"}};
         }),
         "Metaspace"},
    };
    for (const Case& c : cases) {
        CHECK_THAT(c.message, ContainsSubstring(c.part));
        CHECK_THAT(c.message, ContainsSubstring("tokenizer: "));
    }
#if BITNET_PCRE2
    CHECK_THAT(bytes([](json& f) {
                   f["pre_tokenizer"] = {
                       {"type", "Split"}, {"pattern", {{"Regex", "(a"}}}, {"behavior", "Isolated"}};
               }),
               ContainsSubstring("pattern"));
#endif
    CHECK_THAT(refusal([] { Tokenizer::from_json("{"); }),
               ContainsSubstring("no valid JSON at byte 2"));
    std::string parts = "{\"model\":[{}"; // as in test_config
    for (int i = 0; i < 1'000'000; ++i) parts += ",{}";
    CHECK_THAT(refusal([&] { Tokenizer::from_json(parts + "]}"); }),
               ContainsSubstring("tokenizer: "));
    CHECK_THAT(refusal([] { Tokenizer::from_json(std::string(100'000, '[')); }),
               ContainsSubstring("nested"));
}
