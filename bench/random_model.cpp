// SPDX-License-Identifier: MIT
// Writes a model of random weights, whose speed and memory are those of a trained one of its shape.
// The same arguments give the same file on every machine. One tensor at a time is in memory.
//
//   bitnet-random --shape 2b4t --format ternary2 --seed 1 --out random.bitnet
#include "command_line.hpp"
#include "config.hpp"
#include "half.hpp"
#include "linear.hpp"
#include "model_file.hpp"
#include "tensor_kinds.hpp"

#include <bitnet/bitlinear.hpp>
#include <bitnet/random.hpp>
#include <bitnet/screened_head.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace {

using namespace bitnet::example;
using bitnet::BitLinear;
using bitnet::ScreenedHead;

/// Whether weights of a kind are drawn here: those of every layer but full floats.
template <class Layer>
constexpr bool is_drawn = !std::is_void_v<Layer> && !std::is_same_v<Layer, Dense<float>>;

/// A kind's word on the command line: its name, without the activations that most have.
std::string word_of(std::string_view name) {
    constexpr std::string_view activations = "-int8";
    if (name == "ternary-int8") return "ternary2"; // two bits a weight, unlike ternary-dense
    if (name.ends_with(activations)) name.remove_suffix(activations.size());
    return std::string(name);
}

std::vector<std::string> kind_words() {
    std::vector<std::string> words;
    find_kind([&]<class Layer>(const KindRow<Layer>& row) {
        if (is_drawn<Layer>) words.push_back(word_of(row.name));
        return false;
    });
    return words;
}

TensorKind kind_of(std::string_view word) {
    TensorKind kind{};
    find_kind([&](const auto& row) {
        kind = row.kind;
        return word_of(row.name) == word;
    });
    return kind;
}

struct Options {
    std::string shape = "2b4t";
    std::string format = "ternary2";
    std::string head = "int6";
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
        c.eos = {128001};
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
    c.tokenizer = Config::Tokens::none;
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
        for (std::size_t j = 0; j < std::min<std::size_t>(16, count - i); ++j) {
            values[i + j] = make(static_cast<std::uint8_t>(random.word[j / 4] >> 8 * (j % 4)));
        }
    }
    return values;
}

/// Codes from a random byte, and the standard deviation that they then have.
struct Codes {
    std::int8_t (*code)(std::uint8_t);

    double deviation() const {
        double squares = 0;
        for (int byte = 0; byte < 256; ++byte) {
            const double v = code(static_cast<std::uint8_t>(byte));
            squares += v * v;
        }
        return std::sqrt(squares / 256);
    }
};
/// Every code of a format about as often.
template <class Format>
constexpr Codes codes_of{[](std::uint8_t byte) {
    return static_cast<std::int8_t>(Format::code(byte * Format::count / 256));
}};
/// What a screened head takes: -112 .. 112.
constexpr Codes screened{
    [](std::uint8_t byte) { return static_cast<std::int8_t>(byte * 225 / 256 - 112); }};

class RandomModel {
public:
    explicit RandomModel(const Options& options)
        : options_(options), config_(config_of(options)), writer_(config_) {
        add_linear(kind_of(options.head), "model.embed_tokens.weight", config_.vocab, config_.dim);
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

    /// A scale such that outputs are of the size of the inputs, which norms have made about 1.
    static float scale_of(double deviation, std::size_t cols) {
        return static_cast<float>(1 / (deviation * std::sqrt(static_cast<double>(cols))));
    }

    /// The bytes of a tensor from random ones: of a float layer, of a screened head, of a
    /// BitLinear.
    static void make(std::type_identity<Dense<std::uint16_t>>, std::uint64_t seed,
                     std::uint32_t stream, std::size_t rows, std::size_t cols,
                     const ModelWriter::Sink& sink) {
        std::array<std::uint16_t, 256> halves{};
        for (std::size_t i = 0; i < 256; ++i) {
            const float code = codes_of<bitnet::Int8>.code(static_cast<std::uint8_t>(i));
            halves[i] = float_to_half(code * scale_of(codes_of<bitnet::Int8>.deviation(), cols));
        }
        const auto values =
            draw(seed, stream, rows * cols, [&](std::uint8_t byte) { return halves[byte]; });
        sink(std::as_bytes(std::span(values)));
    }
    static void make(std::type_identity<ScreenedHead>, std::uint64_t seed, std::uint32_t stream,
                     std::size_t rows, std::size_t cols, const ModelWriter::Sink& sink) {
        const std::vector<float> scales(rows, scale_of(screened.deviation(), cols));
        const auto drawn = draw(seed, stream, rows * cols, screened.code);
        const std::uint64_t dither = ~seed; // not what the codes were drawn from
        sink(ScreenedHead::from_codes(drawn, rows, cols, scales, dither).value().bytes());
    }
    template <class Weights, class Activations, class Layout>
    static void make(std::type_identity<BitLinear<Weights, Activations, Layout>>,
                     std::uint64_t seed, std::uint32_t stream, std::size_t rows, std::size_t cols,
                     const ModelWriter::Sink& sink) {
        using Layer = BitLinear<Weights, Activations, Layout>;
        const Codes codes = codes_of<Weights>;
        const float scale = scale_of(codes.deviation(), cols);
        const auto drawn = draw(seed, stream, rows * cols, codes.code);
        sink(Layer::from_codes(drawn, rows, cols, {&scale, 1}).value().bytes());
    }

    void add_linear(TensorKind kind, const std::string& name, std::size_t rows, std::size_t cols) {
        visit_layer(kind, [&]<class Layer>(std::type_identity<Layer> type) {
            if constexpr (is_drawn<Layer>) {
                const auto source = [=, seed = options_.seed,
                                     stream = stream_++](const ModelWriter::Sink& sink) {
                    make(type, seed, stream, rows, cols, sink);
                };
                writer_.add_source(name, kind, rows, cols, source);
            }
        });
    }

    void add_layer(const std::string& at) {
        const Config& c = config_;
        const TensorKind kind = kind_of(options_.format);
        add_norm(at + "input_layernorm.weight", c.dim);
        add_linear(kind, at + "self_attn.q_proj.weight", c.q_dim(), c.dim);
        add_linear(kind, at + "self_attn.k_proj.weight", c.kv_dim(), c.dim);
        add_linear(kind, at + "self_attn.v_proj.weight", c.kv_dim(), c.dim);
        add_norm(at + "self_attn.attn_sub_norm.weight", c.q_dim());
        add_linear(kind, at + "self_attn.o_proj.weight", c.dim, c.q_dim());
        add_norm(at + "post_attention_layernorm.weight", c.dim);
        add_linear(kind, at + "mlp.gate_proj.weight", c.ffn_dim, c.dim);
        add_linear(kind, at + "mlp.up_proj.weight", c.ffn_dim, c.dim);
        add_norm(at + "mlp.ffn_sub_norm.weight", c.ffn_dim);
        add_linear(kind, at + "mlp.down_proj.weight", c.dim, c.ffn_dim);
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
        ->check(CLI::IsMember(kind_words()))
        ->capture_default_str();
    app.add_option("--head", options.head, "Of the embedding, which is the output head too")
        ->check(CLI::IsMember(kind_words()))
        ->capture_default_str();
    app.add_option("--seed", options.seed, "The same seed gives the same file")
        ->transform(decimal<std::uint64_t>())
        ->capture_default_str();
    app.add_option("--out", options.out, "The .bitnet file to write")->check(path())->required();
    return run_program(
        app, [&] { parse_arguments(app, argc, argv); }, [&] { RandomModel(options).write(); });
}
