// SPDX-License-Identifier: MIT
// Models in GGUF files: what metadata and tensors become, and what is refused by its name because
// another model would run without it.
#include "gguf_read.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

using namespace bitnet::example;
using namespace gguf_bytes;

namespace {

File with_tensor(File file, const Tensor& added) {
    file.tensors.push_back(added);
    return file;
}

const File qwen3 = model({});
const Options llama_options{.architecture = "llama", .qk_norm = false};
const Options bitnet_options{.architecture = "bitnet-b1.58", .sub_norm = true, .qk_norm = false};

} // namespace

TEST_CASE("a Qwen3-like model") {
    const Read r = read(qwen3);
    const Config& config = r.checkpoint.config;
    CHECK(r.checkpoint.label == "m");
    CHECK(config.architecture == "qwen3");
    CHECK(config.vocab == 5);
    CHECK(config.dim == 8);
    CHECK(config.ffn_dim == 8);
    CHECK(config.layers == 1);
    CHECK(config.heads == 2);
    CHECK(config.kv_heads == 1);
    CHECK(config.head_dim == 4);
    CHECK(config.max_context == 64);
    CHECK(config.rope_theta == 1e6f);
    CHECK(config.norm_eps == 1e-6f);
    CHECK(config.gate == Config::Gate::silu);
    CHECK_FALSE(config.sub_norm);
    CHECK(config.qk_norm);
    CHECK_FALSE(config.projection_norm_eps);
    CHECK(config.tied);
    CHECK(config.tokenizer == Config::Tokens::none);
    CHECK(config.bos == 3);
    CHECK(config.eos == std::vector{4});
    CHECK_FALSE(config.add_bos);
    std::vector<std::string> names;
    for (const SourceTensor& t : r.checkpoint.tensors) names.push_back(t.name);
    const std::string layer = "model.layers.0.";
    CHECK(names == std::vector<std::string>{
                       "model.embed_tokens.weight", layer + "input_layernorm.weight",
                       layer + "self_attn.q_proj.weight", layer + "self_attn.k_proj.weight",
                       layer + "self_attn.v_proj.weight", layer + "self_attn.q_norm.weight",
                       layer + "self_attn.k_norm.weight", layer + "self_attn.o_proj.weight",
                       layer + "post_attention_layernorm.weight", layer + "mlp.gate_proj.weight",
                       layer + "mlp.up_proj.weight", layer + "mlp.down_proj.weight",
                       "model.norm.weight"});
    const SourceTensor* down = r.checkpoint.find(layer + "mlp.down_proj.weight");
    REQUIRE(down != nullptr);
    CHECK(down->source == "blk.0.ffn_down.weight");
    CHECK(down->type == SourceType::f16);
    CHECK(down->rows == 8);
    CHECK(down->cols == 8);
    CHECK(down->factor == 1.0f);
    CHECK_FALSE(down->master);
    CHECK(down->bytes.size() == 128);
    CHECK(r.checkpoint.find("lm_head.weight") == nullptr);
    CHECK(r.checkpoint.copies.empty());
}

TEST_CASE("the graph follows the file's own words") {
    const Config bitnet = config_of(model(bitnet_options));
    CHECK(bitnet.gate == Config::Gate::relu2);
    CHECK(bitnet.sub_norm);
    CHECK_FALSE(bitnet.qk_norm);
    Options options = bitnet_options;
    options.architecture = "bitnet-25";
    CHECK(config_of(model(options)).gate == Config::Gate::relu2);
    // Both kinds of BitNet have had both names: where no key tells, a vocabulary that is not the
    // architecture's own casts doubt.
    const auto is_doubted = [&](const File& file, Config::Gate gate, const std::string& note) {
        const Read r = read(file);
        CHECK(r.checkpoint.config.gate == gate);
        REQUIRE(r.checkpoint.notes.size() == 1);
        CHECK(r.checkpoint.notes.front().find(" is missing: the gate is taken for " + note) !=
              std::string::npos);
    };
    const Value pieces = value("tokenizer.ggml.model", "llama");
    CHECK(read(model(options)).checkpoint.notes.empty());
    is_doubted(with(model(options), pieces), Config::Gate::relu2, "squared ReLU");
    options.architecture = "bitnet";
    is_doubted(model(options), Config::Gate::silu, "SiLU");
    CHECK(config_of(with(model(options), pieces)).gate == Config::Gate::silu);
    CHECK(read(with(model(options), pieces)).checkpoint.notes.empty());
    options.vocabulary = false;
    is_doubted(model(options), Config::Gate::silu, "SiLU");
    const Read said = read(with(model(options), value("bitnet.hidden_activation", "relu2")));
    CHECK(said.checkpoint.config.gate == Config::Gate::relu2);
    CHECK(said.checkpoint.notes.empty());
    CHECK(config_of(with(qwen3, value("qwen3.hidden_activation", "silu"))).gate ==
          Config::Gate::silu);
    check_refused(with(qwen3, value("qwen3.hidden_activation", "gelu")),
                  "key qwen3.hidden_activation: \"gelu\" is not supported");
    // Sub-norms are what the file has, whatever it is called.
    options.sub_norm = false;
    CHECK_FALSE(config_of(model(options)).sub_norm);
    options.tied = false;
    const Read untied = read(model(options));
    CHECK_FALSE(untied.checkpoint.config.tied);
    CHECK(untied.checkpoint.tensors.back().name == "lm_head.weight");
    // No key but the rope's says the heads' size; then none at all does.
    File llama = without(model(llama_options), "llama.attention.key_length");
    CHECK(config_of(with(llama, value("llama.rope.dimension_count", 4u))).head_dim == 4);
    Options equal = llama_options;
    equal.kv_heads = 2;
    CHECK(config_of(without(model(equal), "llama.attention.head_count_kv")).kv_heads == 2);
}

TEST_CASE("norms of projections") {
    for (const char* style : {"_norm_in.weight", ".rms_norm.weight"}) {
        File file = qwen3;
        for (const char* name :
             {"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"}) {
            file.tensors.push_back(
                vector(std::string("blk.0.") + name + style, std::vector<float>(8, 2.0f)));
        }
        const Read r = read(file);
        CHECK(r.checkpoint.config.projection_norm_eps == 1e-6f);
        CHECK(r.checkpoint.find("model.layers.0.mlp.down_proj.norm.weight") != nullptr);
        CHECK(r.checkpoint.find("model.layers.0.self_attn.q_proj.norm.weight")->source ==
              std::string("blk.0.attn_q") + style);
        file.remove_tensor(std::string("blk.0.ffn_up") + style);
        check_refused(file, "tensor blk.0.ffn_up_norm_in.weight: it is missing");
    }
}

TEST_CASE("rows of q and k of Llama-like files are put back") {
    // Row r of every tensor begins with the byte r.
    for (const Block& block : {f16, bf16, f32}) {
        Options options = llama_options;
        options.block = block;
        const Read r = read(model(options));
        const auto rows_of = [&](const char* projection) {
            const std::string name = std::string("model.layers.0.self_attn.") + projection;
            const SourceTensor* tensor = r.checkpoint.find(name + ".weight");
            std::vector<int> rows;
            for (std::size_t row = 0; row < tensor->rows; ++row) {
                const std::size_t row_bytes = tensor->bytes.size() / tensor->rows;
                rows.push_back(std::to_integer<int>(tensor->bytes[row * row_bytes]));
            }
            return rows;
        };
        CHECK(rows_of("q_proj") == std::vector{0, 2, 1, 3, 4, 6, 5, 7});
        CHECK(rows_of("k_proj") == std::vector{0, 2, 1, 3});
        CHECK(rows_of("v_proj") == std::vector{0, 1, 2, 3});
        CHECK(rows_of("o_proj") == std::vector{0, 1, 2, 3, 4, 5, 6, 7});
    }
    Options options = wide(i2_s);
    options.architecture = "llama";
    options.qk_norm = false;
    const File file = model(options);
    const Read r = read(file);
    const SourceTensor* q = r.checkpoint.find("model.layers.0.self_attn.q_proj.weight");
    File source = file;
    const Bytes& written = source.tensor("blk.0.attn_q.weight").bytes;
    for (std::size_t row = 0; row < 256; ++row) {
        const std::size_t head = row / 128, in_head = row % 128;
        const std::size_t from = head * 128 + in_head % 64 * 2 + in_head / 64;
        REQUIRE(std::equal(written.begin() + static_cast<std::ptrdiff_t>(from * 64),
                           written.begin() + static_cast<std::ptrdiff_t>(from * 64 + 64),
                           q->bytes.begin() + static_cast<std::ptrdiff_t>(row * 64)));
    }
    CHECK(q->factor == 0.5f);
}

TEST_CASE("scales beside a tensor") {
    Options options = wide(i2_s);
    File file = model(options);
    file.tensors.push_back(vector("blk.0.ffn_up.scale", {0.25f}));
    const Read r = read(file);
    CHECK(r.checkpoint.find("model.layers.0.mlp.up_proj.weight")->factor == 0.125f);
    CHECK(r.checkpoint.find("model.layers.0.mlp.gate_proj.weight")->factor == 0.5f);
    CHECK(r.checkpoint.find("model.embed_tokens.weight")->factor == 1.0f);
    const auto scale = [&](const Tensor& t) { return with_tensor(model(options), t); };
    check_refused(scale(vector("blk.0.ffn_up.scale", {1.0f, 1.0f})),
                  "tensor blk.0.ffn_up.scale: it must be one F32");
    check_refused(scale(tensor("blk.0.ffn_up.scale", 1, 1, f16)),
                  "tensor blk.0.ffn_up.scale: it must be one F32");
    check_refused(scale(vector("blk.0.ffn_up.scale", {std::numeric_limits<float>::infinity()})),
                  "tensor blk.0.ffn_up.scale: it is not finite");
    check_refused(scale(vector("blk.0.ffn_norm.scale", {1.0f})), "tensor blk.0.ffn_norm.scale: no");
}

TEST_CASE("scales of I2_S that are reciprocals") {
    const auto scaled = [](Options options, float scale) {
        options.block = i2_s;
        options.dim = options.head_dim = options.ffn_dim = 128;
        File file = model(options);
        float next = scale;
        for (Tensor& t : file.tensors) {
            if (t.type == i2_s.type) t = tensor(t.name, t.extents[1], t.extents[0], i2_s, next++);
        }
        return file;
    };
    check_refused(scaled(llama_options, 31.5f),
                  "tensor blk.0.attn_q.weight: its I2_S scale is 31.5");
    check_refused(scaled({}, 1.5f), "the converter stored 1 / mean|W|");
    CHECK_NOTHROW(read(scaled(llama_options, 0.5f)));  // only some above 1
    CHECK_NOTHROW(read(scaled(bitnet_options, 1.5f))); // as scales of 2B4T are
}

TEST_CASE("YaRN, as Qwen3's files have it") {
    File file = with(qwen3, value("qwen3.rope.scaling.type", "yarn"));
    file.set(value("qwen3.rope.scaling.factor", 4.0f));
    file.set(value("qwen3.rope.scaling.original_context_length", 8192u));
    const Config config = config_of(file);
    REQUIRE(config.yarn);
    CHECK(config.yarn->factor == 4);
    CHECK(config.yarn->original_context == 8192);
    CHECK(config.yarn->attention == 1.13862944f); // 0.1 ln 4 + 1
    CHECK(config.yarn->beta_fast == 32);
    CHECK(config.yarn->beta_slow == 1);
    file.set(value("qwen3.rope.scaling.yarn_beta_fast", 16.0f));
    CHECK(config_of(file).yarn->beta_fast == 16);
}

TEST_CASE("what another model would run without is refused by its name") {
    const auto keyed = [](const char* key, auto v) { return with(qwen3, value(key, v)); };
    check_refused(keyed("general.architecture", "qwen35"),
                  "key general.architecture: \"qwen35\" is not supported");
    check_refused(keyed("general.architecture", "gemma3"), "\"gemma3\" is not supported");
    check_refused(without(qwen3, "general.architecture"),
                  "key general.architecture: it is missing");
    check_refused(keyed("prism.hadamard.version", 1u), "key prism.hadamard.version: its weights");
    check_refused(keyed("prism.other", 1u), "key prism.other: it is not supported");
    check_refused(keyed("qwen3.rope.scaling.type", "longrope"),
                  "key qwen3.rope.scaling.type: \"longrope\" is not supported");
    File yarn = keyed("qwen3.rope.scaling.type", "yarn");
    check_refused(yarn, "key qwen3.rope.scaling.factor: it is missing");
    yarn.set(value("qwen3.rope.scaling.factor", 0.5f));
    check_refused(yarn, "\"factor\" of \"rope_scaling\"");
    check_refused(keyed("qwen3.rope.scaling.factor", 4.0f), "key qwen3.rope.scaling.factor: ");
    check_refused(keyed("qwen3.rope.scaling.original_context_length", 16384u),
                  "key qwen3.rope.scaling.original_context_length: ");
    check_refused(keyed("qwen3.rope.dimension_count", 2u), "key qwen3.rope.dimension_count: ");
    check_refused(keyed("qwen3.attention.value_length", 8u), "key qwen3.attention.value_length: ");
    check_refused(keyed("qwen3.attention.sliding_window", 512u),
                  "key qwen3.attention.sliding_window: what it asks for is not supported");
    check_refused(keyed("qwen3.expert_count", 8u), "key qwen3.expert_count: ");
    check_refused(keyed("qwen3.logit_scale", 0.5f), "key qwen3.logit_scale: ");
    check_refused(keyed("split.count", 3u), "key split.count: the model is in 3 files");
    CHECK_NOTHROW(read(keyed("qwen3.rope.scaling.type", "none")));
    File plain = keyed("qwen3.rope.scaling.type", "linear"); // as a converter writes
    plain.set(value("qwen3.rope.scaling.factor", 1.0f));
    CHECK_NOTHROW(read(plain));
    CHECK_NOTHROW(read(keyed("general.name", "any")));
    CHECK_NOTHROW(read(keyed("split.count", 1u)));
    CHECK_NOTHROW(read(keyed("llama.logit_scale", 0.5f))); // of no architecture here

    const auto extra = [](const Tensor& t) { return with_tensor(qwen3, t); };
    check_refused(extra(vector("blk.0.attn_q.bias", {0.0f})),
                  "tensor blk.0.attn_q.bias: biases are not supported");
    check_refused(extra(vector("blk.1.attn_norm.weight", {0.0f})),
                  "tensor blk.1.attn_norm.weight: no part of this model");
    check_refused(extra(vector("blk.0.attn_sub_norm.weight", std::vector<float>(8, 1.0f))),
                  "tensor blk.0.ffn_sub_norm.weight: it is missing");
    check_refused(extra(vector("blk.0.ffn_sub_norm.weight", std::vector<float>(8, 1.0f))),
                  "tensor blk.0.ffn_sub_norm.weight: no part of this model");
    check_refused(extra(vector("rope_freqs.weight", {1.0f, 8.0f})),
                  "tensor rope_freqs.weight: scaled RoPE is not supported");
    CHECK_NOTHROW(read(extra(vector("rope_freqs.weight", {1.0f, 1.0f}))));
    for (const Tensor& t : qwen3.tensors) {
        File file = qwen3;
        file.remove_tensor(t.name);
        check_refused(file, "tensor " + t.name + ": it is missing");
    }
}

TEST_CASE("shapes are those of the metadata") {
    for (const Tensor& t : qwen3.tensors) {
        File file = qwen3;
        const bool is_norm = t.extents.size() == 1;
        Tensor& changed = file.tensor(t.name);
        changed = is_norm ? vector(t.name, std::vector<float>(t.extents[0] + 1))
                          : tensor(t.name, t.extents[1], t.extents[0] + 1, f16);
        check_refused(file, "tensor " + t.name + ": ");
        if (is_norm) {
            changed = tensor(t.name, 1, 32, q8_0);
            check_refused(file, "tensor " + t.name + ": ");
        }
    }
    Options options = wide(f16);
    File file = model(options);
    file.tensor("output_norm.weight") = tensor("output_norm.weight", 1, 256, q8_0);
    check_refused(file, "tensor output_norm.weight: a norm of type Q8_0");
    const auto key = [](const char* name, std::uint32_t number) {
        return with(qwen3, value(std::string("qwen3.") + name, number));
    };
    for (const char* name :
         {"block_count", "context_length", "embedding_length", "feed_forward_length",
          "attention.head_count", "attention.head_count_kv", "attention.key_length"}) {
        CAPTURE(name);
        for (const std::uint32_t number : {0u, 0x7FFFFFFFu, 0xFFFFFFFFu}) {
            check_refused(key(name, number), ""); // some way, and at once
        }
        check_refused(with(qwen3, value(std::string("qwen3.") + name, "8")),
                      "key qwen3." + std::string(name) + ": it must be a whole number");
        check_refused(
            with(qwen3, list(std::string("qwen3.") + name, i32_type, std::vector<std::int32_t>{8})),
            "key qwen3." + std::string(name) + ": it must be a whole number");
        if (std::string(name).ends_with("head_count_kv")) continue;
        if (std::string(name).ends_with("key_length")) continue;
        check_refused(without(qwen3, "qwen3." + std::string(name)),
                      "key qwen3." + std::string(name) + ": it is missing");
    }
    check_refused(with(model({.vocabulary = false}), value("qwen3.vocab_size", 4u)),
                  "tensor token_embd.weight: 5 x 8");
    for (const float eps : {0.0f, -1.0f, std::numeric_limits<float>::quiet_NaN()}) {
        check_refused(with(qwen3, value("qwen3.attention.layer_norm_rms_epsilon", eps)),
                      "\"rms_norm_eps\"");
        check_refused(with(qwen3, value("qwen3.rope.freq_base", eps)), "\"rope_theta\"");
    }
}
