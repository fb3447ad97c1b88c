// SPDX-License-Identifier: MIT
// Tensors of other projects' files as .bitnet files have them: the same values, in the kind that
// README.md of examples/convert says. Values are decoded here once more, an element at a time.
#include "convert_tensor.hpp"
#include "file_words.hpp"
#include "folder.hpp"
#include "gguf_bytes.hpp"
#include "half.hpp"
#include "linear.hpp"
#include "loaded_model.hpp"
#include "model_writer_of.hpp"
#include "refusal.hpp"
#include "tiny_model.hpp"
#include "transformer.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <limits>
#include <random>
#include <string>
#include <vector>

using namespace bitnet::example;
using Bytes = std::vector<std::byte>;

namespace {

float float_of_half(std::uint16_t half) {
    float value = 0;
    bitnet::halves_to_floats(&half, &value, 1);
    return value;
}

std::uint16_t half_at(const Bytes& bytes, std::size_t at) {
    return file_words::get<std::uint16_t>(bytes.data() + at);
}
int byte_at(const Bytes& bytes, std::size_t at) {
    return std::to_integer<int>(bytes[at]);
}
int signed_at(const Bytes& bytes, std::size_t at) {
    return static_cast<std::int8_t>(bytes[at]);
}

// Element i of a row of blocks, from the layouts of the formats' definitions.
float element(SourceType type, const Bytes& bytes, std::size_t i) {
    switch (type) {
    case SourceType::f32:
        return std::bit_cast<float>(file_words::get<std::uint32_t>(bytes.data() + 4 * i));
    case SourceType::f16:
        return float_of_half(half_at(bytes, 2 * i));
    case SourceType::bf16:
        return std::bit_cast<float>(std::uint32_t{half_at(bytes, 2 * i)} << 16);
    case SourceType::q8_0: {
        const std::size_t block = i / 32 * 34;
        return float_of_half(half_at(bytes, block)) *
               static_cast<float>(signed_at(bytes, block + 2 + i % 32));
    }
    case SourceType::q4_0: {
        const std::size_t block = i / 32 * 18, j = i % 32;
        const int both = byte_at(bytes, block + 2 + j % 16);
        const int code = j < 16 ? both % 16 : both / 16;
        return float_of_half(half_at(bytes, block)) * static_cast<float>(code - 8);
    }
    default: { // Q6_K
        const std::size_t block = i / 256 * 210, h = i % 256 / 128, g = i % 128 / 32, l = i % 32;
        const int low = byte_at(bytes, block + 64 * h + l + 32 * (g % 2));
        const int high = byte_at(bytes, block + 128 + 32 * h + l) >> (2 * g);
        const int code = (g < 2 ? low % 16 : low / 16) + 16 * (high % 4) - 32;
        const int scale = signed_at(bytes, block + 192 + 8 * h + l / 16 + 2 * g);
        return float_of_half(half_at(bytes, block + 208)) * static_cast<float>(scale) *
               static_cast<float>(code);
    }
    }
}

// A checkpoint of one tensor.
struct Source {
    Checkpoint checkpoint;
    Bytes bytes;

    Source(SourceType type, std::size_t rows, std::size_t cols, Bytes all) : bytes(std::move(all)) {
        checkpoint.label = "m";
        checkpoint.config = tiny::make({.tokenizer = false}).config;
        checkpoint.tensors.push_back({.name = "model.layers.0.mlp.up_proj.weight",
                                      .source = "blk.0.ffn_up.weight",
                                      .type = type,
                                      .rows = rows,
                                      .cols = cols,
                                      .bytes = bytes});
    }
    SourceTensor& tensor() { return checkpoint.tensors.front(); }
};

Bytes converted(const Source& source, const ConvertOptions& options = {}) {
    return tiny::bytes_of(model_writer_of(source.checkpoint, options));
}

std::string refused(const Source& source, const ConvertOptions& options = {}) {
    return support::refusal([&] { converted(source, options); });
}

// What a reader of the converted tensor finds.
struct Found {
    std::string kind;
    std::vector<float> values;
    Bytes bytes;
};
Found found(const Source& source, const ConvertOptions& options = {}) {
    const tiny::Aligned bytes(converted(source, options));
    const ModelFile file("m", bytes.bytes());
    REQUIRE(file.tensors().size() == 1);
    const TensorInfo& tensor = file.tensors().front();
    Found found{std::string(name_of(tensor.kind)), {}, {}};
    const auto packed = file.bytes(tensor);
    found.bytes.assign(packed.begin(), packed.end());
    const auto rows = static_cast<std::size_t>(tensor.rows);
    const auto cols = static_cast<std::size_t>(tensor.cols);
    const Linear linear(file, tensor.name, rows, cols);
    std::vector<float> row(cols);
    for (std::size_t r = 0; r < rows; ++r) {
        linear.row(r, row);
        found.values.insert(found.values.end(), row.begin(), row.end());
    }
    return found;
}

Bytes random_bytes(std::mt19937& random, std::size_t count) {
    Bytes bytes(count);
    for (std::byte& b : bytes) b = static_cast<std::byte>(random() & 0xFF);
    return bytes;
}

Bytes floats(const std::vector<float>& values) {
    return file_words::bytes_of(values);
}

Bytes halves(const std::vector<float>& values) {
    Bytes bytes(2 * values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        file_words::put(bytes.data() + 2 * i, float_to_half(values[i]));
    }
    return bytes;
}

std::vector<float> ternary(std::mt19937& random, std::size_t count, std::size_t group,
                           const std::vector<float>& scales) {
    std::vector<float> values(count);
    for (std::size_t i = 0; i < count; ++i) {
        values[i] = scales[i / group % scales.size()] * static_cast<float>(int(random() % 3) - 1);
    }
    return values;
}

const std::vector<float> two_sizes = {0.5f, 0.25f, 0.125f, 1.0f};

} // namespace

TEST_CASE("values of floats and of larger codes stay") {
    std::mt19937 random(1);
    constexpr std::size_t rows = 3, cols = 512;
    for (const SourceType type : {SourceType::f32, SourceType::f16, SourceType::bf16,
                                  SourceType::q8_0, SourceType::q4_0, SourceType::q6_k}) {
        const SourceFormat& format = format_of(type);
        CAPTURE(format.name);
        Bytes bytes = random_bytes(random, rows * cols / format.values * format.bytes);
        // No infinity: in halves, and in the exponents of floats, bit 6 of the last byte is 0.
        const std::size_t scale = type == SourceType::q6_k ? 209 : type == SourceType::f32 ? 3 : 1;
        for (std::size_t at = scale; at < bytes.size(); at += format.bytes) {
            bytes[at] &= std::byte{0xBF};
        }
        const Source source(type, rows, cols, bytes);
        const Found got = found(source);
        CHECK(got.kind == (type == SourceType::f16 ? "f16" : "f32"));
        for (std::size_t i = 0; i < rows * cols; ++i) {
            CAPTURE(i);
            REQUIRE(got.values[i] == element(type, bytes, i));
        }
    }
    // Times the factor, and as halves where they are such.
    Source source(SourceType::f32, 2, 3, floats({1, 2, 3, 4, 5, 6}));
    source.tensor().factor = 0.5f;
    CHECK(found(source).kind == "f16");
    CHECK(found(source).values == std::vector<float>{0.5f, 1, 1.5f, 2, 2.5f, 3});
    source.tensor().factor = 0x1p-26f;
    CHECK(found(source).kind == "f32");
    Source norm(SourceType::f16, 1, 3, halves({1, 2, 3})); // vectors are floats in any case
    CHECK(found(norm).kind == "f32");
}

TEST_CASE("floats that are ternary weights become codes") {
    std::mt19937 random(2);
    const auto made = [&](std::size_t group, const std::vector<float>& scales) {
        return ternary(random, 5 * 256, group, scales);
    };
    const auto check = [&](const std::vector<float>& values, SourceType type) {
        const Source source(type, 5, 256,
                            type == SourceType::f32 ? floats(values) : halves(values));
        const Found got = found(source);
        CHECK(got.kind == "ternary-int8");
        CHECK(got.values == values);
        const Found dense = found(source, {.activations = "int8g32", .dense = true, .head = {}});
        CHECK(dense.kind == "ternary-dense-int8g32");
        CHECK(dense.values == values);
    };
    check(made(64, two_sizes), SourceType::f16);
    check(made(128, two_sizes), SourceType::f32);
    check(made(5 * 256, {0.1f}), SourceType::f32); // no half, but one for all
    check(std::vector<float>(5 * 256, 0.0f), SourceType::f16);
    const auto stays = [&](const std::vector<float>& values) {
        const Source source(SourceType::f32, 5, 256, floats(values));
        const Found got = found(source);
        CHECK(got.kind.starts_with("f"));
        CHECK(got.values == values);
    };
    stays(made(32, two_sizes)); // two sizes in 64
    stays(made(64, {0.1f, 0.5f}));
    std::vector<float> last = made(64, {1.0f});
    last.back() = 2.0f;
    stays(last);
}

TEST_CASE("files of the same weights give the same layer") {
    std::mt19937 random(3);
    const std::vector<float> values = ternary(random, 4 * 256, 128, two_sizes);
    const Found expected = found(Source(SourceType::f16, 4, 256, halves(values)));
    Bytes blocks; // of Q2_0 with groups of 64
    for (std::size_t i = 0; i < values.size(); i += 64) {
        Bytes block(18);
        file_words::put(block.data(), float_to_half(two_sizes[i / 128 % two_sizes.size()]));
        for (std::size_t j = 0; j < 64; ++j) {
            const int code = values[i + j] > 0 ? 2 : values[i + j] < 0 ? 0 : 1;
            block[2 + j / 4] |= static_cast<std::byte>(code << (2 * (j % 4)));
        }
        blocks.insert(blocks.end(), block.begin(), block.end());
    }
    // I2_S and Hugging Face's bytes have one scale, which the readers put into the factor.
    const std::vector<float> same = ternary(random, 4 * 256, 1, {0.1f});
    const Found one = found(Source(SourceType::f32, 4, 256, floats(same)));
    const auto code = [&](std::size_t i) { return same[i] > 0 ? 2u : same[i] < 0 ? 0u : 1u; };
    Bytes i2_s(4 * 64), packed(256);
    for (std::size_t i = 0; i < same.size(); ++i) {
        const std::size_t run = i / 128, j = i % 128, row = i / 256, col = i % 256;
        i2_s[32 * run + j % 32] |= static_cast<std::byte>(code(i) << (6 - 2 * (j / 32)));
        packed[col] |= static_cast<std::byte>(code(i) << (2 * row));
    }
    Source outside(SourceType::i2_s, 4, 256, i2_s);
    outside.tensor().factor = 0.1f;
    CHECK(found(outside).bytes == one.bytes);
    Source planes(SourceType::hf_ternary, 4, 256, packed);
    planes.tensor().factor = 0.1f;
    CHECK(found(planes).bytes == one.bytes);

    const Source source(SourceType::q2_0_g64, 4, 256, blocks);
    CHECK(found(source).values == values);
    CHECK(found(source).bytes == expected.bytes);
    CHECK(found(source, {.activations = "int8g32", .head = {}}).kind == "ternary-int8g32");
    CHECK(found(source, {.activations = "int8g32", .head = {}}).values == values);
}

TEST_CASE("master weights become their absmean codes") {
    std::mt19937 random(4);
    std::vector<float> values(6 * 40);
    for (float& v : values) v = static_cast<float>(random() % 2001) / 1000.0f - 1.0f;
    Source source(SourceType::f32, 6, 40, floats(values));
    source.tensor().master = true;
    using Layer = bitnet::BitLinear<bitnet::Ternary, bitnet::Int8>;
    const auto layer = Layer::from_float(values, 6, 40);
    REQUIRE(layer);
    const Found got = found(source);
    CHECK(got.kind == "ternary-int8");
    CHECK(got.bytes == Bytes(layer->bytes().begin(), layer->bytes().end()));
    CHECK(found(source, {.activations = {}, .dense = true, .head = {}}).kind ==
          "ternary-dense-int8");
}

TEST_CASE("a head of floats may be rounded, another tensor is not") {
    std::mt19937 random(5);
    std::vector<float> values(20 * 64);
    for (float& v : values) v = static_cast<float>(random() % 2001) / 1000.0f - 1.0f;
    Source source(SourceType::f32, 20, 64, floats(values));
    const ConvertOptions screened{.activations = {}, .head = "screened-int8"};
    CHECK(found(source, screened).kind == "f32");
    source.tensor().name = "model.embed_tokens.weight"; // the config ties it
    const auto head = bitnet::ScreenedHead::from_float(values, 20, 64, 1);
    REQUIRE(head);
    CHECK(found(source, screened).bytes == Bytes(head->bytes().begin(), head->bytes().end()));
    CHECK(found(source, {.activations = {}, .head = "int8-int8"}).kind == "int8-int8");
    CHECK(found(source).values == values);
    source.checkpoint.config.tied = false;
    CHECK(found(source, screened).kind == "f32");
    source.tensor().name = "lm_head.weight";
    CHECK(found(source, screened).kind == "screened-int8");
}

TEST_CASE("how layers quantize their input") {
    CHECK(default_activations(Config{}) == "int8");
    Config qwen;
    qwen.qk_norm = true;
    CHECK(default_activations(qwen) == "int8"); // with BitNet's sub-norms
    qwen.sub_norm = false;
    CHECK(default_activations(qwen) == "int8g128");
    qwen.projection_norm_eps = 1e-6f;
    CHECK(default_activations(qwen) == "int8");
}

TEST_CASE("with float activations the weights are floats") {
    std::mt19937 random(7);
    Source binary(SourceType::q1_0, 3, 256, random_bytes(random, 3 * 2 * 18));
    for (std::size_t block = 0; block < binary.bytes.size(); block += 18) // sane scales
        binary.bytes[block + 1] = std::byte{0x3C};
    const Source floats(SourceType::f16, 2, 128, halves(ternary(random, 256, 64, two_sizes)));
    Source master(SourceType::f32, 2, 3, ::floats({0.5f, -2, 3, 0.125f, 1, -1}));
    master.tensor().master = true;
    for (const Source* source : {&std::as_const(binary), &floats, &std::as_const(master)}) {
        const Found packed = found(*source),
                    plain = found(*source, {.activations = "float", .head = {}});
        CHECK(packed.kind.ends_with("-int8"));
        CHECK(plain.kind == "f32");
        CHECK(plain.values == packed.values);
    }
}

TEST_CASE("what cannot be converted is refused, with its place") {
    Bytes codes(2 * 128 / 64 * 18);
    for (std::size_t block = 0; block < codes.size(); block += 18)
        codes[block + 1] = std::byte{0x3C};
    Source illegal(SourceType::q2_0_g64, 2, 128, codes);
    CHECK(refused(illegal).empty());
    illegal.bytes[18 * 3 + 2 + 4] |= std::byte{0x0C}; // row 1, column 64 + 17
    CHECK(refused(illegal).find("m: tensor blk.0.ffn_up.weight: ") == 0);
    CHECK(refused(illegal).find(" at row 1, column 81") != std::string::npos);

    for (const float bad :
         {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
        std::vector<float> values(2 * 3, 1.0f);
        values[4] = bad;
        const Source source(SourceType::f32, 2, 3, floats(values));
        CHECK(refused(source) ==
              "m: tensor blk.0.ffn_up.weight: NaN or infinity at row 1, column 1");
    }
    Bytes half = halves({1, 2, 3, 4, 5, 6});
    half[2 * 4 + 1] = std::byte{0x7C};
    CHECK(refused(Source(SourceType::f16, 2, 3, half)).find("row 1, column 1") !=
          std::string::npos);
    Bytes scale(34);
    scale[1] = std::byte{0x7C};
    scale[2] = std::byte{1};
    CHECK(refused(Source(SourceType::q8_0, 1, 32, scale)).find("row 0, column 0") !=
          std::string::npos);

    CHECK(refused(illegal, {.activations = "int9", .head = {}}).find("ternary-int9") !=
          std::string::npos);
}

TEST_CASE("a model in memory is the file that convert writes") {
    const support::Folder folder;
    const std::string path = (folder.path / "m.gguf").string();
    gguf_bytes::File gguf = gguf_bytes::model(gguf_bytes::wide(gguf_bytes::f16));
    gguf.values.erase(
        std::remove_if(gguf.values.begin(), gguf.values.end(),
                       [](const gguf_bytes::Value& v) { return v.key.starts_with("tokenizer."); }),
        gguf.values.end());
    const Bytes bytes = gguf.bytes();
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    CHECK(is_checkpoint(path));
    CHECK(is_checkpoint(folder.path.string()));
    const ModelOptions options{.path = path, .loading = {}, .checks = Checks::all, .convert = {}};
    const LoadedModel loaded(options);
    const Checkpoint checkpoint = read_checkpoint(path);
    const Bytes file = tiny::bytes_of(model_writer_of(checkpoint, {}));
    const std::string converted = (folder.path / "m.bitnet").string();
    model_writer_of(checkpoint, {}).write(converted);
    CHECK_FALSE(is_checkpoint(converted));
    std::ifstream in(converted, std::ios::binary);
    const std::string written{std::istreambuf_iterator<char>(in), {}};
    REQUIRE(written.size() == file.size());
    CHECK(std::equal(file.begin(), file.end(), reinterpret_cast<const std::byte*>(written.data())));
    REQUIRE(loaded.file().file_bytes() == file.size());
    const tiny::Aligned copy(file);
    const ModelFile expected("m", copy.bytes());
    for (const TensorInfo& tensor : expected.tensors()) {
        CAPTURE(tensor.name);
        const TensorInfo* const same = loaded.file().find(tensor.name);
        REQUIRE(same != nullptr);
        CHECK(same->kind == tensor.kind);
        const auto a = loaded.file().bytes(*same), b = expected.bytes(tensor);
        CHECK(std::equal(a.begin(), a.end(), b.begin(), b.end()));
    }
    CHECK(loaded.description().find("converted in memory") != std::string::npos);
    Transformer model(loaded.file(), {.context = 4, .batch = 4}, 1);
    CHECK(model.forward(std::vector<int>{1, 2, 3}, Logits::last).cols == 5);
}
