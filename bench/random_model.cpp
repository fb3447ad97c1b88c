// SPDX-License-Identifier: MIT
// Writes a model of random weights, whose speed and memory are those of a trained one of its shape.
// The same arguments give the same file on every machine. One tensor at a time is in memory, a byte
// for each of its weights.
//
//   bitnet-random --shape 2b4t --format ternary2 --seed 1 --out random.bitnet
#include "command_line.hpp"
#include "config.hpp"
#include "error.hpp"
#include "half.hpp"
#include "linear.hpp"
#include "model_file.hpp"
#include "model_format.hpp"
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

/// A model's shape, and what it is made of where nobody says otherwise.
struct Shape {
    std::string_view name;
    Config config;
    std::size_t scale_group; // columns that share a scale, a half; 0: one scale for the tensor
    std::string_view format, head;
};

/// BitNet b1.58 2B4T, arXiv 2504.12285
Config config_of_2b4t() {
    Config c;
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
    return c;
}

/// For tests: extents that no vector divides.
Config config_of_tiny() {
    Config c;
    c.vocab = 300;
    c.dim = 72;
    c.ffn_dim = 200;
    c.layers = 2;
    c.heads = 6;
    c.kv_heads = 2;
    c.head_dim = 12;
    c.max_context = 128;
    return c;
}

/// `c` with the graph and the tokens of Qwen3, arXiv 2505.09388
Config as_qwen3(Config c) {
    c.architecture = "qwen3";
    c.gate = Config::Gate::silu;
    c.sub_norm = false;
    c.qk_norm = true;
    c.norm_eps = 1e-6f;
    c.add_bos = false;
    return c;
}

Config config_of_qwen3(std::size_t dim, std::size_t ffn_dim, std::size_t layers, std::size_t heads,
                       bool tied) {
    Config c;
    c.vocab = 151936;
    c.dim = dim;
    c.ffn_dim = ffn_dim;
    c.layers = layers;
    c.heads = heads;
    c.kv_heads = 8;
    c.head_dim = 128;
    c.max_context = 40960;
    c.rope_theta = 1e6f;
    c.tied = tied;
    c.bos = 151643;
    c.eos = {151645, 151643};
    return as_qwen3(c);
}

Config config_of_tiny_qwen3() {
    Config c = config_of_tiny();
    c.ffn_dim = 300; // groups of 128, and one of 44
    c.tied = false;
    return as_qwen3(c);
}

/// Their projections and heads are ternary, in groups, as in Q2_0 of GGUF files.
Shape qwen3(std::string_view name, const Config& config) {
    return {name, config, 128, "ternary-int8g128", "ternary-int8g128"};
}

const std::vector<Shape>& shapes() {
    static const std::vector<Shape> all{
        {"2b4t", config_of_2b4t(), 0, "ternary2", "int6"},
        qwen3("qwen3-1.7b", config_of_qwen3(2048, 6144, 28, 16, true)),
        qwen3("qwen3-4b", config_of_qwen3(2560, 9728, 36, 32, true)),
        qwen3("qwen3-8b", config_of_qwen3(4096, 12288, 36, 32, false)),
        {"tiny", config_of_tiny(), 0, "ternary2", "int6"},
        qwen3("tiny-qwen3", config_of_tiny_qwen3()),
    };
    return all;
}

const Shape& shape_named(std::string_view name) { // which is in the list
    return *std::find_if(shapes().begin(), shapes().end(),
                         [&](const Shape& shape) { return shape.name == name; });
}

struct Options {
    std::string shape = "2b4t";
    std::string format; // empty: the shape's
    std::string head;   // empty: the shape's
    std::uint64_t seed = 1;
    std::string out;
};

Config config_of(const Options& options) {
    Config c = shape_named(options.shape).config;
    c.tokenizer = Config::Tokens::none;
    c.training = "{\"kind\":\"random\",\"seed\":" + std::to_string(options.seed) + "}";
    return c;
}

/// Random bytes of tensor `stream` of a seed, made into something each. A tensor has several parts.
template <class Make>
auto draw(std::uint64_t seed, std::uint32_t stream, std::size_t count, const Make& make,
          std::uint32_t part = 0) {
    std::vector<decltype(make(std::uint8_t{}))> values(count);
    const bitnet::Philox2 key{
        {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}};
    for (std::size_t i = 0; i < count; i += 16) {
        const auto block = static_cast<std::uint32_t>(i / 16); // below 2^32: 2^36 values are plenty
        const bitnet::Philox4 random = bitnet::philox4x32({{block, stream, part, 0}}, key);
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
        : options_(options), shape_(shape_named(options.shape)), config_(config_of(options)),
          writer_(config_) {
        const std::string_view head = options.head.empty() ? shape_.head : options.head;
        add_linear(head, "model.embed_tokens.weight", config_.vocab, config_.dim);
        for (std::size_t l = 0; l < config_.layers; ++l) {
            add_layer("model.layers." + std::to_string(l) + ".");
        }
        add_norm("model.norm.weight", config_.dim);
        if (!config_.tied) add_linear(head, "lm_head.weight", config_.vocab, config_.dim);
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

    /// What the bytes of a tensor are made from.
    struct Source {
        std::uint64_t seed;
        std::uint32_t stream;
        std::size_t rows, cols;
        std::size_t scale_group;
    };

    /// The bytes of a tensor from random ones: of a float layer, of a screened head, of a
    /// BitLinear.
    static void make(std::type_identity<Dense<std::uint16_t>>, const Source& s,
                     const ModelWriter::Sink& sink) {
        std::array<std::uint16_t, 256> halves{};
        for (std::size_t i = 0; i < 256; ++i) {
            const float code = codes_of<bitnet::Int8>.code(static_cast<std::uint8_t>(i));
            halves[i] = float_to_half(code * scale_of(codes_of<bitnet::Int8>.deviation(), s.cols));
        }
        auto values = draw(s.seed, s.stream, s.rows * s.cols,
                           [&](std::uint8_t byte) { return halves[byte]; });
        for (std::uint16_t& value : values) {
            file_format::store<std::uint16_t>(reinterpret_cast<std::byte*>(&value), value);
        }
        sink(std::as_bytes(std::span(values)));
    }
    static void make(std::type_identity<ScreenedHead>, const Source& s,
                     const ModelWriter::Sink& sink) {
        const std::vector<float> scales(s.rows, scale_of(screened.deviation(), s.cols));
        const auto drawn = draw(s.seed, s.stream, s.rows * s.cols, screened.code);
        const std::uint64_t dither = ~s.seed; // not what the codes were drawn from
        sink(ScreenedHead::from_codes(drawn, s.rows, s.cols, scales, dither).value().bytes());
    }
    template <class Weights, class Activations, class Layout>
    static void make(std::type_identity<BitLinear<Weights, Activations, Layout>>, const Source& s,
                     const ModelWriter::Sink& sink) {
        using Layer = BitLinear<Weights, Activations, Layout>;
        const Codes codes = codes_of<Weights>;
        const float scale = scale_of(codes.deviation(), s.cols);
        const auto drawn = draw(s.seed, s.stream, s.rows * s.cols, codes.code);
        if (s.scale_group == 0) {
            sink(Layer::from_codes(drawn, s.rows, s.cols, {&scale, 1}).value().bytes());
            return;
        }
        const std::size_t groups = bitnet::groups_of(s.cols, s.scale_group);
        const auto halves = draw(
            s.seed, s.stream, s.rows * groups,
            [&](std::uint8_t byte) {
                return float_to_half(scale * (0.75f + static_cast<float>(byte) / 512));
            },
            1);
        sink(Layer::from_codes(drawn, s.rows, s.cols, halves, {}, s.scale_group).value().bytes());
    }

    void add_linear(std::string_view format, const std::string& name, std::size_t rows,
                    std::size_t cols) {
        const TensorKind kind = kind_of(format);
        const Source source{options_.seed, stream_++, rows, cols, shape_.scale_group};
        visit_layer(kind, [&]<class Layer>(std::type_identity<Layer> type) {
            if constexpr (is_drawn<Layer>) {
                writer_.add_source(
                    name, kind, rows, cols,
                    [type, source](const ModelWriter::Sink& sink) { make(type, source, sink); });
            }
        });
    }

    void add_layer(const std::string& at) {
        const Config& c = config_;
        const std::string_view format = options_.format.empty() ? shape_.format : options_.format;
        add_norm(at + "input_layernorm.weight", c.dim);
        add_linear(format, at + "self_attn.q_proj.weight", c.q_dim(), c.dim);
        add_linear(format, at + "self_attn.k_proj.weight", c.kv_dim(), c.dim);
        add_linear(format, at + "self_attn.v_proj.weight", c.kv_dim(), c.dim);
        if (c.qk_norm) {
            add_norm(at + "self_attn.q_norm.weight", c.head_dim);
            add_norm(at + "self_attn.k_norm.weight", c.head_dim);
        }
        if (c.sub_norm) add_norm(at + "self_attn.attn_sub_norm.weight", c.q_dim());
        add_linear(format, at + "self_attn.o_proj.weight", c.dim, c.q_dim());
        add_norm(at + "post_attention_layernorm.weight", c.dim);
        add_linear(format, at + "mlp.gate_proj.weight", c.ffn_dim, c.dim);
        add_linear(format, at + "mlp.up_proj.weight", c.ffn_dim, c.dim);
        if (c.sub_norm) add_norm(at + "mlp.ffn_sub_norm.weight", c.ffn_dim);
        add_linear(format, at + "mlp.down_proj.weight", c.dim, c.ffn_dim);
    }

    const Options& options_;
    const Shape& shape_;
    Config config_;
    ModelWriter writer_;
    std::uint32_t stream_ = 0; // a tensor's number
};

} // namespace

int main(int argc, char** argv) {
    CLI::App app("A model of random weights, for speed and memory", "bitnet-random");
    Options options;
    std::vector<std::string> names;
    for (const Shape& shape : shapes()) names.emplace_back(shape.name);
    app.add_option("--shape", options.shape,
                   "2b4t (BitNet b1.58 2B4T), those of Qwen3 with scales per 128 columns, or tiny "
                   "ones, for tests")
        ->check(CLI::IsMember(names))
        ->capture_default_str();
    app.add_option("--format", options.format,
                   "Of the projections: weights, and after them activations that are not int8 with "
                   "a scale per token (default: ternary2; of Qwen3 ternary-int8g128)")
        ->check(CLI::IsMember(kind_words()));
    app.add_option("--head", options.head,
                   "Of the embedding and the output head, where that is not the same (default: "
                   "int6; of Qwen3 ternary-int8g128)")
        ->check(CLI::IsMember(kind_words()));
    app.add_option("--seed", options.seed, "The same seed gives the same file")
        ->transform(decimal<std::uint64_t>())
        ->capture_default_str();
    app.add_option("--out", options.out, "The .bitnet file to write")->check(path())->required();
    return run_program(
        app, [&] { parse_arguments(app, argc, argv); }, [&] { RandomModel(options).write(); });
}
