// SPDX-License-Identifier: MIT
// One layer of BitNet b1.58 2B4T whose weights come from memory, as an engine runs it: seven
// projections, their quantizers, four norms, the gate and the residual adds. Attention over a cache
// is left out: the queries take the place of its output. The oracle is the scalar cluster on some
// of the tokens, to the bit; the limit is the sum of the limits of the parts.
#include <cstring>
#include <memory>
#include <random>

#include <bitnet/activation.hpp>
#include <bitnet/bitlinear.hpp>
#include <bitnet/dispatch.hpp>

#include "measure.hpp"
#include "parts.hpp"
#include "rows.hpp"

namespace bench {
namespace {

using bitnet::Int8;
using bitnet::Matrix;
using bitnet::Ternary;

constexpr std::size_t dim = 2560, kv_dim = 640, ffn_dim = 6912, most_tokens = 512;
constexpr float eps = 1e-5f;

enum Name : std::size_t { q, k, v, o, gate, up, down };
struct Shape {
    std::size_t rows, cols;
};
constexpr Shape shapes[] = {{dim, dim},     {kv_dim, dim},  {kv_dim, dim}, {dim, dim},
                            {ffn_dim, dim}, {ffn_dim, dim}, {dim, ffn_dim}};

/// Compared with the oracle, of those that a row has: all of the first tile and its neighbour, and
/// some far ones.
constexpr std::size_t compared[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 40, 63, 300, 511};

using Floats = std::vector<float>;

Floats random_floats(std::mt19937& numbers, std::size_t count, float least, float most) {
    Floats values(count);
    for (float& value : values) {
        value = least + (most - least) * static_cast<float>(numbers() % 4096) / 4096.0f;
    }
    return values;
}

/// What a layer is beside its projections.
struct Norms {
    Floats input, attention, post, ffn;
};

/// What lies between the parts of a layer, for so many tokens.
struct State {
    std::size_t tokens;
    Floats norm, q, k, v, gate, up, out, sum; // sum: the residual stream
    std::vector<std::byte> scratch;

    explicit State(std::size_t tokens_)
        : tokens(tokens_), norm(tokens * dim), q(tokens * dim), k(tokens * kv_dim), v(k.size()),
          gate(tokens * ffn_dim), up(gate.size()), out(tokens * dim), sum(tokens * dim),
          scratch(bitnet::scratch_bytes<Int8>(tokens, ffn_dim)) {}

    Matrix<float> in_rows(Floats& values, std::size_t n) const {
        return {values.data(), n, values.size() / tokens};
    }
};

template <class Layout>
using Projections = std::vector<bitnet::BitLinear<Ternary, Int8, Layout>>;

/// s.sum = the layer of x, on the cluster that this CPU has, through the interface for engines.
template <class Layout>
void run_layer(const Projections<Layout>& layer, const Norms& norms, Matrix<const float> x,
               State& s, const ThreadPool& threads) {
    using Isa = bitnet::isa::dynamic;
    const std::size_t n = x.rows;
    const auto rows = [&](Floats& values) { return s.in_rows(values, n); };
    const auto normalize = [&](Matrix<const float> in, const Floats& weight, Matrix<float> out) {
        threads.parallel_for(n, [&](std::size_t t) noexcept {
            bitnet::rms_norm<Isa>({in.row(t), 1, in.cols}, weight, eps, {out.row(t), 1, in.cols});
        });
    };
    const auto quantize = [&](Matrix<const float> in) {
        return bitnet::quantize<Int8, Isa>(in, s.scratch, 0, threads);
    };
    const auto output = [&](Name name, Floats& out) {
        return bitnet::Output{layer[name], rows(out)};
    };
    const auto add = [&](Matrix<const float> a, Matrix<const float> b) { // to the sum
        threads.parallel_for(n, [&](std::size_t t) noexcept {
            float* sum = rows(s.sum).row(t);
            for (std::size_t i = 0; i < dim; ++i) sum[i] = a.row(t)[i] + b.row(t)[i];
        });
    };

    normalize(x, norms.input, rows(s.norm));
    bitnet::forward<Isa>(quantize(rows(s.norm)), threads, output(Name::q, s.q),
                         output(Name::k, s.k), output(Name::v, s.v));
    normalize(rows(s.q), norms.attention, rows(s.q));
    bitnet::forward<Isa>(quantize(rows(s.q)), threads, output(Name::o, s.out));
    add(x, rows(s.out));

    normalize(rows(s.sum), norms.post, rows(s.norm));
    bitnet::forward<Isa>(quantize(rows(s.norm)), threads, output(Name::gate, s.gate),
                         output(Name::up, s.up));
    threads.parallel_for(n, [&](std::size_t t) noexcept {
        const std::span<float> gated(rows(s.gate).row(t), ffn_dim);
        bitnet::squared_relu_gate<Isa>(gated, {rows(s.up).row(t), ffn_dim}, gated);
    });
    normalize(rows(s.gate), norms.ffn, rows(s.gate));
    bitnet::forward<Isa>(quantize(rows(s.gate)), threads, output(Name::down, s.out));
    add(rows(s.sum), rows(s.out));
}

/// The same by the scalar cluster's functions, one after the other.
template <class Layout>
void run_scalar(const Projections<Layout>& layer, const Norms& norms, Matrix<const float> x,
                State& s) {
    namespace f = bitnet::functions;
    const bitnet::dispatch::Table& scalar = *bitnet::dispatch::find("scalar");
    const std::size_t n = x.rows;
    const auto rows = [&](Floats& values) { return s.in_rows(values, n); };
    const auto quantize = [&](Matrix<const float> in) {
        const auto codes = bitnet::detail::place<Int8>(s.scratch, n, in.cols, 0);
        scalar.get<f::Quantize<Int8>>()(in, codes, 0, n);
        return codes;
    };
    const auto project = [&](Name name, const bitnet::Quantized<Int8>& in, Floats& out) {
        scalar.get<f::Gemm<bitnet::Product<Ternary, Int8, Layout>>>()(
            layer[name].weights(), in, layer[name].scales(), nullptr, rows(out), 0,
            shapes[name].rows);
    };
    const auto norm = scalar.get<f::RmsNorm>();

    norm(x, norms.input.data(), eps, rows(s.norm));
    const auto attention_input = quantize(rows(s.norm));
    project(Name::q, attention_input, s.q);
    project(Name::k, attention_input, s.k);
    project(Name::v, attention_input, s.v);
    norm(rows(s.q), norms.attention.data(), eps, rows(s.q));
    project(Name::o, quantize(rows(s.q)), s.out);
    for (std::size_t i = 0; i < n * dim; ++i) s.sum[i] = x.data[i] + s.out[i];

    norm(rows(s.sum), norms.post.data(), eps, rows(s.norm));
    const auto ffn_input = quantize(rows(s.norm));
    project(Name::gate, ffn_input, s.gate);
    project(Name::up, ffn_input, s.up);
    scalar.get<f::SquaredReluGate>()(s.gate.data(), s.up.data(), s.gate.data(), n * ffn_dim);
    norm(rows(s.gate), norms.ffn.data(), eps, rows(s.gate));
    project(Name::down, quantize(rows(s.gate)), s.out);
    for (std::size_t i = 0; i < n * dim; ++i) s.sum[i] = s.sum[i] + s.out[i];
}

/// A layer, its input, and what the oracle makes of the tokens that are compared.
template <class Layout>
class Problem {
public:
    Problem() : state_(most_tokens), expected_(std::size(compared)) {
        std::mt19937 numbers(1);
        for (const auto& [rows, cols] : shapes) {
            std::vector<std::int8_t> codes(rows * cols);
            for (auto& w : codes) w = static_cast<std::int8_t>(static_cast<int>(numbers() % 3) - 1);
            const float scale = 0.02f; // the sums stay about as large as the input
            layer_.push_back(
                bitnet::BitLinear<Ternary, Int8, Layout>::from_codes(codes, rows, cols, {&scale, 1})
                    .value());
        }
        for (const auto& [norm, size] : {std::pair{&norms_.input, dim},
                                         {&norms_.attention, dim},
                                         {&norms_.post, dim},
                                         {&norms_.ffn, ffn_dim}}) {
            *norm = random_floats(numbers, size, 0.5f, 1.5f);
        }
        x_ = random_floats(numbers, most_tokens * dim, -2, 2);
        Floats some;
        for (const std::size_t t : compared) {
            some.insert(some.end(), &x_[t * dim], &x_[t * dim] + dim);
        }
        run_scalar(layer_, norms_, {some.data(), std::size(compared), dim}, expected_);
    }

    /// Copies of the layer that no cache holds, in pages of this size.
    const std::vector<Projections<Layout>>& copies(Pages pages) {
        std::size_t bytes = 0;
        for (const auto& projection : layer_) bytes += projection.bytes().size(); // whole lines
        return copies_.in(pages, bytes, bytes, [&](std::span<std::byte> memory) {
            Projections<Layout> copy;
            for (const auto& projection : layer_) {
                const std::span<const std::byte> image = projection.bytes();
                const auto place = memory.first(image.size());
                std::memcpy(place.data(), image.data(), image.size());
                copy.push_back(bitnet::BitLinear<Ternary, Int8, Layout>::map_packed(place).value());
                memory = memory.subspan(image.size());
            }
            return copy;
        });
    }

    void run(const Projections<Layout>& layer, std::size_t tokens, const ThreadPool& threads) {
        run_layer(layer, norms_, Matrix<const float>(x_.data(), tokens, dim), state_, threads);
    }

    bool is_right(const Projections<Layout>& layer, std::size_t tokens, const ThreadPool& threads) {
        for (Floats* out : {&state_.sum, &state_.k, &state_.v}) {
            std::memset(out->data(), 0xff, out->size() * sizeof(float)); // NaN equals nothing
        }
        run(layer, tokens, threads);
        for (std::size_t i = 0; i < std::size(compared) && compared[i] < tokens; ++i) {
            for (Floats State::*out : {&State::sum, &State::k, &State::v}) {
                const std::size_t cols = (state_.*out).size() / most_tokens;
                const float* y = (state_.*out).data() + compared[i] * cols;
                const float* e = (expected_.*out).data() + i * cols;
                for (std::size_t c = 0; c < cols; ++c) {
                    if (y[c] != e[c]) return false;
                }
            }
        }
        return true;
    }

    /// GB/s of copies of as many floats as the tokens' residual stream.
    double copy_rate(std::size_t tokens, std::size_t threads) {
        const std::size_t values = tokens * dim;
        const std::size_t passes = std::max<std::size_t>(1, (std::size_t{1} << 20) / values);
        return measured_copy(x_.data(), state_.sum.data(), values, passes, threads);
    }

private:
    Projections<Layout> layer_;
    Norms norms_;
    Floats x_;
    State state_, expected_;
    Copies<Projections<Layout>> copies_;
};

/// The parts of a layer, for its limit; what moves floats counts as reads and writes of a copy.
template <class Layout>
std::vector<WorkPart> parts_of(const Projections<Layout>& layer, std::size_t tokens) {
    const double n = static_cast<double>(tokens);
    std::vector<WorkPart> parts;
    for (const auto& projection : layer) {
        const double weights = static_cast<double>(projection.rows() * projection.cols());
        parts.push_back({static_cast<double>(projection.weights().bytes()), 2 * n * weights, 0});
    }
    constexpr double norm = 8, quantize = 5, add = 12, gate = 12; // bytes a value
    for (const double bytes :
         {(norm + quantize) * dim, (norm + quantize + add) * dim, // attention
          (norm + quantize) * dim, (gate + norm + quantize) * ffn_dim, add * dim}) {
        parts.push_back({0, 0, n * bytes});
    }
    return parts;
}

template <class Layout>
void run(Row& row, Problem<Layout>& problem, const Limits& limits, Pages pages,
         double seconds_a_row) {
    const auto& copies = problem.copies(pages);
    const ThreadPool& threads = pool(row.threads);
    row.verified = problem.is_right(copies.front(), row.tokens, threads) &&
                   problem.is_right(copies.back(), row.tokens, threads);

    const std::vector<WorkPart> parts = parts_of(copies.front(), row.tokens);
    const Rates rates{measured_cold_read(limits, row.threads),
                      measured_ops(limits.dot, row.threads),
                      problem.copy_rate(row.tokens, row.threads)};
    std::size_t next = 0;
    row.seconds = sample_seconds(
        seconds_a_row, [&] { problem.run(copies[next++ % copies.size()], row.tokens, threads); });
    double weights = 0;
    for (const auto& [rows, cols] : shapes) weights += static_cast<double>(rows * cols);
    for (const WorkPart& part : parts) row.bytes += part.read_bytes;
    row.operations = 2 * weights * static_cast<double>(row.tokens);
    row.bits_per_weight = 8 * row.bytes / weights;
    row.limits = {{"sum of parts", "GOP/s", 1e-9 * row.operations / least_seconds(parts, rates)}};
}

template <class Layout>
void add(Report& report, const Contender& contender, const char* kernel) {
    const auto problem = std::make_shared<std::unique_ptr<Problem<Layout>>>();
    for (const std::size_t threads : {1u, 2u}) {
        for (const std::size_t tokens : {1u, 8u, 64u, 512u}) {
            for (const Pages pages : page_sizes()) {
                Row row;
                row.name = std::string("layer/") + kernel + "/cold/2b4t";
                row.cluster = contender.kernels->name;
                row.tokens = tokens;
                row.threads = threads;
                row.pages = name_of(pages);
                row.part = Part::main;
                report.add(row, [=, seconds = report.seconds_a_row()](Row& measured) {
                    if (!*problem) *problem = std::make_unique<Problem<Layout>>();
                    run(measured, **problem, *contender.limits, pages, seconds);
                });
            }
        }
    }
}

} // namespace

void add_layer_rows(Report& report) {
    const std::optional<Contender> best = chosen_contender(report.clusters());
    if (!best) return;
    bitnet::for_each_type(bitnet::products{}, [&]<class P>() {
        if constexpr (std::is_same_v<typename P::Weights, Ternary> &&
                      std::is_same_v<typename P::Codes, Int8>) {
            add<typename P::Layout>(report, *best, P::name);
        }
    });
}

} // namespace bench
