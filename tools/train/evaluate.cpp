// SPDX-License-Identifier: MIT
// A story at a time: no cache, no batches, attention by its definition. Norms, softmax and sums are
// the library's, which are defined to the bit: sums in another order would turn int8 roundings, and
// part the scores of trainer and program by 1e-4 nats a token.
#include "evaluate.hpp"

#include "../../examples/transformer/error.hpp"
#include "../../examples/transformer/files.hpp"
#include "../../examples/transformer/model_file.hpp"
#include "bit_group.hpp"
#include "corpus.hpp"

#include <bitnet/activation.hpp>
#include <bitnet/dispatch.hpp>
#include <bitnet/math.hpp>
#include <bitnet/rope.hpp>

#include <algorithm>
#include <cmath>
#include <span>

namespace bitnet::train {
namespace {

using example::ModelFile;
using example::TensorInfo;

using Isa = isa::dynamic;

// y (tokens×rows) = x (tokens×cols) · wᵀ in f32
void dense(const float* x, const std::vector<float>& w, std::size_t tokens, std::size_t rows,
           std::size_t cols, float* y) {
    for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t t = 0; t < tokens; ++t) {
            y[t * rows + r] = dot<Isa>(w.data() + r * cols, x + t * cols, cols);
        }
    }
}

class Projection {
public:
    Projection(const ModelFile& file, const std::string& name, std::size_t rows, std::size_t cols)
        : rows_(rows), cols_(cols) {
        const TensorInfo& tensor = file.require(name + ".weight", rows, cols);
        if (tensor.kind == example::kind_named("f32")) {
            dense_ = file.floats(tensor);
        } else {
            packed_ = map_bit_group(static_cast<LinearKind>(tensor.kind), file.bytes(tensor));
        }
    }
    std::vector<float> operator()(const std::vector<float>& x) const {
        const std::size_t tokens = x.size() / cols_;
        std::vector<float> y(tokens * rows_);
        if (packed_) {
            std::vector<std::byte> scratch(packed_->scratch_bytes(tokens));
            packed_->forward(x.data(), tokens, y.data(), scratch);
        } else {
            dense(x.data(), dense_, tokens, rows_, cols_, y.data());
        }
        return y;
    }

private:
    std::size_t rows_, cols_;
    std::vector<float> dense_;
    std::unique_ptr<BitGroup> packed_;
};

class Norm {
public:
    Norm(const ModelFile& file, const std::string& name, std::size_t size, float eps)
        : weight_(file.floats(file.require(name + ".weight", 1, size))), eps_(eps) {}
    std::vector<float> operator()(const std::vector<float>& x) const {
        const std::size_t tokens = x.size() / weight_.size();
        std::vector<float> y(x.size());
        const std::size_t n = weight_.size();
        bitnet::rms_norm<Isa>({x.data(), tokens, n}, weight_, eps_, {y.data(), tokens, n});
        return y;
    }

private:
    std::vector<float> weight_;
    float eps_;
};

struct Layer {
    Norm input, attention, post, ffn;
    Projection q, k, v, o, gate, up, down;

    Layer(const ModelFile& file, const Config& c, const std::string& p)
        : input(file, p + "input_layernorm", c.dim, c.norm_eps),
          attention(file, p + "self_attn.attn_sub_norm", c.q_dim(), c.norm_eps),
          post(file, p + "post_attention_layernorm", c.dim, c.norm_eps),
          ffn(file, p + "mlp.ffn_sub_norm", c.ffn_dim, c.norm_eps),
          q(file, p + "self_attn.q_proj", c.q_dim(), c.dim),
          k(file, p + "self_attn.k_proj", c.kv_dim(), c.dim),
          v(file, p + "self_attn.v_proj", c.kv_dim(), c.dim),
          o(file, p + "self_attn.o_proj", c.dim, c.q_dim()),
          gate(file, p + "mlp.gate_proj", c.ffn_dim, c.dim),
          up(file, p + "mlp.up_proj", c.ffn_dim, c.dim),
          down(file, p + "mlp.down_proj", c.dim, c.ffn_dim) {}
};

void turn(std::vector<float>& x, std::size_t heads, std::size_t d, float theta) {
    const std::size_t width = heads * d;
    const std::size_t tokens = x.size() / width;
    std::vector<float> cosines(tokens * d / 2);
    std::vector<float> sines(tokens * d / 2);
    rope_table<Isa>(0, tokens, d, static_cast<double>(theta), cosines, sines);
    for (std::size_t t = 0; t < tokens; ++t) {
        rope<Isa>({x.data() + t * width, width}, std::span(cosines).subspan(t * d / 2, d / 2),
                  std::span(sines).subspan(t * d / 2, d / 2));
    }
}

std::vector<float> attend(const std::vector<float>& q, const std::vector<float>& k,
                          const std::vector<float>& v, const Config& c) {
    const std::size_t tokens = q.size() / c.q_dim();
    const std::size_t d = c.head_dim;
    const float scale = 1.0f / std::sqrt(static_cast<float>(d));
    std::vector<float> out(q.size());
    std::vector<float> p(tokens);
    std::vector<float> column(tokens); // of the values
    for (std::size_t h = 0; h < c.heads; ++h) {
        const std::size_t kv = h / (c.heads / c.kv_heads) * d;
        for (std::size_t i = 0; i < tokens; ++i) {
            const std::span<float> seen(p.data(), i + 1);
            for (std::size_t j = 0; j <= i; ++j) {
                seen[j] =
                    dot<Isa>(q.data() + i * c.q_dim() + h * d, k.data() + j * c.kv_dim() + kv, d) *
                    scale;
            }
            softmax<Isa>(seen);
            for (std::size_t e = 0; e < d; ++e) {
                for (std::size_t j = 0; j <= i; ++j) column[j] = v[j * c.kv_dim() + kv + e];
                out[i * c.q_dim() + h * d + e] = dot<Isa>(p.data(), column.data(), i + 1);
            }
        }
    }
    return out;
}

void add(std::vector<float>& x, const std::vector<float>& y) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += y[i];
}

class Reader {
public:
    explicit Reader(const ModelFile& file)
        : c_(file.config()),
          embedding_(file.floats(file.require("model.embed_tokens.weight", c_.vocab, c_.dim))),
          final_(file, "model.norm", c_.dim, c_.norm_eps) {
        if (!c_.sub_norm) throw example::UserError("the trainer reads only models with sub-norms");
        for (std::size_t l = 0; l < c_.layers; ++l) {
            layers_.emplace_back(file, c_, "model.layers." + std::to_string(l) + ".");
        }
    }

    // Sum of −log p of ids[1..]; at most the model's context is fed.
    double nll(const std::vector<int>& ids) const {
        const std::size_t tokens = ids.size() - 1;
        std::vector<float> x;
        for (std::size_t t = 0; t < tokens; ++t) {
            const float* row = embedding_.data() + static_cast<std::size_t>(ids[t]) * c_.dim;
            x.insert(x.end(), row, row + c_.dim);
        }
        for (const Layer& layer : layers_) {
            const std::vector<float> n = layer.input(x);
            std::vector<float> q = layer.q(n);
            std::vector<float> k = layer.k(n);
            turn(q, c_.heads, c_.head_dim, c_.rope_theta);
            turn(k, c_.kv_heads, c_.head_dim, c_.rope_theta);
            add(x, layer.o(layer.attention(attend(q, k, layer.v(n), c_))));
            const std::vector<float> m = layer.post(x);
            std::vector<float> gate = layer.gate(m);
            const std::vector<float> up = layer.up(m);
            c_.gate == Config::Gate::silu ? silu_gate<Isa>(gate, up, gate)
                                          : squared_relu_gate<Isa>(gate, up, gate);
            add(x, layer.down(layer.ffn(gate)));
        }
        std::vector<float> logits(tokens * c_.vocab);
        dense(final_(x).data(), embedding_, tokens, c_.vocab, c_.dim, logits.data());
        double total = 0.0;
        for (std::size_t t = 0; t < tokens; ++t) {
            const float* row = logits.data() + t * c_.vocab;
            const float most = *std::max_element(row, row + c_.vocab);
            double sum = 0.0;
            for (std::size_t i = 0; i < c_.vocab; ++i) {
                sum += std::exp(static_cast<double>(row[i] - most));
            }
            total += std::log(sum) -
                     static_cast<double>(row[static_cast<std::size_t>(ids[t + 1])] - most);
        }
        return total;
    }

private:
    const Config& c_;
    std::vector<float> embedding_;
    Norm final_;
    std::vector<Layer> layers_;
};

} // namespace

Score score_file(const std::string& model, const std::string& text) {
    const ModelFile file(model);
    const example::Tokenizer tokenizer = example::Tokenizer::from_merges(file.merges());
    const Reader reader(file);
    Score score;
    // One id more than the context: the last one is predicted, not fed.
    for (const std::vector<int>& ids : encode_stories(
             tokenizer, split_stories(example::read_text(text)), file.config().max_context + 1)) {
        score.nll += reader.nll(ids);
        score.tokens += ids.size() - 1;
        score.bytes += tokenizer.decode(ids).size();
    }
    return score;
}

} // namespace bitnet::train
