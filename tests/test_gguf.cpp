// SPDX-License-Identifier: MIT
// The GGUF container: what is read, and every damaged or hostile file refused with a message that
// says where. Run under ASan and UBSan as well: refusing must not read a byte outside.
#include "allocations.hpp"
#include "gguf.hpp"
#include "gguf_bytes.hpp"
#include "gguf_model.hpp"
#include "gguf_types.hpp"
#include "refusal.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstdint>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

using namespace bitnet::example;
using namespace gguf_bytes;

namespace {

std::string refusal(const Bytes& file) {
    return support::refusal([&] { const GgufFile read("m", file); });
}
std::string refusal(const File& file) {
    return refusal(file.bytes());
}
void check_refused(const Bytes& file, const std::string& why) {
    const std::string message = refusal(file);
    CAPTURE(message, why);
    CHECK(message.starts_with("m: "));
    CHECK(message.find(why) != std::string::npos);
    CHECK(message.find('\n') == std::string::npos);
}
void check_refused(const File& file, const std::string& why) {
    check_refused(file.bytes(), why);
}

constexpr std::uint64_t huge = std::numeric_limits<std::uint64_t>::max();

// Two tensors of one type, and a third behind them.
File two(const Block& block, std::size_t cols = 256) {
    File file;
    file.tensors = {tensor("a", 3, cols, block), tensor("b", 5, cols, block),
                    vector("c", {1.0f, 2.0f})};
    return file;
}

} // namespace

TEST_CASE("values of every type are read") {
    File file;
    file.set(value("text", "words"));
    file.set(value("flag", true));
    file.set(value("whole", 7u));
    file.set(value("float", 0.25f));
    file.set({"negative", 1, {std::byte{0xFF}}});
    Bytes eight;
    append<std::int64_t>(eight, 1'000'000'000'000);
    file.set({"long", 11, eight});
    Bytes twelve;
    append(twelve, 1.5);
    file.set({"double", 12, twelve});
    file.set({"short", 2, {std::byte{1}, std::byte{2}}});
    file.set(list("texts", string_type, std::vector<std::string>{"", "x", "yz"}));
    file.set(list("integers", i32_type, std::vector<std::int32_t>{-1, 5}));
    file.set(list("floats", f32_type, std::vector<float>{0.5f}));
    for (const std::uint32_t version : {2u, 3u}) {
        file.version = version;
        const Bytes bytes = file.bytes();
        const GgufFile read("m", bytes);
        CHECK(read.text("text") == "words");
        CHECK(read.flag("flag") == true);
        CHECK(read.whole("whole") == 7);
        CHECK(read.whole("short") == 0x201);
        CHECK(read.whole("long") == 1'000'000'000'000);
        CHECK(read.number("float") == 0.25);
        CHECK(read.number("double") == 1.5);
        CHECK(read.texts("texts") == std::vector<std::string>{"", "x", "yz"});
        CHECK(read.integers("integers") == std::vector<std::int32_t>{-1, 5});
        CHECK(read.floats("floats") == std::vector<float>{0.5f});
        CHECK_FALSE(read.whole("none"));
        CHECK(read.texts("none").empty());
        const auto wrong = [&](const auto& ask) { return support::refusal(ask); };
        CHECK(wrong([&] { read.whole("negative"); }) ==
              "m: key negative: it must be a whole number, not below 0");
        CHECK(wrong([&] { read.whole("float"); }).starts_with("m: key float:"));
        CHECK(wrong([&] { read.whole("texts"); }).starts_with("m: key texts:"));
        CHECK(wrong([&] { read.number("whole"); }).starts_with("m: key whole:"));
        CHECK(wrong([&] { read.text("whole"); }).starts_with("m: key whole:"));
        CHECK(wrong([&] { read.text("texts"); }).starts_with("m: key texts:"));
        CHECK(wrong([&] { read.flag("whole"); }).starts_with("m: key whole:"));
        // Arrays of another type than is asked for, which a careless reader would cast.
        CHECK(wrong([&] { read.texts("integers"); }).starts_with("m: key integers:"));
        CHECK(wrong([&] { read.texts("text"); }).starts_with("m: key text:"));
        CHECK(wrong([&] { read.integers("floats"); }).starts_with("m: key floats:"));
        CHECK(wrong([&] { read.floats("texts"); }).starts_with("m: key texts:"));
    }
}

TEST_CASE("tensors of every type are read") {
    for (const Block& block : {f32, f16, q4_0, q8_0, q6_k, bf16, tq1_0, tq2_0, i2_s, q1_0, q2_0_g64,
                               q2_0_g128, pq2_0, ptq1_0}) {
        CAPTURE(block.type, block.bytes);
        const File file = two(block);
        const Bytes bytes = file.bytes();
        const GgufFile read("m", bytes);
        const GgufTensor* b = read.find_tensor("b");
        REQUIRE(b != nullptr);
        CHECK(b->rows == 5);
        CHECK(b->cols == 256);
        CHECK(b->scale == (block.tail != 0 ? 0.5f : 1.0f));
        CHECK(format_of(b->type).values == block.values);
        CHECK(format_of(b->type).bytes == block.bytes);
        const Bytes& written = file.tensors[1].bytes;
        CHECK(Bytes(b->bytes.begin(), b->bytes.end()) ==
              Bytes(written.begin(), written.end() - static_cast<std::ptrdiff_t>(block.tail)));
        CHECK(read.find_tensor("no") == nullptr);
    }
}

TEST_CASE("hostile GGUF headers") {
    const Bytes good = two(f16).bytes();
    REQUIRE(refusal(good).empty());
    const auto with32 = [&](std::size_t at, std::uint32_t number) {
        Bytes file = good;
        file_words::put(file.data() + at, number);
        return file;
    };
    const auto with64 = [&](std::size_t at, std::uint64_t number) {
        Bytes file = good;
        file_words::put(file.data() + at, number);
        return file;
    };
    check_refused(with32(0, 0x46554746u), "not a GGUF file");
    check_refused(with32(4, 1), "version 1;");
    check_refused(with32(4, 4), "version 4;");
    check_refused(with32(4, 0x03000000u), "big-endian");
    for (const std::uint64_t count :
         {huge, huge / 2, std::uint64_t{1} << 32, std::uint64_t{65536}}) {
        check_refused(with64(8, count), "no room for");
        check_refused(with64(16, count), "no room for");
    }
}

TEST_CASE("hostile GGUF keys") {
    const auto with = [](const Value& v) {
        File file = two(f16);
        file.set(v);
        return file;
    };
    const auto counted = [](std::uint32_t type, std::uint64_t count) {
        Value v{"list", array_type, {}};
        append(v.bytes, type);
        append(v.bytes, count);
        return v;
    };
    for (const std::uint32_t type : {13u, 14u, 255u, 0x80000000u, 0xFFFFFFFFu}) {
        check_refused(with({"k", type, {}}), "key k: unknown type");
        check_refused(with(counted(type, 0)), "key list: unknown type");
    }
    check_refused(with(counted(array_type, 1)), "key list: arrays of arrays");
    for (const std::uint64_t count :
         {huge, huge / 4 + 1, huge / 8 + 2, std::uint64_t{1} << 61, std::uint64_t{100000}}) {
        for (const std::uint32_t type : {0u, i32_type, string_type, 10u, 12u}) {
            check_refused(with(counted(type, count)), "elements end beyond the file");
        }
        Value text{"text", string_type, {}};
        append(text.bytes, count);
        check_refused(with(text), "the file ends inside key text");
        Value texts = counted(string_type, 1);
        append(texts.bytes, count);
        check_refused(with(texts), "the file ends inside key list");
    }
    check_refused(with({"k", bool_type, {std::byte{2}}}), "key k: a boolean");
    check_refused(with(value("", 1u)), "key 0 has an illegal name");
    check_refused(with(value("a b", 1u)), "key 0 has an illegal name");
    check_refused(with(value("a\nb", 1u)), "key 0 has an illegal name");
    check_refused(with(value("\xC3\xA9", 1u)), "key 0 has an illegal name");
    File twice = with(value("k", 1u));
    twice.values.push_back(value("k", 2u));
    check_refused(twice, "key k: it is there twice");
}

TEST_CASE("the alignment of a GGUF file") {
    File file = two(f16);
    for (const std::uint32_t unit : {8u, 16u, 64u, 4096u}) {
        file.alignment = unit;
        file.set(value("general.alignment", unit));
        CHECK(refusal(file).empty());
    }
    for (const std::uint32_t unit : {0u, 1u, 4u, 24u, 48u, 65537u, 0xFFFFFFFFu}) {
        file.set(value("general.alignment", unit));
        check_refused(file, "key general.alignment: ");
    }
    file.set(value("general.alignment", 0x80000000u));
    check_refused(file, "tensor a: ");
    file.set(value("general.alignment", "32"));
    check_refused(file, "key general.alignment: ");
    file.set(list("general.alignment", i32_type, std::vector<std::int32_t>{32}));
    check_refused(file, "key general.alignment: ");
}

TEST_CASE("hostile GGUF tensors") {
    const auto with = [](const std::function<void(File&)>& change) {
        File file = two(f16);
        change(file);
        return file;
    };
    const auto extents = [&](std::vector<std::uint64_t> list) {
        return with([&](File& file) { file.tensor("b").extents = list; });
    };
    check_refused(extents({}), "tensor b: 0 dimensions");
    check_refused(extents({1, 1, 1, 1, 1}), "tensor b: 5 dimensions");
    check_refused(extents({256, 5, 2}), "tensor b: it has more than two dimensions");
    for (const std::uint64_t extent :
         {std::uint64_t{0}, std::uint64_t{1} << 31, std::uint64_t{1} << 32, huge, huge / 2 + 1}) {
        check_refused(extents({extent, 5}), "tensor b: an impossible extent");
        check_refused(extents({256, extent}), "tensor b: an impossible extent");
        check_refused(extents({256, 5, extent}), "tensor b: an impossible extent");
    }
    const std::uint64_t most = (std::uint64_t{1} << 31) - 1;
    check_refused(extents({most, most}), "tensor b: it runs past the end");
    check_refused(with([](File& f) { f.tensor("a").type = 0; }), "tensor b: ");
    CHECK(refusal(extents({256, 5, 1, 1})).empty());

    const auto offset = [&](const char* name, std::uint64_t at) {
        return with([&](File& file) { file.tensor(name).offset = at; });
    };
    check_refused(offset("b", 1536 + 4), "tensor b: offset 1540 is no multiple of 32");
    check_refused(offset("b", 0), "tensor b: at offset 0 it overlaps tensor a");
    check_refused(offset("b", 1536 + 32), "tensor b: at offset 1568 it leaves a hole");
    check_refused(offset("a", 32), "tensor a: at offset 32 it leaves a hole");
    check_refused(offset("c", std::uint64_t{1} << 63), "tensor c: at offset");
    check_refused(offset("c", huge - 31), "tensor c: at offset");

    const auto name = [&](const std::string& text) {
        return with([&](File& file) { file.tensor("b").name = text; });
    };
    check_refused(name(""), "tensor 1 has an illegal name");
    check_refused(name("a\tb"), "tensor 1 has an illegal name");
    check_refused(name(std::string(65, 'x')), "tensor 1 has an illegal name");
    check_refused(name("a"), "tensor a: it is there twice");

    Bytes longer = two(f16).bytes();
    longer.resize(longer.size() + 32);
    check_refused(longer, "tensor c: 56 bytes follow it, the last tensor");
    check_refused(two(f16).head(), "tensor a: it runs past the end");
}

TEST_CASE("types that are not read are refused by their names") {
    const auto typed = [](std::uint32_t type) {
        File file = two(f16);
        file.tensor("b").type = type;
        return file;
    };
    check_refused(typed(36 + 1), "tensor b: its type I8_S (37) is not supported");
    check_refused(typed(38), "tensor b: its type TL1 (38) is not supported; take the model's I2_S");
    check_refused(typed(39), "tensor b: its type TL2 of bitnet.cpp or MXFP4 of llama.cpp (39)");
    check_refused(typed(40), "tensor b: its type NVFP4 (40) is not supported");
    check_refused(typed(43), "tensor b: its type STQ1_0 (43) is not supported");
    check_refused(typed(134), "tensor b: its type IQ1_BN (134)");
    check_refused(typed(12), "tensor b: its type Q4_K (12) is not supported");
    for (const std::uint32_t type : {4u, 5u, 44u, 141u + 4, 0x7FFFFFFFu, 0xFFFFFFFFu}) {
        check_refused(typed(type), "tensor b: unknown type " + std::to_string(type));
    }
    for (const GgufType& type : gguf_types) {
        CAPTURE(type.name);
        if (!type.type && type.id != 42) check_refused(typed(type.id), std::string(type.name));
        CHECK(find_gguf_type(type.id) == &type); // each number once
    }
}

TEST_CASE("rows are whole blocks") {
    for (const Block& block : {q4_0, q8_0, q6_k, tq1_0, tq2_0, i2_s, q1_0, pq2_0, ptq1_0}) {
        CAPTURE(block.type);
        File file = two(block);
        file.tensor("b").extents[0] -= 16;
        check_refused(file, "tensor b: rows of 240 columns are not whole blocks");
    }
}

TEST_CASE("the scale of I2_S lies behind its codes") {
    for (const float scale :
         {-1.0f, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        File file = two(i2_s);
        file.tensors[1] = tensor("b", 5, 256, i2_s, scale);
        check_refused(file, "tensor b: its scale");
    }
    File file = two(i2_s);
    file.tensors = {tensor("a", 3, 256, i2_s)};
    Bytes cut = file.bytes();
    cut.resize(cut.size() - 32);
    check_refused(cut, "tensor a: it runs past the end");
}

TEST_CASE("of the owners of type 42, the offsets say which") {
    const auto type_of = [](const Block& block) {
        const Bytes bytes = two(block).bytes();
        return GgufFile("m", bytes).find_tensor("b")->type;
    };
    CHECK(type_of(q2_0_g64) == SourceType::q2_0_g64);
    CHECK(type_of(q2_0_g128) == SourceType::q2_0_g128);
    check_refused(two(stq1_0), "tensor a: by the file's offsets its type 42 is STQ1_0");
    File mixed;
    mixed.tensors = {tensor("a", 64, 256, q2_0_g64), tensor("b", 64, 256, q2_0_g128),
                     vector("c", std::vector<float>(256))};
    check_refused(mixed, "its offsets fit none of the layouts of type 42; as Q2_0 with groups of "
                         "64, tensor c: at offset 8960 it overlaps tensor b; as Q2_0 with groups "
                         "of 128, tensor b: at offset 4608 it leaves a hole: the tensors before "
                         "it end at 4352; as STQ1_0, tensor b: at offset 4608 it leaves a hole");
    // One block of each at the end: only the end of the file tells them apart.
    File last;
    last.tensors = {tensor("a", 1, 128, q2_0_g128)};
    check_refused(last, "its offsets fit two layouts of type 42: Q2_0 with groups of 64 and");
    last.tensors = {tensor("a", 2, 128, q2_0_g128)};
    check_refused(last, "its offsets fit two layouts of type 42");
    last.tensors = {tensor("a", 16, 128, q2_0_g128)};
    CHECK(refusal(last).empty());
    File other = two(q2_0_g128);
    other.set(value("general.quantization_version", 2u));
    CHECK(refusal(other).empty());
    other.set(value("general.quantization_version", "TQ2_0_G128"));
    check_refused(other, "key general.quantization_version: OxiBonsai's layout");
}

TEST_CASE("a GGUF file that is cut anywhere is refused") {
    const File sound = model({.tied = false});
    const Bytes file = sound.bytes();
    const std::size_t head = sound.head().size();
    const std::size_t end = file.size() - (32 - 5 * 8 * 2 % 32) % 32; // of the last tensor
    REQUIRE(refusal(file).empty());
    for (std::size_t size = 0; size < file.size(); ++size) {
        const Bytes cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
        const std::string message = refusal(cut);
        CAPTURE(size, message);
        REQUIRE(message.empty() == (size >= end));
        const auto says = [&](const char* what) { return message.find(what) != std::string::npos; };
        if (size < head) {
            REQUIRE((says("the file ends inside") || says("the file has no room for") ||
                     says("elements end beyond the file")));
        } else if (size < end) {
            REQUIRE(says("it runs past the end of the file"));
        }
    }
}

TEST_CASE("a GGUF file with flipped bits is refused, or is a model, in little memory") {
    std::mt19937 engine(1);
    const auto random = [&](std::size_t limit) {
        return static_cast<std::size_t>(engine()) % limit;
    };
    for (const Options& options : {Options{}, Options{.architecture = "llama", .qk_norm = false}}) {
        const File sound = model(options);
        const Bytes file = sound.bytes();
        const std::size_t head = sound.head().size();
        const auto read = [](const Bytes& bytes) {
            return support::refusal([&] { checkpoint_of(GgufFile("m", bytes)); });
        };
        REQUIRE(read(file).empty());
        std::size_t refused = 0;
        for (int i = 0; i < 10000; ++i) {
            Bytes damaged = file;
            for (std::size_t flips = 1 + random(3); flips > 0; --flips) {
                const std::size_t at = random(i % 8 == 0 ? file.size() : head);
                damaged[at] ^= static_cast<std::byte>(1u << random(8));
            }
            std::string message;
            const std::size_t peak = support::peak_bytes([&] { message = read(damaged); });
            CAPTURE(i, message);
            REQUIRE((message.empty() || message.starts_with("m: ")));
            REQUIRE(message.find('\n') == std::string::npos);
            REQUIRE(peak <= 4 * file.size() + 16384);
            if (!message.empty()) ++refused;
        }
        CHECK(refused > 7000);
    }
}
