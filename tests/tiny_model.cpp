// SPDX-License-Identifier: MIT
// The tiny models and their oracle. Compiled with -ffp-contract=off, like every oracle.
#include "tiny_model.hpp"

#include "half.hpp"

#include <bitnet/math.hpp>
#include <bitnet/rope.hpp>
#include <bitnet/screened_head.hpp>

#include <algorithm>
#include <cmath>
#include <random>
#include <sstream>
#include <string_view>
#include <type_traits>

namespace tiny {
namespace {

using bitnet::example::ModelWriter;

// What a kind means follows from its name: "<weights>-<activations>".
bool is_binary(TensorKind kind) {
    return name_of(kind).starts_with("binary");
}

// The largest code; 1 for the kinds of one and two bits.
int largest_code(TensorKind kind) {
    const std::string_view name = name_of(kind);
    if (name.starts_with("int")) {
        const int bits = name[3] - '0';
        return (1 << (bits - 1)) - 1;
    }
    return name.starts_with("screened") ? bitnet::ScreenedHead::max_code : 1;
}

// Whether int8 activations meet the weights.
bool takes_int8(TensorKind kind) {
    return name_of(kind).ends_with("-int8");
}

// Uniform in [-1, 1), the same on every machine: std:: distributions are not.
float uniform(std::mt19937& random) {
    return static_cast<float>(random() >> 8) * 0x1p-23f - 1.0f;
}

float as_half(float value) {
    const std::uint16_t half = bitnet::example::float_to_half(value);
    float rounded = 0;
    bitnet::halves_to_floats(&half, &rounded, 1);
    return rounded;
}

Tensor make_linear(std::mt19937& random, TensorKind kind, std::size_t rows, std::size_t cols) {
    Tensor tensor{kind, rows, cols, {}, {}, 1.0f};
    const float size = 1.5f / std::sqrt(static_cast<float>(cols));
    if (kind == kind_named("f32") || kind == kind_named("f16")) {
        for (std::size_t i = 0; i < rows * cols; ++i) {
            const float value = uniform(random) * size;
            tensor.values.push_back(kind == kind_named("f32") ? value : as_half(value));
        }
        return tensor;
    }
    const int largest = largest_code(kind);
    for (std::size_t i = 0; i < rows * cols; ++i) {
        const auto choices = static_cast<unsigned>(2 * largest + 1);
        const int code = is_binary(kind) ? (random() % 2 == 0 ? -1 : 1)
                                         : static_cast<int>(random() % choices) - largest;
        tensor.codes.push_back(static_cast<std::int8_t>(code));
    }
    tensor.scale = size * (1.0f + 0.25f * uniform(random)) / static_cast<float>(largest);
    return tensor;
}

Tensor make_vector(std::mt19937& random, std::size_t cols) {
    Tensor tensor{kind_named("f32"), 1, cols, {}, {}, 1.0f};
    for (std::size_t i = 0; i < cols; ++i) {
        tensor.values.push_back(1.0f + 0.5f * uniform(random));
    }
    return tensor;
}

template <class Layer>
auto packed(const Tensor& t) {
    if constexpr (std::is_same_v<Layer, bitnet::ScreenedHead>) {
        const std::vector<float> scales(t.rows, t.scale);
        return Layer::from_codes(t.codes, t.rows, t.cols, scales, 1);
    } else {
        return Layer::from_codes(t.codes, t.rows, t.cols, std::span(&t.scale, 1));
    }
}

void add_tensor(ModelWriter& writer, const std::string& name, const Tensor& t) {
    using bitnet::example::Dense;
    bitnet::example::visit_layer(t.kind, [&]<class Layer>(std::type_identity<Layer>) {
        if constexpr (std::is_same_v<Layer, Dense<float>>) {
            writer.add_f32(name, t.rows, t.cols, t.values);
        } else if constexpr (std::is_same_v<Layer, Dense<std::uint16_t>>) {
            writer.add_f16(name, t.rows, t.cols, t.values);
        } else if constexpr (!std::is_void_v<Layer>) {
            writer.add(name, t.kind, t.rows, t.cols, packed<Layer>(t).value().bytes());
        }
    });
}

// ---- the oracle: vectors of Real, one token at a time -------------------------------------------

template <class Real>
using Vector = std::vector<Real>;

// Sixteen interleaved partials, folded 8, 4, 2, 1.
template <class Real, class F>
Real sum16(std::size_t n, F&& term) {
    Real partial[16] = {};
    for (std::size_t i = 0; i < n; ++i) {
        partial[i % 16] += term(i);
    }
    for (std::size_t half = 8; half >= 1; half /= 2) {
        for (std::size_t i = 0; i < half; ++i) {
            partial[i] += partial[i + half];
        }
    }
    return partial[0];
}

template <class Real>
Real exponential(Real x) {
    if constexpr (std::is_same_v<Real, float>) {
        return bitnet::exp(x);
    } else {
        return std::exp(x);
    }
}

template <class Real>
Vector<Real> norm(const Vector<Real>& x, const Tensor& weight, float eps) {
    const Real squares = sum16<Real>(x.size(), [&](std::size_t i) { return x[i] * x[i]; });
    const Real factor = Real(1) / std::sqrt(squares / static_cast<Real>(x.size()) + Real(eps));
    Vector<Real> y(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
        y[i] = (x[i] * factor) * Real(weight.values[i]);
    }
    return y;
}

template <class Real>
Vector<Real> linear(const Tensor& w, const Vector<Real>& x) {
    const std::size_t n = x.size();
    Vector<Real> y(w.rows);
    if (!w.values.empty()) {
        for (std::size_t r = 0; r < w.rows; ++r) {
            y[r] = sum16<Real>(n, [&](std::size_t i) { return Real(w.values[r * n + i]) * x[i]; });
        }
        return y;
    }
    std::vector<int> q(n);
    Real divide_by = 1;
    Real times = 1;
    if (takes_int8(w.kind)) {
        Real largest = Real(1e-5f);
        for (const Real v : x) {
            largest = std::max(largest, std::abs(v));
        }
        divide_by = Real(127) / largest;
        for (std::size_t i = 0; i < n; ++i) {
            q[i] = static_cast<int>(std::nearbyint(x[i] * divide_by));
        }
    } else {
        for (std::size_t i = 0; i < n; ++i) {
            q[i] = x[i] < 0 ? -1 : 1;
        }
        const Real count = static_cast<Real>(n);
        const Real mean = sum16<Real>(n, [&](std::size_t i) { return std::abs(x[i]); }) / count;
        if (w.kind == kind_named("ternary-signmean") || w.kind == kind_named("binary-signmean")) {
            times = mean;
        }
        if (w.kind == kind_named("ternary-signnorm") || w.kind == kind_named("binary-signnorm")) {
            times = std::sqrt(sum16<Real>(n,
                                          [&](std::size_t i) {
                                              const Real d = std::abs(x[i]) - mean;
                                              return d * d;
                                          }) /
                              count);
        }
    }
    for (std::size_t r = 0; r < w.rows; ++r) {
        int dot = 0;
        for (std::size_t i = 0; i < n; ++i) {
            dot += w.codes[r * n + i] * q[i];
        }
        y[r] = ((static_cast<Real>(dot) / divide_by) * times) * Real(w.scale);
    }
    return y;
}

template <class Real>
void norm_heads(Vector<Real>& x, const Tensor& weight, const Config& c) {
    for (std::size_t head = 0; head < x.size(); head += c.head_dim) {
        const auto begin = x.begin() + static_cast<std::ptrdiff_t>(head);
        const auto end = begin + static_cast<std::ptrdiff_t>(c.head_dim);
        const Vector<Real> y = norm(Vector<Real>(begin, end), weight, c.norm_eps);
        std::copy(y.begin(), y.end(), begin);
    }
}

// Element i of a head turns with element i + head_dim / 2.
template <class Real>
void rotate(Vector<Real>& x, std::size_t position, const Config& c) {
    const std::size_t half = c.head_dim / 2;
    std::vector<float> cosines(half);
    std::vector<float> sines(half);
    bitnet::rope_table(position, 1, c.head_dim, c.rope_theta, cosines, sines,
                       c.yarn.value_or(bitnet::YarnScaling()));
    for (std::size_t head = 0; head < x.size(); head += c.head_dim) {
        for (std::size_t i = 0; i < half; ++i) {
            const double angle =
                static_cast<double>(position) *
                std::pow(static_cast<double>(c.rope_theta),
                         -2.0 * static_cast<double>(i) / static_cast<double>(c.head_dim));
            const bool exact = std::is_same_v<Real, float> || c.yarn; // test_rope has YaRN
            const Real cosine = exact ? Real(cosines[i]) : static_cast<Real>(std::cos(angle));
            const Real sine = exact ? Real(sines[i]) : static_cast<Real>(std::sin(angle));
            const Real a = x[head + i];
            const Real b = x[head + half + i];
            x[head + i] = a * cosine - b * sine;
            x[head + half + i] = b * cosine + a * sine;
        }
    }
}

template <class Real>
Vector<Real> attention(const Vector<Real>& q, const std::vector<Vector<Real>>& keys,
                       const std::vector<Vector<Real>>& values, const Config& c) {
    const Real scale = Real(1) / std::sqrt(static_cast<Real>(c.head_dim));
    Vector<Real> out(q.size());
    for (std::size_t head = 0; head < c.heads; ++head) {
        const std::size_t from = head * c.head_dim;
        const std::size_t kv = head * c.kv_heads / c.heads * c.head_dim;
        Vector<Real> p;
        for (const Vector<Real>& key : keys) {
            p.push_back(
                sum16<Real>(c.head_dim, [&](std::size_t i) { return q[from + i] * key[kv + i]; }) *
                scale);
        }
        const Real largest = *std::max_element(p.begin(), p.end());
        for (Real& v : p) {
            v = exponential(v - largest);
        }
        const Real total = sum16<Real>(p.size(), [&](std::size_t i) { return p[i]; });
        for (Real& v : p) {
            v /= total;
        }
        for (std::size_t i = 0; i < c.head_dim; ++i) {
            out[from + i] =
                sum16<Real>(p.size(), [&](std::size_t t) { return p[t] * values[t][kv + i]; });
        }
    }
    return out;
}

} // namespace

std::vector<TensorKind> projection_kinds() {
    std::vector<TensorKind> kinds;
    bitnet::example::find_kind([&]<class Layer>(const bitnet::example::KindRow<Layer>& row) {
        if (!std::is_void_v<Layer>) {
            kinds.push_back(row.kind);
        }
        return false;
    });
    return kinds;
}

Model make(const Options& options) {
    std::mt19937 random(options.seed);
    Model model;
    Config& c = model.config;
    c.vocab = 264;
    c.dim = 48;
    c.ffn_dim = 80;
    c.layers = 2;
    c.heads = 4;
    c.kv_heads = 2;
    c.max_context = 80;
    c.gate = options.gate;
    c.sub_norm = options.sub_norm;
    if (!options.tokenizer) c.tokenizer = Config::Tokens::none;
    c.tied = options.tied;
    c.qk_norm = options.qk_norm;
    c.yarn = options.yarn;
    c.projection_norm_eps = options.projection_norm_eps;
    c.head_dim = options.head_dim;
    if (options.tokenizer) {
        model.merges = {{'h', 'e'}, {'t', 258}, {' ', 259}, {0xC3, 0xA9}, {'o', 'n'}, {' ', 'a'}};
    }
    auto& tensors = model.tensors;
    const auto embedding = [&] { // or a head
        const bool halves = options.head == kind_named("f16");
        const TensorKind kind = halves ? kind_named("f32") : options.head;
        Tensor table = make_linear(random, kind, c.vocab, c.dim);
        table.kind = options.head;
        table.scale *= 8.0f; // of codes; of floats, each
        for (float& v : table.values) {
            v *= 8.0f;
            v = halves ? as_half(v) : v;
        }
        return table;
    };
    tensors["model.embed_tokens.weight"] = embedding();
    if (!c.tied) tensors["lm_head.weight"] = embedding();
    tensors["model.norm.weight"] = make_vector(random, c.dim);
    std::size_t next = 0;
    const auto kind = [&] { return options.kinds[next++ % options.kinds.size()]; };
    for (std::size_t l = 0; l < c.layers; ++l) {
        const std::string at = "model.layers." + std::to_string(l) + ".";
        const auto linear = [&](const char* name, std::size_t rows, std::size_t cols) {
            tensors[at + name + "_proj.weight"] = make_linear(random, kind(), rows, cols);
            if (c.projection_norm_eps) {
                tensors[at + name + "_proj.norm.weight"] = make_vector(random, cols);
            }
        };
        linear("self_attn.q", c.q_dim(), c.dim);
        linear("self_attn.k", c.kv_dim(), c.dim);
        linear("self_attn.v", c.kv_dim(), c.dim);
        linear("self_attn.o", c.dim, c.q_dim());
        linear("mlp.gate", c.ffn_dim, c.dim);
        linear("mlp.up", c.ffn_dim, c.dim);
        linear("mlp.down", c.dim, c.ffn_dim);
        tensors[at + "input_layernorm.weight"] = make_vector(random, c.dim);
        tensors[at + "post_attention_layernorm.weight"] = make_vector(random, c.dim);
        if (c.qk_norm) {
            tensors[at + "self_attn.q_norm.weight"] = make_vector(random, c.head_dim);
            tensors[at + "self_attn.k_norm.weight"] = make_vector(random, c.head_dim);
        }
        if (c.sub_norm) {
            tensors[at + "self_attn.attn_sub_norm.weight"] = make_vector(random, c.q_dim());
            tensors[at + "mlp.ffn_sub_norm.weight"] = make_vector(random, c.ffn_dim);
        }
    }
    return model;
}

std::vector<std::byte> Model::file() const {
    ModelWriter writer(config);
    for (const auto& [name, tensor] : tensors) {
        add_tensor(writer, name, tensor);
    }
    if (!tokenizer.empty()) {
        writer.add("tokenizer", kind_named("bytes"), 1, tokenizer.size(), tokenizer);
    } else if (!merges.empty()) {
        writer.add_merges(merges);
    }
    return bytes_of(writer);
}

std::vector<std::byte> bytes_of(const ModelWriter& writer) {
    std::ostringstream out;
    writer.write(out);
    const std::string file = std::move(out).str();
    const auto* data = reinterpret_cast<const std::byte*>(file.data());
    return {data, data + file.size()};
}

template <class Real>
std::vector<std::vector<Real>> logits(const Model& model, const std::vector<int>& ids) {
    const Config& c = model.config;
    const Tensor& table = model.tensors.at("model.embed_tokens.weight");
    const Tensor& head = c.tied ? table : model.tensors.at("lm_head.weight");
    std::vector<std::vector<Vector<Real>>> keys(c.layers);
    std::vector<std::vector<Vector<Real>>> values(c.layers);
    std::vector<std::vector<Real>> result;
    for (std::size_t position = 0; position < ids.size(); ++position) {
        Vector<Real> x(c.dim);
        for (std::size_t i = 0; i < c.dim; ++i) {
            const std::size_t at = static_cast<std::size_t>(ids[position]) * c.dim + i;
            x[i] = table.codes.empty() ? Real(table.values[at])
                                       : Real(table.codes[at]) * Real(table.scale);
        }
        for (std::size_t l = 0; l < c.layers; ++l) {
            const auto at = [&](const std::string& name) -> const Tensor& {
                return model.tensors.at("model.layers." + std::to_string(l) + "." + name +
                                        ".weight");
            };
            const auto project = [&](const std::string& name, const Vector<Real>& in) {
                if (!c.projection_norm_eps) return linear(at(name), in);
                return linear(at(name), norm(in, at(name + ".norm"), *c.projection_norm_eps));
            };
            Vector<Real> n = norm(x, at("input_layernorm"), c.norm_eps);
            Vector<Real> q = project("self_attn.q_proj", n);
            Vector<Real> k = project("self_attn.k_proj", n);
            if (c.qk_norm) {
                norm_heads(q, at("self_attn.q_norm"), c);
                norm_heads(k, at("self_attn.k_norm"), c);
            }
            rotate(q, position, c);
            rotate(k, position, c);
            keys[l].push_back(k);
            values[l].push_back(project("self_attn.v_proj", n));
            Vector<Real> a = attention(q, keys[l], values[l], c);
            if (c.sub_norm) {
                a = norm(a, at("self_attn.attn_sub_norm"), c.norm_eps);
            }
            const Vector<Real> o = project("self_attn.o_proj", a);
            for (std::size_t i = 0; i < c.dim; ++i) {
                x[i] += o[i];
            }
            n = norm(x, at("post_attention_layernorm"), c.norm_eps);
            Vector<Real> gate = project("mlp.gate_proj", n);
            const Vector<Real> up = project("mlp.up_proj", n);
            for (std::size_t i = 0; i < c.ffn_dim; ++i) {
                if (c.gate == Config::Gate::relu2) {
                    const Real r = std::max(gate[i], Real(0));
                    gate[i] = (r * r) * up[i];
                } else {
                    const Real z = exponential(-std::abs(gate[i]));
                    const Real sigmoid = (gate[i] < 0 ? z : Real(1)) / (Real(1) + z);
                    gate[i] = (gate[i] * sigmoid) * up[i];
                }
            }
            if (c.sub_norm) {
                gate = norm(gate, at("mlp.ffn_sub_norm"), c.norm_eps);
            }
            const Vector<Real> down = project("mlp.down_proj", gate);
            for (std::size_t i = 0; i < c.dim; ++i) {
                x[i] += down[i];
            }
        }
        result.push_back(linear(head, norm(x, model.tensors.at("model.norm.weight"), c.norm_eps)));
    }
    return result;
}

template std::vector<std::vector<float>> logits<float>(const Model&, const std::vector<int>&);
template std::vector<std::vector<double>> logits<double>(const Model&, const std::vector<int>&);

} // namespace tiny
