// SPDX-License-Identifier: MIT
// The oracle of the tiny models: vectors of Real, one token at a time. Compiled with
// -ffp-contract=off, like every oracle.
#include "tiny_model.hpp"

#include <bitnet/math.hpp>
#include <bitnet/rope.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <type_traits>

namespace tiny {
namespace {

// Whether int8 activations meet the weights.
bool takes_int8(TensorKind kind) {
    return name_of(kind).ends_with("-int8");
}

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

// Columns of the input that share a scale, by the kind's name, "ternary-int8g32"; 0: all of them.
std::size_t input_group(TensorKind kind) {
    const std::string_view name = name_of(kind);
    const std::size_t at = name.find("-int8g");
    return at == std::string_view::npos ? 0 : std::stoul(std::string(name.substr(at + 6)));
}

// s = s + float(dot of a group) * (scale of the weights * scale of the input), group by group
template <class Real>
Vector<Real> linear_by_groups(const Tensor& w, const Vector<Real>& x, std::size_t group) {
    const std::size_t n = x.size();
    Vector<Real> y(w.rows);
    for (std::size_t begin = 0; begin < n; begin += group) {
        const std::size_t end = std::min(n, begin + group);
        Real largest = Real(1e-5f);
        for (std::size_t i = begin; i < end; ++i) largest = std::max(largest, std::abs(x[i]));
        const Real scale = Real(w.scale) * (largest / Real(127));
        for (std::size_t r = 0; r < w.rows; ++r) {
            int dot = 0;
            for (std::size_t i = begin; i < end; ++i) {
                const auto q = static_cast<int>(std::nearbyint(x[i] * (Real(127) / largest)));
                dot += w.codes[r * n + i] * q;
            }
            y[r] += static_cast<Real>(dot) * scale;
        }
    }
    return y;
}

template <class Real>
Vector<Real> linear(const Tensor& w, const Vector<Real>& x) {
    const std::size_t n = x.size();
    const std::size_t group = input_group(w.kind);
    if (w.values.empty() && group != 0) return linear_by_groups(w, x, group);
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

template <class Real>
std::vector<std::vector<Real>> logits(const Model& model, const std::vector<int>& ids,
                                      Inputs<Real>* inputs) {
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
            const std::string layer = "model.layers." + std::to_string(l) + ".";
            const auto at = [&](const std::string& name) -> const Tensor& {
                return model.tensors.at(layer + name + ".weight");
            };
            const auto record = [&](const std::string& name, const Vector<Real>& row) {
                if (inputs != nullptr) (*inputs)[layer + name].push_back(row);
            };
            const auto project = [&](const std::string& name, Vector<Real> in) {
                if (c.projection_norm_eps) {
                    in = norm(in, at(name + ".norm"), *c.projection_norm_eps);
                }
                record(name + ".weight", in);
                return linear(at(name), in);
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
            record("mlp.gated", gate);
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

template std::vector<std::vector<float>> logits<float>(const Model&, const std::vector<int>&,
                                                       Inputs<float>*);
template std::vector<std::vector<double>> logits<double>(const Model&, const std::vector<int>&,
                                                         Inputs<double>*);

} // namespace tiny
