// SPDX-License-Identifier: MIT
// The safetensors container: what is read, and every damaged or hostile file refused with a message
// that says where. Run under ASan and UBSan as well: refusing must not read a byte outside.
#include "allocations.hpp"
#include "refusal.hpp"
#include "safetensors.hpp"
#include "safetensors_bytes.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

using namespace bitnet::example;
using namespace safetensors_bytes;

namespace {

std::string refusal(const Bytes& file) {
    return support::refusal([&] { const SafetensorsFile read("m", file); });
}
void check_refused(const Bytes& file, const std::string& why) {
    const std::string message = refusal(file);
    CAPTURE(message, why);
    CHECK(message.starts_with("m: "));
    CHECK(message.find(why) != std::string::npos);
    CHECK(message.find('\n') == std::string::npos);
}
void check_refused(const std::string& json, const std::string& why) {
    check_refused(file_of(json, Bytes(64)), why);
}

// A tensor of 64 bytes.
std::string tensor(const std::string& dtype, const std::string& shape,
                   const std::string& offsets = "[0,64]") {
    return "{\"a\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape +
           ",\"data_offsets\":" + offsets + "}}";
}

} // namespace

TEST_CASE("tensors of a safetensors file are read") {
    const Bytes file = file_of({f32("a", {1.0f, 2.0f}),
                                bf16("b", 2, 3),
                                {"scalar", "F32", {}, Bytes(4)},
                                packed("p", 6, 5),
                                {"long", "I64", {3}, Bytes(24)}});
    const SafetensorsFile read("m", file);
    REQUIRE(read.tensors().size() == 5);
    const SafeTensor* b = read.find("b");
    REQUIRE(b != nullptr);
    CHECK(b->dtype == "BF16");
    CHECK(b->rows == 2);
    CHECK(b->cols == 3);
    CHECK(b->bytes.size() == 12);
    CHECK(b->bytes[2] == std::byte{0x81});
    CHECK(read.find("a")->rows == 1);
    CHECK(read.find("a")->cols == 2);
    CHECK(read.find("scalar")->rows == 1);
    CHECK(read.find("scalar")->cols == 1);
    CHECK(read.find("p")->rows == 2);
    CHECK(read.find("none") == nullptr);
    // Tensors may stand in any order in the header.
    CHECK(refusal(file_of(R"({"b":{"dtype":"U8","shape":[32],"data_offsets":[32,64]},)"
                          R"("a":{"data_offsets":[0,32],"shape":[32],"dtype":"I8"}}  )",
                          Bytes(64)))
              .empty());
    CHECK(refusal(file_of("{}", {})).empty());
}

TEST_CASE("hostile safetensors headers") {
    for (const std::size_t size : {0u, 1u, 7u, 8u, 9u}) {
        check_refused(Bytes(size), "not a safetensors file");
    }
    Bytes file = file_of({f32("a", {1.0f})});
    REQUIRE(refusal(file).empty());
    for (const std::uint64_t length :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{file.size() - 7}, ~std::uint64_t{0},
          ~std::uint64_t{0} - 7, std::uint64_t{1} << 63, std::uint64_t{100'000'001}}) {
        file_words::put(file.data(), length);
        check_refused(file, "not a safetensors file");
    }
    CHECK(refusal(file_of(tensor("F32", "[16]"), Bytes(64))).empty());
    CHECK(refusal(file_of(tensor("F32", "[4,4]"), Bytes(64))).empty());
    check_refused(tensor("F32", "[15]"), "tensor a: 64 bytes do not fit its shape");
    check_refused(tensor("F64", "[16]"), "tensor a: 64 bytes do not fit its shape");
    check_refused(tensor("F31", "[16]"), "tensor a: unknown dtype \"F31\"");
    check_refused(tensor("F32", "[16,1,1]"), "tensor a: \"shape\" has more than two numbers");
    check_refused(tensor("F32", "[0]"), "tensor a: an impossible extent 0");
    check_refused(tensor("F32", "[2147483648]"), "tensor a: an impossible extent 2147483648");
    check_refused(tensor("F32", "[18446744073709551615]"), "tensor a: an impossible extent");
    check_refused(tensor("F32", "[18446744073709551616]"), "m: ");
    check_refused(tensor("U8", "[2147483647,2147483647]"), "tensor a: 64 bytes do not fit");
    for (const char* number : {"-1", "1.5", "\"8\"", "null", "true", "[8]", "{}", "1e400"}) {
        check_refused(tensor("F32", "[" + std::string(number) + "]"), "m: ");
        check_refused(tensor("F32", "[16]", "[0," + std::string(number) + "]"), "m: ");
    }
    for (const char* offsets : {"[0,63]", "[0,65]", "[4,64]", "[64,0]", "[0,18446744073709551615]",
                                "[18446744073709551615,64]", "[0]", "[]", "[0,32,64]"}) {
        check_refused(tensor("F32", "[16]", offsets), "tensor a: ");
    }
    check_refused(tensor("F32", "[8]", "[0,32]"), "m: 32 bytes follow the last tensor");
    std::string many = "{";
    for (int i = 0; i <= 65536; ++i) { // the cap and one more, all of them empty
        many += (i == 0 ? "\"" : ",\"") + std::to_string(i) +
                R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
    }
    check_refused(many + "}", "m: more than 65536 tensors");
    const std::string half = R"({"dtype":"U8","shape":[32],"data_offsets":[0,32]})";
    check_refused("{\"a\":" + half + ",\"b\":" + half + "}", "tensor b: its bytes 0 to 32 do not");
    check_refused("{\"a\":" + half + R"(,"a":{"dtype":"U8","shape":[32],"data_offsets":[32,64]}})",
                  "tensor a: it is there twice");
    check_refused("{\"a\":" + half + R"(,"b":{"dtype":"U8","shape":[31],"data_offsets":[33,64]}})",
                  "tensor b: its bytes 33 to 64 do not lie behind the tensor before");
    for (const char* json :
         {"{\"a\":7}", "{\"a\":[]}", "{\"a\":null}", "{\"a\":\"x\"}", "{\"a\":{}}",
          "{\"a\":{\"dtype\":\"U8\",\"shape\":[64]}}",
          "{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,64]}}",
          "{\"a\":{\"shape\":[64],\"data_offsets\":[0,64]}}",
          "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[64],\"data_offsets\":[0,64]}}",
          "{\"a\":{\"dtype\":\"U8\",\"shape\":[64],\"shape\":[64],\"data_offsets\":[0,64]}}",
          "{\"a\":{\"dtype\":{},\"shape\":[64],\"data_offsets\":[0,64]}}",
          "{\"a\":{\"dtype\":\"U8\",\"shape\":64,\"data_offsets\":[0,64]}}",
          "{\"a\":{\"dtype\":\"U8\",\"shape\":[64],\"data_offsets\":[0,64],\"more\":1}}",
          "{\"a\":{\"dtype\":\"U8\",\"shape\":[64],\"data_offsets\":[0,64],\"more\":\"x\"}}",
          "{\"__metadata__\":7}", "{\"__metadata__\":{\"x\":{}}}", "{\"__metadata__\":{\"x\":[]}}",
          "{\"__metadata__\":{\"x\":7}}"}) {
        check_refused(json, "the header is not an object of tensors");
    }
    for (const char* json : {"{ ", "{\"a\"", "{}x", "{}{}", "{\"a\xFF\":{}}", "{\"a\":}"}) {
        check_refused(json, "its header holds no valid JSON");
    }
    check_refused("{\"\":" + half + "}", "an illegal name");
    check_refused("{\"" + std::string(257, 'x') + "\":" + half + "}", "an illegal name");
    check_refused("{\"a\":" + std::string(100000, '['), "m: ");
    std::string deep = "{";
    for (int i = 0; i < 50000; ++i) deep += "\"a\":{";
    check_refused(deep, "m: ");
    check_refused(R"({"line\nend":)" + half + "}", "m: "); // 32 bytes are left
}

TEST_CASE("a safetensors file that is cut anywhere is refused") {
    const Bytes file = file_of(model({.packed = true}).tensors);
    REQUIRE(refusal(file).empty());
    for (std::size_t size = 0; size < file.size(); ++size) {
        const Bytes cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
        CAPTURE(size);
        REQUIRE_FALSE(refusal(cut).empty());
    }
}

TEST_CASE("a model with flipped bits is refused, or is a model, in little memory") {
    std::mt19937 engine(1);
    const auto random = [&](std::size_t limit) {
        return static_cast<std::size_t>(engine()) % limit;
    };
    for (const Options& options : {Options{.packed = true}, Options{.model_type = "bitnet"}}) {
        const Model sound = model(options);
        const Bytes file = file_of(sound.tensors);
        const std::size_t head = 8 + file_words::get<std::uint64_t>(file.data());
        const auto read = [&](const Model& files, const Bytes& bytes) {
            return support::refusal([&] { checkpoint_of(directory_of(files, bytes)); });
        };
        REQUIRE(read(sound, file).empty());
        std::size_t refused = 0;
        for (int i = 0; i < 10000; ++i) {
            Bytes damaged = file;
            Model files = sound;
            for (std::size_t flips = 1 + random(3); flips > 0; --flips) {
                if (i % 4 == 0) {
                    char& c = files.config[random(files.config.size())];
                    c = static_cast<char>(c ^ 1 << random(8));
                } else {
                    const std::size_t at = random(i % 16 == 1 ? file.size() : head);
                    damaged[at] ^= static_cast<std::byte>(1u << random(8));
                }
            }
            std::string message;
            const std::size_t peak = support::peak_bytes([&] { message = read(files, damaged); });
            CAPTURE(i, message);
            REQUIRE((message.empty() || message.starts_with("m")));
            REQUIRE(message.find('\n') == std::string::npos);
            REQUIRE(peak <= 4 * (file.size() + files.config.size()) + 32768);
            if (!message.empty()) ++refused;
        }
        CHECK(refused > 7000);
    }
}
