// SPDX-License-Identifier: MIT
// The .bitnet file: what is written is read, and every damaged or hostile file is refused with a
// message. Run under ASan and UBSan as well: refusing must not read a byte outside.
#include "error.hpp"
#include "model_file.hpp"
#include "tiny_model.hpp"

#include <catch2/catch_test_macros.hpp>

#include <bit>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <string>
#include <vector>

using namespace bitnet::example;
using Bytes = std::vector<std::byte>;

namespace {

// docs/formats.md, once more, so that a slip in the code's own table shows.
constexpr std::size_t at_version = 8, at_header_bytes = 12, at_checksum = 16, at_file_bytes = 24,
                      at_json_bytes = 32, at_tensors = 36;
constexpr std::size_t rec_kind = 64, rec_reserved = 68, rec_rows = 72, rec_cols = 80,
                      rec_offset = 88, rec_bytes = 96, rec_checksum = 104, rec_zero = 112;

template <class T>
T get(const Bytes& file, std::size_t at) {
    T value;
    std::memcpy(&value, file.data() + at, sizeof value);
    return value;
}
template <class T>
void put(Bytes& file, std::size_t at, T value) {
    std::memcpy(file.data() + at, &value, sizeof value);
}

std::uint64_t fnv(const Bytes& file, std::size_t begin, std::size_t end) {
    std::uint64_t hash = 0xcbf29ce484222325u;
    for (std::size_t at = begin; at < end; at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, file.data() + at, std::min<std::size_t>(8, end - at));
        hash = (hash ^ word) * 0x100000001b3u;
    }
    return hash;
}

// Makes the header's checksum right again, as an attacker would.
void seal(Bytes& file) {
    put<std::uint64_t>(file, at_checksum, 0);
    const std::size_t end =
        std::min<std::size_t>(get<std::uint32_t>(file, at_header_bytes), file.size());
    put(file, at_checksum, fnv(file, 0, end));
}

std::size_t record(const Bytes& file, std::size_t index) {
    return 64 + get<std::uint32_t>(file, at_json_bytes) + 128 * index;
}

// The message with which `file` is refused; empty when it is accepted.
std::string refusal(const Bytes& file) {
    const tiny::Aligned copy(file);
    try {
        const ModelFile model("m", copy.bytes());
        return {};
    } catch (const UserError& error) {
        return error.what();
    }
}

void check_refused(const Bytes& file, const std::string& why) {
    const std::string message = refusal(file);
    CAPTURE(message, why);
    CHECK(message.starts_with("m: "));
    CHECK(message.find(why) != std::string::npos);
    CHECK(message.find('\n') == std::string::npos);
}

Bytes tiny_file() {
    static const Bytes file = tiny::make({}).file();
    return file;
}

// A file of three small tensors, to be damaged at every byte.
Bytes small_file() {
    ModelWriter writer(tiny::make({}).config);
    writer.add_f32("a", 2, 3, std::vector<float>{1, 2, 3, 4, 5, 6});
    writer.add_f16("b", 1, 5, std::vector<float>{1, 2, 3, 4, 5});
    writer.add_merges(std::vector<std::array<std::uint16_t, 2>>{{1, 2}, {3, 258}});
    return writer.bytes();
}

} // namespace

TEST_CASE("what is written is read") {
    const tiny::Model model = tiny::make({});
    const tiny::Aligned copy(model.file());
    const ModelFile file("m", copy.bytes());
    CHECK(file.tensors().size() == model.tensors.size() + 1);
    for (const auto& [name, tensor] : model.tensors) {
        const TensorInfo& info = file.require(name, tensor.rows, tensor.cols);
        CHECK(info.kind == tensor.kind);
        CHECK(info.offset % 64 == 0);
        if (tensor.kind == TensorKind::f32 || tensor.kind == TensorKind::f16) {
            CHECK(file.floats(info) == tensor.values);
        }
    }
    CHECK(file.merges() == model.merges);
    CHECK(config_json(file.config()) == config_json(model.config));
    CHECK(file.find("nothing") == nullptr);
    CHECK_THROWS_AS(file.require("nothing", 1, 1), UserError);
    CHECK_THROWS_AS(file.require("model.norm.weight", 48, 1), UserError);
    CHECK_THROWS_AS(file.floats(*file.find("tokenizer.merges")), UserError);
}

TEST_CASE("the layout is the documented one, to the byte") {
    const Bytes file = small_file();
    CHECK(std::memcmp(file.data(), "BITNETv1", 8) == 0);
    CHECK(get<std::uint32_t>(file, at_version) == 1);
    CHECK(get<std::uint64_t>(file, at_file_bytes) == file.size());
    CHECK(get<std::uint32_t>(file, at_tensors) == 3);
    const std::size_t json = get<std::uint32_t>(file, at_json_bytes);
    CHECK(json % 64 == 0);
    const std::size_t head = get<std::uint32_t>(file, at_header_bytes);
    CHECK(head == 64 + json + 3 * 128);
    Bytes zeroed = file;
    put<std::uint64_t>(zeroed, at_checksum, 0);
    CHECK(get<std::uint64_t>(file, at_checksum) == fnv(zeroed, 0, head));

    const std::size_t b = record(file, 1);
    CHECK(std::string(reinterpret_cast<const char*>(file.data() + b)) == "b");
    CHECK(get<std::uint32_t>(file, b + rec_kind) == 1);
    CHECK(get<std::uint64_t>(file, b + rec_rows) == 1);
    CHECK(get<std::uint64_t>(file, b + rec_cols) == 5);
    CHECK(get<std::uint64_t>(file, b + rec_offset) == head + 64);
    CHECK(get<std::uint64_t>(file, b + rec_bytes) == 10);
    CHECK(get<std::uint64_t>(file, b + rec_checksum) == fnv(file, head + 64, head + 74));
    CHECK(get<std::uint16_t>(file, head + 64) == 0x3C00); // 1.0 as a half
    CHECK(get<float>(file, head + 20) == 6.0f);
    CHECK(file.size() == head + 3 * 64);
}

TEST_CASE("a checksum written down") { // FNV-1a 64 over two words: 0x0706050403020100 and 0x08
    Bytes bytes;
    for (int i = 0; i < 9; ++i) {
        bytes.push_back(static_cast<std::byte>(i));
    }
    CHECK(checksum({}) == 0xcbf29ce484222325u);
    CHECK(checksum(bytes) == fnv(bytes, 0, 9));
}

TEST_CASE("every flipped bit is noticed") {
    const Bytes file = small_file();
    REQUIRE(refusal(file).empty());
    for (std::size_t at = 0; at < file.size(); ++at) {
        Bytes damaged = file;
        damaged[at] ^= static_cast<std::byte>(1u << (at % 8));
        CAPTURE(at);
        REQUIRE_FALSE(refusal(damaged).empty());
    }
    const Bytes large = tiny_file();
    for (std::size_t at = 0; at < large.size(); at += 97) {
        Bytes damaged = large;
        damaged[at] = ~damaged[at];
        REQUIRE_FALSE(refusal(damaged).empty());
    }
}

TEST_CASE("flipped bytes behind a right checksum are refused or harmless") {
    const Bytes file = small_file();
    const std::size_t head = get<std::uint32_t>(file, at_header_bytes);
    for (std::size_t at = 8; at < head; ++at) {
        for (const unsigned mask : {0x01u, 0x80u, 0xFFu}) {
            Bytes damaged = file;
            damaged[at] ^= static_cast<std::byte>(mask);
            seal(damaged);
            const tiny::Aligned copy(damaged);
            try { // names and config values may change; whatever is accepted must be readable
                const ModelFile model("m", copy.bytes());
                for (const TensorInfo& tensor : model.tensors()) {
                    REQUIRE(model.bytes(tensor).size() == tensor.bytes);
                    if (value_bytes(tensor.kind) != 0 && tensor.kind != TensorKind::u16) {
                        static_cast<void>(model.floats(tensor));
                    }
                }
            } catch (const UserError&) {
            }
        }
    }
}

TEST_CASE("a file that is too short or too long is refused") {
    const Bytes file = small_file();
    for (std::size_t size = 0; size < file.size(); ++size) {
        Bytes cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
        REQUIRE_FALSE(refusal(cut).empty());
        if (size >= 64) { // and with a header that agrees with the size
            put<std::uint64_t>(cut, at_file_bytes, size);
            seal(cut);
            REQUIRE_FALSE(refusal(cut).empty());
        }
    }
    Bytes longer = file;
    longer.resize(file.size() + 64);
    check_refused(longer, "the header states");
    put<std::uint64_t>(longer, at_file_bytes, longer.size());
    seal(longer);
    check_refused(longer, "does not end where its last tensor does");
}

TEST_CASE("hostile headers") {
    const auto with = [](const std::function<void(Bytes&)>& change) {
        Bytes file = small_file();
        change(file);
        seal(file);
        return file;
    };
    const auto header32 = [&](std::size_t at, std::uint32_t value) {
        return with([=](Bytes& file) { put(file, at, value); });
    };
    check_refused(header32(0, 0), "not a .bitnet file");
    check_refused(header32(at_version, 2), "version 2");
    check_refused(header32(at_json_bytes, 0xFFFFFFC0u), "JSON size");
    check_refused(header32(at_json_bytes, 100), "JSON size");
    check_refused(header32(at_tensors, 0xFFFFFFFFu), "tensors; the cap");
    check_refused(header32(at_tensors, 4), "do not fit together");
    check_refused(header32(at_header_bytes, 0), "do not fit together");
    check_refused(header32(at_header_bytes, 0xFFFFFFFFu), "do not fit together");
    check_refused(header32(40, 1), "reserved bytes");
    check_refused(header32(60, 1), "reserved bytes");
}

TEST_CASE("hostile records") {
    const auto with = [](std::size_t index, std::size_t field, std::uint64_t value) {
        Bytes file = small_file();
        put(file, record(file, index) + field, value);
        seal(file);
        return file;
    };
    constexpr std::uint64_t huge = std::numeric_limits<std::uint64_t>::max();
    check_refused(with(0, rec_kind, 3), "unknown kind 3");
    check_refused(with(0, rec_kind, 99), "unknown kind 99");
    check_refused(with(0, rec_kind, std::uint64_t{1} << 32),
                  "reserved bytes"); // kind 0, reserved 1
    check_refused(with(0, rec_zero, 1), "reserved bytes");
    check_refused(with(0, rec_zero + 8, 1), "reserved bytes");
    for (const std::uint64_t extent :
         {std::uint64_t{0}, huge, std::uint64_t{1} << 31, std::uint64_t{1} << 62}) {
        check_refused(with(0, rec_rows, extent), "impossible shape");
        check_refused(with(0, rec_cols, extent), "impossible shape");
    }
    check_refused(with(0, rec_rows, (std::uint64_t{1} << 31) - 1), "do not fit its shape");
    for (const std::uint64_t offset :
         {std::uint64_t{0}, std::uint64_t{64}, huge, huge - 63, std::uint64_t{1} << 63}) {
        check_refused(with(1, rec_offset, offset), "does not lie where it must");
    }
    for (const std::uint64_t bytes : {std::uint64_t{0}, huge, huge - 127, std::uint64_t{1} << 40}) {
        check_refused(with(1, rec_bytes, bytes), "does not lie where it must");
    }
    check_refused(with(1, rec_bytes, 12), "do not fit its shape");
    check_refused(with(1, rec_checksum, 0), "checksum of tensor b");
    // 2^31 - 1 by 2^31 - 1 values, whose bytes overflow 64 bits if taken carelessly
    Bytes file = with(0, rec_rows, (std::uint64_t{1} << 31) - 1);
    put(file, record(file, 0) + rec_cols, (std::uint64_t{1} << 31) - 1);
    seal(file);
    check_refused(file, "do not fit its shape");
}

TEST_CASE("hostile names") {
    const auto named = [](const std::string& name, bool terminated = true) {
        Bytes file = small_file();
        const std::size_t at = record(file, 1);
        std::memset(file.data() + at, terminated ? 0 : 'x', 64);
        std::memcpy(file.data() + at, name.data(), name.size());
        seal(file);
        return file;
    };
    CHECK(refusal(named("other")).empty());
    check_refused(named("a"), "stands twice");
    check_refused(named(""), "illegal name");
    check_refused(named("", false), "illegal name"); // no terminating zero
    check_refused(named(std::string("x\0y", 3)), "illegal name");
    check_refused(named("line\nend"), "illegal name");
    check_refused(named("\xC3\xA9"), "illegal name");
    check_refused(named("a b"), "illegal name");
}

TEST_CASE("bytes between tensors must be zero") {
    const Bytes file = small_file();
    const std::size_t head = get<std::uint32_t>(file, at_header_bytes);
    for (const std::size_t gap : {head + 24, head + 63, head + 64 + 10}) {
        Bytes damaged = file;
        damaged[gap] = std::byte{1};
        check_refused(damaged, "not zero");
    }
    Bytes damaged = file;
    damaged.back() = std::byte{1};
    check_refused(damaged, "does not end");
}

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

TEST_CASE("the writer refuses what the reader would") {
    ModelWriter writer(tiny::make({}).config);
    const std::vector<float> two = {1, 2};
    writer.add_f32("a", 1, 2, two);
    CHECK_THROWS_AS(writer.add_f32("a", 1, 2, two), UserError);
    CHECK_THROWS_AS(writer.add_f32("b", 1, 3, two), UserError);
    CHECK_THROWS_AS(writer.add_f32("", 1, 2, two), UserError);
    CHECK_THROWS_AS(writer.add_f32(std::string(64, 'x'), 1, 2, two), UserError);
    CHECK_NOTHROW(writer.add_f32(std::string(63, 'x'), 1, 2, two));
    CHECK_THROWS_AS(writer.add_f16("h", 1, 2, std::vector<float>{1, 65520}), UserError);
    CHECK_THROWS_AS(writer.add_f16("h", 1, 2, std::vector<float>{1, std::nanf("")}), UserError);
    CHECK_THROWS_AS(writer.add("p", TensorKind::ternary_int8, 1, 1, {}), UserError);
    CHECK_THROWS_AS(writer.add("k", static_cast<TensorKind>(5), 1, 1, Bytes(4)), UserError);
    CHECK(refusal(writer.bytes()).empty());
}

TEST_CASE("files on disk") {
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() /
        ("bitnet-test-" + std::to_string(std::hash<std::string>{}(__FILE__ __TIME__)));
    std::filesystem::create_directories(folder);
    const std::string path = (folder / "m.bitnet").string();
    ModelWriter writer(tiny::make({}).config);
    writer.add_f32("a", 1, 2, std::vector<float>{1, 2});
    writer.write(path);
    CHECK(ModelFile(path).floats(*ModelFile(path).find("a")) == std::vector<float>{1, 2});
    CHECK_FALSE(std::filesystem::exists(path + ".part"));
    CHECK_THROWS_AS(writer.write((folder / "none" / "m.bitnet").string()), UserError);

    std::ofstream(folder / "empty").flush();
    CHECK_THROWS_AS(ModelFile((folder / "empty").string()), UserError);
    CHECK_THROWS_AS(ModelFile((folder / "missing").string()), UserError);
    CHECK_THROWS_AS(ModelFile(folder.string()), UserError);
    std::filesystem::remove_all(folder);
}

TEST_CASE("halves") {
    const auto by_definition = [](std::uint16_t half) {
        const double sign = (half & 0x8000) != 0 ? -1.0 : 1.0;
        const int exponent = (half >> 10) & 31;
        const int fraction = half & 1023;
        return exponent == 0 ? sign * std::ldexp(fraction, -24)
                             : sign * std::ldexp(1024 + fraction, exponent - 25);
    };
    for (unsigned bits = 0; bits < 65536; ++bits) {
        const auto half = static_cast<std::uint16_t>(bits);
        const float value = half_to_float(half);
        if ((half & 0x7C00) == 0x7C00) {
            REQUIRE(((half & 0x3FF) != 0 ? std::isnan(value) : std::isinf(value)));
            continue;
        }
        REQUIRE(static_cast<double>(value) == by_definition(half));
        REQUIRE(float_to_half(value) == half);
        if ((half & 0x7FFF) == 0x7BFF) {
            continue; // the largest has no neighbour
        }
        // Midway to the next half: ties to even; a little less or more goes to the nearer.
        const auto next = static_cast<std::uint16_t>(half + 1);
        const auto middle =
            static_cast<float>((by_definition(half) + by_definition(next)) / 2); // exact
        REQUIRE(float_to_half(middle) == ((half & 1) == 0 ? half : next));
        REQUIRE(float_to_half(std::nextafter(middle, value)) == half);
        REQUIRE(float_to_half(std::nextafter(middle, half_to_float(next))) == next);
    }
    CHECK(float_to_half(65519.0f) == 0x7BFF);
    CHECK(float_to_half(65520.0f) == 0x7C00);
    CHECK(float_to_half(-1e30f) == 0xFC00);
    CHECK(std::isnan(half_to_float(float_to_half(std::nanf("")))));
}
