// SPDX-License-Identifier: MIT
// Whole UTF-8 characters, stories, numbers, lists of ids, and files.
#include "error.hpp"
#include "files.hpp"
#include "folder.hpp"
#include "system_text.hpp"
#include "text.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

using namespace bitnet::example;
using Catch::Matchers::StartsWith;

TEST_CASE("a character is held until it is whole") {
    CHECK(whole_characters("") == 0);
    CHECK(whole_characters("abc") == 3);
    const std::string samples[] = {"\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"}; // 2, 3, 4 bytes
    for (const std::string& character : samples) {
        for (std::size_t bytes = 1; bytes < character.size(); ++bytes) {
            CHECK(whole_characters("ab" + character.substr(0, bytes)) == 2);
            CHECK(whole_characters(character + character.substr(0, bytes)) == character.size());
        }
        CHECK(whole_characters("ab" + character) == 2 + character.size());
    }
}

TEST_CASE("bytes that are no UTF-8 are not held for ever") {
    CHECK(whole_characters("\x80") == 1); // continuation of nothing
    CHECK(whole_characters("\x80\x80\x80\x80") == 4);
    CHECK(whole_characters("\xFF") == 1); // never a lead byte
    CHECK(whole_characters("\xC0") == 1);
    CHECK(whole_characters("\xF5") == 1);
    CHECK(whole_characters("\xC3"
                           "a") == 2); // a sequence that broke off
}

TEST_CASE("plain text has Unix line ends and no byte order mark") {
    CHECK(plain_text("") == "");
    CHECK(plain_text("a\r\nb\r\n") == "a\nb\n");
    CHECK(plain_text("\xEF\xBB\xBF"
                     "a\r\n") == "a\n");
    CHECK(plain_text("a\rb\n\rc\r\r\nd") == "a\rb\n\rc\r\nd"); // a lone \r is no line end here
    CHECK(plain_text("a\r\nb\r") == "a\nb");
    CHECK(plain_text("a\xEF\xBB\xBF") == "a\xEF\xBB\xBF"); // nor this a mark
    CHECK(plain_text("\xEF\xBB") == "\xEF\xBB");
    const std::string zero("a\0\r\nb", 5);
    CHECK(plain_text(zero) == std::string("a\0\nb", 4));
}

TEST_CASE("what a terminal would obey is shown as numbers") {
    CHECK(printable("plain ~ \\ \"text\"") == "plain ~ \\ \"text\"");
    CHECK(printable("caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80") ==
          "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80");
    CHECK(printable("a\n\r\t\x1B[2J\x7F") == "a\\x0a\\x0d\\x09\\x1b[2J\\x7f");
    CHECK(printable(std::string("\0", 1)) == "\\x00");
    CHECK(printable("\xC2\x9B"
                    "2J\xC2\xA0") == "\\xc2\\x9b"
                                     "2J\xC2\xA0"); // C1, and the character after C1
    CHECK(printable("\x9B"
                    "2J") == "\\x9b"
                             "2J"); // no UTF-8
    CHECK(printable("\xE2\x82") == "\\xe2\\x82");
    CHECK(printable("\xE2\x82g\xFF") == "\\xe2\\x82g\\xff");
    CHECK(printable("\xE0\x80\x9B") == "\\xe0\\x80\\x9b"); // C1 in a byte more than it needs
    CHECK(printable("\xED\xA0\x80") == "\\xed\\xa0\\x80"); // half of a pair of UTF-16
}

TEST_CASE("strip takes white space off both ends") {
    CHECK(strip(" \n\ta b\r\n ") == "a b");
    CHECK(strip(" \n ").empty());
    CHECK(strip("").empty());
}

TEST_CASE("stories are between their separators") {
    using Stories = std::vector<std::string>;
    CHECK(split_stories("") == Stories{});
    CHECK(split_stories(" \n") == Stories{});
    CHECK(split_stories("<|endoftext|>") == Stories{});
    CHECK(split_stories("one") == Stories{"one"});
    CHECK(split_stories(" a b\n<|endoftext|>\n\n<|endoftext|>c<|endoftext|>") ==
          Stories{"a b", "c"});
    CHECK(split_stories("a<|endoftext|>b") == Stories{"a", "b"});
    CHECK(split_stories("a<|endoftext|") == Stories{"a<|endoftext|"});
}

TEST_CASE("a float as the double that prints alike") {
    CHECK(as_written(1e-5f) == 1e-5);
    CHECK(as_written(0.1f) == 0.1);
    CHECK(as_written(3.0f) == 3.0);
}

TEST_CASE("a number is the whole text, in decimal") {
    CHECK(parse_number<std::size_t>("010") == 10);
    CHECK(parse_number<std::uint8_t>("255") == 255);
    CHECK(parse_number<float>("010.5") == 10.5f);
    CHECK(parse_number<float>("-1e-3") == -1e-3f);
    for (const char* bad : {"", " 1", "1 ", "0x10", "0b1", "+1", "1,5", "1_000", "abc", "--1"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_number<std::size_t>(bad));
        CHECK_FALSE(parse_number<float>(bad));
    }
    CHECK_FALSE(parse_number<std::size_t>("-1"));
    CHECK_FALSE(parse_number<std::size_t>("1.0"));
    CHECK_FALSE(parse_number<std::uint8_t>("256"));
    for (const char* far : {"1e39", "-1e39", "1e-50", "1e999"}) {
        CAPTURE(far);
        CHECK_FALSE(parse_number<float>(far));
    }
    CHECK(parse_number<float>("1e-40") == 1e-40f); // subnormal, and a number
    CHECK(parse_number<double>("1e39") == 1e39);
    CHECK(parse_number<float>(".5") == 0.5f);
    CHECK(parse_number<float>("5.") == 5.0f);
    CHECK(parse_number<float>("inf").value() > 3e38f);
    CHECK(parse_number<float>("nan").has_value());
    for (const char* bad : {"-", ".", "- 1", "-+1", "e5", "1e", "1e+", "0X1p3", "-0x1"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_number<float>(bad));
    }
}

TEST_CASE("ids are whole numbers below the vocabulary") {
    CHECK(parse_ids(" 1 2\t3\n", 10, "x") == std::vector<int>{1, 2, 3});
    CHECK(parse_ids("", 10, "x").empty());
    CHECK(parse_ids("9", 10, "x") == std::vector<int>{9});
    for (const char* bad :
         {"10", "-1", "1.5", "abc", "1,2", "4294967296", "0x1", "+1", "1 2 99999"}) {
        CAPTURE(bad);
        CHECK_THROWS_AS(parse_ids(bad, 10, "x"), UserError);
    }
}

TEST_CASE("a file is written whole, or not at all and with the cause") {
    const support::Folder folder;
    const std::string path = as_text(folder.path) + "/f";
    write_file(path, [](std::ostream& out) { out << std::string("a\0\n", 3); });
    CHECK(read_text(path) == std::string("a\0\n", 3));
    CHECK_THROWS_WITH(write_file(path + "/none", [](std::ostream&) {}),
                      StartsWith(path + "/none: could not be written: "));
    CHECK_THROWS_AS(write_file(path, [](std::ostream& out) { out.setstate(std::ios::failbit); }),
                    UserError);
    CHECK(read_text(path).size() == 3);
}

TEST_CASE("files that cannot be read say why") {
    CHECK_THROWS_AS(read_text("/no/such/file"), UserError);
    CHECK_THROWS_AS(read_text("/"), UserError); // a directory
}
