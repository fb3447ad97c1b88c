// SPDX-License-Identifier: MIT
// GGUF files that other programs wrote: the sound ones are the models that their READMEs describe,
// the hostile ones are refused.
#include "checkpoint.hpp"
#include "fixtures.hpp"
#include "refusal.hpp"

#include <catch2/catch_test_macros.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <fstream>
#include <string>
#include <vector>

using namespace bitnet::example;

namespace {

struct Shape {
    const char* architecture;
    std::size_t heads_dim; // of a head
    float rope_theta, norm_eps;
    bool relu2, sub_norm, qk_norm, tied;
};

void check_shape(const Config& config, const Shape& shape) {
    CHECK(config.architecture == shape.architecture);
    CHECK(config.vocab == 512);
    CHECK(config.dim == 256);
    CHECK(config.ffn_dim == 512);
    CHECK(config.layers == 2);
    CHECK(config.heads == 4);
    CHECK(config.kv_heads == 2);
    CHECK(config.head_dim == shape.heads_dim);
    CHECK(config.rope_theta == shape.rope_theta);
    CHECK(config.norm_eps == shape.norm_eps);
    CHECK((config.gate == Config::Gate::relu2) == shape.relu2);
    CHECK(config.sub_norm == shape.sub_norm);
    CHECK(config.qk_norm == shape.qk_norm);
    CHECK(config.tied == shape.tied);
    CHECK_FALSE(config.projection_norm_eps);
    CHECK_FALSE(config.add_bos);
}

void check_file(const std::filesystem::path& path, const Shape& shape, SourceType projections) {
    CAPTURE(path.string());
    const Checkpoint checkpoint = read_checkpoint(path.string());
    check_shape(checkpoint.config, shape);
    REQUIRE(checkpoint.vocabulary);
    CHECK(checkpoint.vocabulary->tokens.size() == 512);
    for (const SourceTensor& tensor : checkpoint.tensors) {
        if (tensor.name.find("_proj.weight") == std::string::npos) continue;
        CHECK(tensor.type == projections);
        if (projections == SourceType::i2_s) CHECK(tensor.factor > 0.0f);
    }
}

} // namespace

TEST_CASE("small Qwen3-like and Llama-like files") {
    const auto folder = support::fixtures("gguf-qwen3");
    const Shape tied{"qwen3", 96, 1e6f, 1e-6f, false, false, true, true};
    const Shape untied{"qwen3", 96, 1e6f, 1e-6f, false, false, true, false};
    const Shape llama{"llama", 64, 5e5f, 1e-5f, false, false, false, false};
    check_file(folder / "qwen3-ternary-tied-pq2_0.gguf", tied, SourceType::q2_0_g128);
    check_file(folder / "qwen3-ternary-tied-ptq1_0.gguf", tied, SourceType::ptq1_0);
    check_file(folder / "qwen3-ternary-tied-q2_0-g64.gguf", tied, SourceType::q2_0_g64);
    check_file(folder / "qwen3-ternary-tied-q2_0-g128.gguf", tied, SourceType::q2_0_g128);
    check_file(folder / "qwen3-ternary-untied-pq2_0.gguf", untied, SourceType::q2_0_g128);
    check_file(folder / "qwen3-ternary-untied-ptq1_0.gguf", untied, SourceType::ptq1_0);
    check_file(folder / "qwen3-binary-q1_0.gguf", tied, SourceType::q1_0);
    check_file(folder / "llama-ternary-i2_s.gguf", llama, SourceType::i2_s);
    check_file(folder / "llama-ternary-tq2_0.gguf", llama, SourceType::tq2_0);
}

TEST_CASE("small BitNet b1.58 files") {
    const auto folder = support::fixtures("gguf-tiny");
    const Shape bitnet{"bitnet-b1.58", 64, 5e5f, 1e-5f, true, true, false, true};
    check_file(folder / "tiny-i2_s.gguf", bitnet, SourceType::i2_s);
    check_file(folder / "tiny-i2_s-f16emb.gguf", bitnet, SourceType::i2_s);
    check_file(folder / "tiny-TQ1_0.gguf", bitnet, SourceType::tq1_0);
    check_file(folder / "tiny-TQ2_0.gguf", bitnet, SourceType::tq2_0);
}

TEST_CASE("hostile files are what hostile.json says") {
    const auto folder = support::fixtures("gguf-qwen3/hostile");
    const auto list = nlohmann::json::parse(std::ifstream(folder / "hostile.json"));
    const auto refusal = [&](const std::string& name) {
        return support::refusal([&] { read_checkpoint((folder / name).string()); });
    };
    for (const auto& [name, logits] : list["must_load"].items()) {
        CAPTURE(name);
        CHECK(refusal(name).empty());
    }
    for (const std::string name : list["must_refuse"]) {
        const std::string message = refusal(name);
        CAPTURE(name, message);
        CHECK(message.starts_with((folder / name).string() + ": "));
    }
    CHECK(refusal("hadamard-pq2_0.gguf").find("key prism.hadamard.version: ") != std::string::npos);
}
