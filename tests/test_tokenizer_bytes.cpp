// SPDX-License-Identifier: MIT
// The bytes of a tokenizer in a .bitnet file: what they say, and that damaged ones are refused.
#include "error.hpp"
#include "lookup.hpp"
#include "refusal.hpp"
#include "tokenizer.hpp"
#include "vocabulary.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>
#include <span>
#include <string>
#include <vector>

using namespace bitnet::example;
using Catch::Matchers::ContainsSubstring;
using support::refusal;
using Bytes = std::vector<std::byte>;
using Type = Vocabulary::Type;

namespace {

// One of each kind, with every field away from its default in one of them.
Vocabulary byte_level() {
    Vocabulary v;
    for (int byte = 0; byte < 256; ++byte) v.add(std::string(1, static_cast<char>(byte)));
    v.add("ab");
    v.add("abc");
    v.add("<s>", Type::control);
    v.add("<user>", Type::user_defined);
    v.merges = {{'a', 'b', 256}, {256, 'c', 257}};
    v.added = {{.id = 258, .take_left = true, .text = "<s>"},
               {.id = 259, .take_right = true, .prepared = true, .text = "<user>"}};
    v.nfc = v.whole_pieces = v.space_unless_there = v.space_last = true;
    v.space = Vocabulary::Space::first;
    v.patterns = {"\\p{L}+", "\\s+"};
    v.bos = 258;
    v.adds_bos = true;
    v.adds_eos = 259;
    return v;
}

Vocabulary scored_pieces() {
    Vocabulary v;
    v.kind = Vocabulary::Kind::scored_pieces;
    v.add("<unk>", Type::unknown);
    v.add("a");
    v.add("aa");
    v.add("\xE2\x96\x81");
    v.scores = {0.0f, -1.5f, -0.25f, -3.0f};
    v.unknown = 0;
    v.fuse_unknown = v.strip_space = true;
    v.space = Vocabulary::Space::each;
    v.adds_bos = false;
    return v;
}

Vocabulary ranked_pieces() {
    Vocabulary v;
    v.kind = Vocabulary::Kind::ranked_pieces;
    constexpr const char* digits = "0123456789ABCDEF";
    for (int b = 0; b < 256; ++b) {
        v.add(std::string("<0x") + digits[b / 16] + digits[b % 16] + ">", Type::byte);
    }
    v.byte_fallback = true;
    return v;
}

std::vector<Vocabulary> all() {
    return {byte_level(), scored_pieces(), ranked_pieces(),
            bpe_bytes::vocabulary({{'a', 'b'}, {258, 'c'}})};
}

void put(Bytes& bytes, std::size_t at, std::uint32_t value) {
    for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<std::byte>(value >> (8 * i));
}

} // namespace

TEST_CASE("bytes give the vocabulary back") {
    for (const Vocabulary& v : all()) {
        const Bytes bytes = v.to_bytes();
        const Vocabulary again = Vocabulary::from_bytes(bytes);
        CHECK(again.to_bytes() == bytes);
        CHECK(again.tokens.all() == v.tokens.all());
        CHECK(again.tokens.size() == v.tokens.size());
        CHECK(again.types == v.types);
        CHECK(again.scores == v.scores);
        CHECK(again.patterns == v.patterns);
        CHECK(again.merges.size() == v.merges.size());
        REQUIRE(again.added.size() == v.added.size());
        for (std::size_t i = 0; i < v.added.size(); ++i) {
            CHECK(again.added[i].text == v.added[i].text);
            CHECK(again.added[i].id == v.added[i].id);
            CHECK(again.added[i].take_left == v.added[i].take_left);
            CHECK(again.added[i].take_right == v.added[i].take_right);
            CHECK(again.added[i].prepared == v.added[i].prepared);
        }
        CHECK(again.kind == v.kind);
        CHECK(again.nfc == v.nfc);
        CHECK(again.space == v.space);
        CHECK(again.space_unless_there == v.space_unless_there);
        CHECK(again.space_last == v.space_last);
        CHECK(again.split_by_class == v.split_by_class);
        CHECK(again.whole_pieces == v.whole_pieces);
        CHECK(again.byte_fallback == v.byte_fallback);
        CHECK(again.fuse_unknown == v.fuse_unknown);
        CHECK(again.strip_space == v.strip_space);
        CHECK(again.unknown == v.unknown);
        CHECK(again.bos == v.bos);
        CHECK(again.adds_bos == v.adds_bos);
        CHECK(again.adds_eos == v.adds_eos);
    }
}

TEST_CASE("a BOS that was set goes into the bytes") {
    Tokenizer tokenizer = Tokenizer::from_bytes(scored_pieces().to_bytes());
    CHECK_FALSE(tokenizer.bos());
    tokenizer.set_bos(2);
    CHECK(Tokenizer::from_bytes(tokenizer.to_bytes()).bos() == 2);
}

TEST_CASE("docs/formats.md has the first bytes of a small one right") {
    // a, b, ab by one merge; the small models' rule for pieces
    Vocabulary v;
    v.split_by_class = true;
    v.add("a");
    v.add("b");
    v.add("ab");
    v.merges = {{0, 1, 2}};
    const std::vector<std::uint32_t> words = {
        0x31544e42, 1,          8,          0, 3, 1, 0, 0,
        0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0, 0, 0, 0, 0, // header
        1,          1,          2,                         // lengths
        0,          1,          2,                         // merge
        0x00010101,                                        // types
    };
    Bytes expected(4 * words.size());
    for (std::size_t i = 0; i < words.size(); ++i) put(expected, 4 * i, words[i]);
    for (const char c : std::string("abab")) expected.push_back(static_cast<std::byte>(c));
    CHECK(v.to_bytes() == expected);
}

TEST_CASE("bytes that are not sound are refused by name") {
    const auto refused = [](const std::function<void(Bytes&)>& change) {
        Bytes bytes = byte_level().to_bytes();
        change(bytes);
        return refusal([&] { Tokenizer::from_bytes(bytes); });
    };
    CHECK(refused([](Bytes&) {}).empty());
    CHECK_THAT(refused([](Bytes& b) { b.clear(); }), ContainsSubstring("end in the header"));
    CHECK_THAT(refused([](Bytes& b) { put(b, 0, 0x32544e42); }), ContainsSubstring("version"));
    CHECK_THAT(refused([](Bytes& b) { put(b, 4, 4); }), ContainsSubstring("kind 4"));
    CHECK_THAT(refused([](Bytes& b) { put(b, 8, 1u << 10); }), ContainsSubstring("flag"));
    CHECK_THAT(refused([](Bytes& b) { put(b, 12, 3); }), ContainsSubstring("flag"));
    CHECK_THAT(refused([](Bytes& b) { put(b, 16, 0xFFFFFFFF); }), ContainsSubstring("too large"));
    CHECK_THAT(refused([](Bytes& b) { put(b, 20, 0xFFFFFFFF); }), ContainsSubstring("too large"));
    CHECK_THAT(refused([](Bytes& b) { put(b, 24, 0xFFFFFFFF); }), ContainsSubstring("too large"));
    CHECK_THAT(refused([](Bytes& b) { put(b, 28, 0xFFFFFFFF); }), ContainsSubstring("too large"));
    CHECK_THAT(refused([](Bytes& b) { put(b, 20, 1u << 22); }), ContainsSubstring("too early"));
    CHECK_THAT(refused([](Bytes& b) { put(b, 36, 260); }), ContainsSubstring("BOS has id 260"));
    CHECK_THAT(refused([](Bytes& b) { put(b, 36, 0xFFFFFFFE); }), ContainsSubstring("id -2"));
    CHECK_THAT(refused([](Bytes& b) { put(b, 60, 1); }), ContainsSubstring("unknown field"));
    CHECK_THAT(refused([](Bytes& b) { put(b, 8, 1u << 9); }), ContainsSubstring("flag"));
    CHECK_THAT(refused([](Bytes& b) { put(b, 64, 0xFFFFFFFF); }), ContainsSubstring("disagree"));
    CHECK_THAT(refused([](Bytes& b) { b.push_back({}); }), ContainsSubstring("disagree"));
    // Behind the lengths: 260 of tokens, 2 of added ones, 2 of patterns.
    constexpr std::size_t merges = 64 + 4 * 264, added = merges + 2 * 12, types = added + 2 * 8;
    CHECK_THAT(refused([](Bytes& b) { put(b, merges, 260); }), ContainsSubstring("no token"));
    CHECK_THAT(refused([](Bytes& b) { put(b, merges, 'b'); }), ContainsSubstring("does not make"));
    CHECK_THAT(refused([](Bytes& b) { put(b, merges + 20, 256); }), ContainsSubstring("merge 1"));
    CHECK_THAT(refused([](Bytes& b) { put(b, added, 260); }), ContainsSubstring("added"));
    CHECK_THAT(refused([](Bytes& b) { put(b, added + 4, 8); }), ContainsSubstring("flag"));
    CHECK_THAT(refused([](Bytes& b) { b[types + 5] = std::byte{7}; }), ContainsSubstring("type 7"));
}

TEST_CASE("merges that were chosen to collide in the table are refused") {
    // Pairs that lookup.cpp's hash puts into the first of 64 parts of its table.
    std::vector<Vocabulary::Merge> merges;
    for (std::uint32_t left = 0; merges.size() < 50'000; ++left) {
        for (std::uint32_t right = 0; right < 4096; ++right) {
            const std::uint64_t key = std::uint64_t{left} << 32 | right;
            const bool chosen = (key ^ key >> 29) * 0x9E3779B97F4A7C15u >> 58 == 0;
            if (chosen) merges.push_back({left, right, 0});
        }
    }
    CHECK_THAT(refusal([&] { PairTable table(merges); }), ContainsSubstring("collide"));
}

TEST_CASE("bytes cut anywhere, or with any bit turned, are refused or are a tokenizer") {
    std::mt19937 random(3);
    for (const Vocabulary& v : all()) {
        const Bytes bytes = v.to_bytes();
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            const auto cut = std::span(bytes).first(size);
            REQUIRE(
                refusal([&] { Tokenizer::from_bytes(cut); }).starts_with("tokenizer: its bytes"));
        }
        for (int round = 0; round < 2500; ++round) {
            Bytes turned = bytes;
            turned[random() % turned.size()] ^= std::byte{1} << (random() % 8);
            try {
                const Tokenizer tokenizer = Tokenizer::from_bytes(turned);
                CHECK(tokenizer.to_bytes() == turned);
                tokenizer.decode(tokenizer.encode("abcab <s><user>", {.special = true}));
            } catch (const UserError&) { // also what a vocabulary has no token for
            }
        }
    }
}
