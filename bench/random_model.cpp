// SPDX-License-Identifier: MIT
// Writes a model of random weights, whose speed and memory are those of a trained one of its shape.
// The same arguments give the same file on every machine. One tensor at a time is in memory.
//
//   bitnet-random --shape 2b4t --format ternary2 --seed 1 --out random.bitnet
#include "command_line.hpp"
#include "config.hpp"
#include "error.hpp"
#include "model_file.hpp"

#include <bitnet/bitlinear.hpp>
#include <bitnet/random.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <vector>

namespace {

using namespace bitnet::example;
using bitnet::BitLinear;

struct Options {
    std::string shape = "2b4t";
    std::string format = "ternary2";
    std::string head = "f16";
    std::uint64_t seed = 1;
    std::string out;
};

Config config_of(const Options& options) {
    Config c;
    if (options.shape == "2b4t") { // BitNet b1.58 2B4T, arXiv 2504.12285
        c.vocab = 128256;
        c.dim = 2560;
        c.ffn_dim = 6912;
        c.layers = 30;
        c.heads = 20;
        c.kv_heads = 5;
        c.head_dim = 128;
        c.max_context = 4096;
        c.rope_theta = 500000;
        c.bos = 128000;
        c.eos = 128001;
    } else { // tiny, for tests: extents that no vector divides
        c.vocab = 300;
        c.dim = 72;
        c.ffn_dim = 200;
        c.layers = 2;
        c.heads = 6;
        c.kv_heads = 2;
        c.head_dim = 12;
        c.max_context = 128;
    }
    c.has_tokenizer = false;
    c.training = "{\"kind\":\"random\",\"seed\":" + std::to_string(options.seed) + "}";
    return c;
}

/// Random bytes of tensor `stream` of a seed, made into something each.
template <class Make>
auto draw(std::uint64_t seed, std::uint32_t stream, std::size_t count, const Make& make) {
    std::vector<decltype(make(std::uint8_t{}))> values(count);
    const bitnet::Philox2 key{
        {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}};
    for (std::size_t i = 0; i < count; i += 16) {
        const auto block = static_cast<std::uint32_t>(i / 16); // below 2^32: 2^36 values are plenty
        const bitnet::Philox4 random = bitnet::philox4x32({{block, stream, 0, 0}}, key);
        std::uint8_t bytes[16];
        std::memcpy(bytes, random.word, sizeof bytes);
        for (std::size_t j = 0; j < std::min<std::size_t>(16, count - i); ++j) {
            values[i + j] = make(bytes[j]);
        }
    }
    return values;
}

// Codes of a format from a byte, and the standard deviation that they then have.
std::int8_t ternary(std::uint8_t byte) {
    return static_cast<std::int8_t>(byte * 3 / 256 - 1); // 86, 85, 85 of 256
}
std::int8_t binary(std::uint8_t byte) {
    return static_cast<std::int8_t>((byte & 1) * 2 - 1);
}
constexpr double ternary_deviation = 0.8165, binary_deviation = 1;

class RandomModel {
public:
    explicit RandomModel(const Options& options)
        : options_(options), config_(config_of(options)), writer_(config_) {
        add_head();
        for (std::size_t l = 0; l < config_.layers; ++l) {
            add_layer("model.layers." + std::to_string(l) + ".");
        }
        add_norm("model.norm.weight", config_.dim);
    }
    void write() const { writer_.write(options_.out); }

private:
    // Around 1, as trained ones are.
    void add_norm(const std::string& name, std::size_t size) {
        const auto weights = draw(options_.seed, stream_++, size, [](std::uint8_t byte) {
            return 0.75f + static_cast<float>(byte) / 512;
        });
        writer_.add_f32(name, 1, size, weights);
    }

    // Rows of the length of a normalised token, nearly, so that logits are neither flat nor steep.
    void add_head() {
        const std::size_t rows = config_.vocab, cols = config_.dim;
        const float step = 1.0f / (74 * std::sqrt(static_cast<float>(cols)));
        std::array<std::uint16_t, 256> halves{};
        for (std::size_t i = 0; i < 256; ++i) {
            halves[i] = float_to_half(static_cast<float>(static_cast<int>(i) - 128) * step);
        }
        const auto source = [=, seed = options_.seed,
                             stream = stream_++](const ModelWriter::Sink& sink) {
            const auto values =
                draw(seed, stream, rows * cols, [&](std::uint8_t byte) { return halves[byte]; });
            sink(std::as_bytes(std::span(values)));
        };
        writer_.add_source("model.embed_tokens.weight", TensorKind::f16, rows, cols, source);
    }

    template <class Weights>
    void add_packed(TensorKind kind, const std::string& name, std::size_t rows, std::size_t cols,
                    std::int8_t (*code)(std::uint8_t), double deviation) {
        // Outputs of the size of the inputs, which norms have made about 1.
        const auto scale =
            static_cast<float>(1 / (deviation * std::sqrt(static_cast<double>(cols))));
        const auto source = [=, seed = options_.seed,
                             stream = stream_++](const ModelWriter::Sink& sink) {
            const auto codes = draw(seed, stream, rows * cols, code);
            sink(BitLinear<Weights, bitnet::Int8>::from_codes(codes, rows, cols, {&scale, 1})
                     .value()
                     .bytes());
        };
        writer_.add_source(name, kind, rows, cols, source);
    }

    void add_projection(const std::string& name, std::size_t rows, std::size_t cols) {
        if (options_.format == "binary") {
            add_packed<bitnet::Binary>(TensorKind::binary_int8, name, rows, cols, &binary,
                                       binary_deviation);
        } else {
            add_packed<bitnet::Ternary>(TensorKind::ternary_int8, name, rows, cols, &ternary,
                                        ternary_deviation);
        }
    }

    void add_layer(const std::string& at) {
        const Config& c = config_;
        add_norm(at + "input_layernorm.weight", c.dim);
        add_projection(at + "self_attn.q_proj.weight", c.q_dim(), c.dim);
        add_projection(at + "self_attn.k_proj.weight", c.kv_dim(), c.dim);
        add_projection(at + "self_attn.v_proj.weight", c.kv_dim(), c.dim);
        add_norm(at + "self_attn.attn_sub_norm.weight", c.q_dim());
        add_projection(at + "self_attn.o_proj.weight", c.dim, c.q_dim());
        add_norm(at + "post_attention_layernorm.weight", c.dim);
        add_projection(at + "mlp.gate_proj.weight", c.ffn_dim, c.dim);
        add_projection(at + "mlp.up_proj.weight", c.ffn_dim, c.dim);
        add_norm(at + "mlp.ffn_sub_norm.weight", c.ffn_dim);
        add_projection(at + "mlp.down_proj.weight", c.dim, c.ffn_dim);
    }

    const Options& options_;
    Config config_;
    ModelWriter writer_;
    std::uint32_t stream_ = 0; // a tensor's number
};

} // namespace

int main(int argc, char** argv) {
    CLI::App app("A model of random weights, for speed and memory", "bitnet-random");
    Options options;
    app.add_option("--shape", options.shape, "2b4t (BitNet b1.58 2B4T), or tiny, for tests")
        ->check(CLI::IsMember({"2b4t", "tiny"}))
        ->capture_default_str();
    app.add_option("--format", options.format, "Of the projections")
        ->check(CLI::IsMember({"ternary2", "binary"}))
        ->capture_default_str();
    app.add_option("--head", options.head, "Of the embedding, which is the output head too")
        ->check(CLI::IsMember({"f16"}))
        ->capture_default_str();
    app.add_option("--seed", options.seed, "The same seed gives the same file")
        ->transform(decimal<std::uint64_t>())
        ->capture_default_str();
    app.add_option("--out", options.out, "The .bitnet file to write")->check(path())->required();
    return run_program(
        app, [&] { parse_arguments(app, argc, argv); }, [&] { RandomModel(options).write(); });
}
