// SPDX-License-Identifier: MIT
// The tokenizer against a BPE written a second time, on strings; losslessness; hostile merges.
#include "error.hpp"
#include "tokenizer.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using bitnet::example::Tokenizer;
namespace bpe_bytes = bitnet::example::bpe_bytes;
using bitnet::example::UserError;
using Merges = std::vector<bpe_bytes::Merge>;

namespace {

const Merges english = {
    {'h', 'e'},  // 258 he
    {'t', 258},  // 259 the
    {' ', 259},  // 260 " the"
    {'l', 'l'},  // 261 ll
    {258, 261},  // 262 hell
    {262, 'o'},  // 263 hello
    {' ', 'w'},  // 264 " w"
    {'.', '.'},  // 265 ..
    {265, 265},  // 266 ....
    {'1', '2'},  // 267 12
    {'\n', '\n'} // 268
};

std::vector<std::string> pieces(std::string_view text) {
    std::vector<std::string> result;
    while (!text.empty()) {
        const std::size_t length = bpe_bytes::piece_length(text);
        REQUIRE(length >= 1);
        REQUIRE(length <= text.size());
        result.emplace_back(text.substr(0, length));
        text.remove_prefix(length);
    }
    return result;
}

// One piece, the slow way: parts are strings, and the pair with the lowest rank is looked for among
// all merges, in the order of the list.
std::vector<std::string> slow_bpe(const std::string& piece, const Merges& merges) {
    std::vector<std::string> token(258);
    for (int byte = 0; byte < 256; ++byte) {
        token[static_cast<std::size_t>(byte)] = std::string(1, static_cast<char>(byte));
    }
    std::vector<std::pair<std::string, std::string>> pairs;
    for (const auto& [left, right] : merges) {
        pairs.emplace_back(token[left], token[right]);
        token.push_back(token[left] + token[right]);
    }
    std::vector<std::string> parts;
    for (const char c : piece) {
        parts.emplace_back(1, c);
    }
    for (bool changed = true; changed;) {
        changed = false;
        for (const auto& [left, right] : pairs) {
            for (std::size_t i = 0; i + 1 < parts.size() && !changed; ++i) {
                if (parts[i] == left && parts[i + 1] == right) {
                    parts[i] += parts[i + 1];
                    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(i) + 1);
                    changed = true;
                }
            }
            if (changed) {
                break;
            }
        }
    }
    return parts;
}

std::string random_text(std::mt19937& random, std::size_t size, std::string_view alphabet) {
    std::string text(size, '\0');
    for (char& c : text) {
        c = alphabet.empty() ? static_cast<char>(random() & 0xFF)
                             : alphabet[random() % alphabet.size()];
    }
    return text;
}

} // namespace

TEST_CASE("pieces follow the written rule") {
    using Pieces = std::vector<std::string>;
    CHECK(pieces("Once upon a time") == Pieces{"Once", " upon", " a", " time"});
    CHECK(pieces("a1 23!? ok") == Pieces{"a", "1", " 23", "!?", " ok"});
    CHECK(pieces("\"Hi,\" he") == Pieces{"\"", "Hi", ",\"", " he"});
    CHECK(pieces("a  b") == Pieces{"a", " ", " b"});     // the last space goes to the word
    CHECK(pieces("a\n\nb") == Pieces{"a", "\n\n", "b"}); // a line end does not
    CHECK(pieces("a \n b") == Pieces{"a", " \n", " b"});
    CHECK(pieces("end  ") == Pieces{"end", "  "});
    CHECK(pieces(" ") == Pieces{" "});
    CHECK(pieces("caf\xC3\xA9s") == Pieces{"caf\xC3\xA9s"}); // bytes from 0x80 are letters
    CHECK(pieces(std::string(600, 'x')) ==
          Pieces{std::string(256, 'x'), std::string(256, 'x'), std::string(88, 'x')});
    CHECK(pieces(std::string(256, ' ') + "b") == Pieces{std::string(255, ' '), " b"});
    CHECK(pieces(std::string(257, ' ') + "b") == Pieces{std::string(256, ' '), " b"});
    CHECK(bpe_bytes::piece_length("") == 0);
}

TEST_CASE("encode applies the merge of lowest rank first") {
    const Tokenizer tokenizer = Tokenizer::from_merges(english);
    CHECK(tokenizer.encode("hello the") == std::vector<int>{263, 260});
    CHECK(tokenizer.encode("....") == std::vector<int>{266});
    CHECK(tokenizer.encode(".....") == std::vector<int>{266, '.'});
    CHECK(tokenizer.encode("the world") == std::vector<int>{259, 264, 'o', 'r', 'l', 'd'});
    CHECK(tokenizer.encode("").empty());
    CHECK(tokenizer.vocab_size() == 258 + english.size());
}

TEST_CASE("encode equals the slow BPE on strings") {
    const Tokenizer tokenizer = Tokenizer::from_merges(english);
    std::mt19937 random(1);
    for (int round = 0; round < 2000; ++round) {
        const std::string text = random_text(random, random() % 40, "helo tw.12\n");
        std::vector<std::string> expected;
        for (const std::string& piece : pieces(text)) {
            for (std::string& part : slow_bpe(piece, english)) {
                expected.push_back(std::move(part));
            }
        }
        std::vector<std::string> got;
        for (const int id : tokenizer.encode(text)) {
            got.emplace_back(tokenizer.decode(id));
        }
        REQUIRE(got == expected);
    }
}

TEST_CASE("decode(encode(s)) == s for every byte string") {
    const Tokenizer tokenizer = Tokenizer::from_merges(english);
    std::mt19937 random(2);
    for (int round = 0; round < 1000; ++round) {
        const std::string text =
            random_text(random, random() % 700, round % 2 == 0 ? "" : " \n\thelothe.\xC3\xA9");
        REQUIRE(tokenizer.decode(tokenizer.encode(text)) == text);
    }
    std::string all;
    for (int byte = 0; byte < 256; ++byte) {
        all += static_cast<char>(byte);
    }
    CHECK(tokenizer.decode(tokenizer.encode(all)) == all);
    CHECK(tokenizer.decode(tokenizer.encode("<|endoftext|>")) == "<|endoftext|>");
}

TEST_CASE("ids beyond the vocabulary and the markers decode to nothing") {
    const Tokenizer tokenizer = Tokenizer::from_merges(english);
    for (const int id :
         {256, 257, -1, 269, std::numeric_limits<int>::max(), std::numeric_limits<int>::min()}) {
        CHECK(tokenizer.decode(id).empty());
    }
    CHECK(tokenizer.bos() == 256);
}

TEST_CASE("hostile merges are refused") {
    CHECK_THROWS_AS(Tokenizer::from_merges({{'a', 258}}), UserError);             // itself
    CHECK_THROWS_AS(Tokenizer::from_merges({{'a', 'b'}, {300, 'a'}}), UserError); // not made yet
    CHECK_THROWS_AS(Tokenizer::from_merges({{65535, 65535}}), UserError);
    CHECK_THROWS_AS(Tokenizer::from_merges({{256, 'a'}}), UserError); // BOS
    CHECK_THROWS_AS(Tokenizer::from_merges({{'a', 257}}), UserError); // EOS
    CHECK_THROWS_AS(Tokenizer::from_merges({{'a', 'b'}, {'c', 'd'}, {'a', 'b'}}), UserError);

    // Each merge doubles the token: without a cap, 64 merges would ask for 2^64 bytes.
    Merges doubling = {{'a', 'a'}};
    while (doubling.size() < 8) {
        const auto last = static_cast<std::uint16_t>(257 + doubling.size());
        doubling.push_back({last, last});
    }
    CHECK(Tokenizer::from_merges(doubling).decode(265).size() == 256);
    doubling.push_back({265, 265});
    CHECK_THROWS_AS(Tokenizer::from_merges(doubling), UserError);

    CHECK_THROWS_AS(Tokenizer::from_merges(Merges(65536 - 258 + 1, {'a', 'b'})), UserError);
    CHECK_NOTHROW(Tokenizer::from_merges(Merges{}));
}
