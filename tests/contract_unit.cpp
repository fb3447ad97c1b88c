// SPDX-License-Identifier: MIT
// See contract_unit.hpp. Compiled several times, with flags that let a compiler contract,
// reassociate and forget about NaN.
#include "contract_unit.hpp"

#include <bitnet/activation.hpp>
#include <bitnet/bitlinear.hpp>
#include <bitnet/blocks.hpp>
#include <bitnet/hadamard.hpp>
#include <bitnet/math.hpp>
#include <bitnet/screened_head.hpp>
#include <bitnet/stochastic.hpp>

#include <cstring>

#include "format_cases.hpp"

namespace contract {
namespace {

using namespace bitnet;

std::vector<unsigned> bits(std::span<const std::byte> bytes) {
    std::vector<unsigned> out(bytes.size() / sizeof(unsigned));
    std::memcpy(out.data(), bytes.data(), out.size() * sizeof(unsigned));
    return out;
}
std::vector<unsigned> bits(const std::vector<float>& v) {
    return bits(std::as_bytes(std::span(v)));
}

template <class Weights, class Activations>
void layer(const Input& in, const char* name, WeightOptions options, std::vector<Output>& out) {
    using Layer = BitLinear<Weights, Activations>;
    const Layer made = Layer::from_float(in.weights, in.rows, in.cols, in.bias, options).value();
    out.push_back({name, bits(made.bytes())});
    std::vector<std::byte> memory(made.scratch_bytes(in.tokens));
    std::vector<float> y(in.tokens * in.rows);
    made.forward(in.x, y, in.tokens, memory);
    out.push_back({name, bits(y)});
    const auto q = made.quantize(in.x, in.tokens, memory);
    out.push_back({name, bits(std::as_bytes(std::span(q.codes, q.layout().code_bytes())))});
    out.push_back({name, bits(std::as_bytes(std::span(q.scales, q.tokens)))});
}

/// Groups whose dots are 0 and whose scales are negative: s = 0 + (0 * -1) is +0, not -0.
void zero_groups(const Input& in, std::vector<Output>& out) {
    using Layer = BitLinear<Ternary, Int8>;
    const std::vector<std::int8_t> codes(in.rows * in.cols, 0);
    const std::vector<float> scales(in.rows * ((in.cols + 31) / 32), -1.0f);
    const Layer made = Layer::from_codes(codes, in.rows, in.cols, scales, {}, 32).value();
    std::vector<std::byte> memory(made.scratch_bytes(in.tokens));
    std::vector<float> y(in.tokens * in.rows);
    made.forward(in.x, y, in.tokens, memory);
    out.push_back({"groups of zeros", bits(y)});
}

/// What is said of a weight, a scale and a bias that is no number, or of 0 in their place.
/// pre: more than 3 rows and 5 weights
void refusals(const Input& in, std::vector<Output>& out) {
    using Layer = BitLinear<Ternary, Int8>;
    std::vector<unsigned> said;
    const auto note = [&](const auto& result) {
        said.push_back(result ? ~0u : static_cast<unsigned>(result.error().code));
        said.push_back(result ? ~0u : static_cast<unsigned>(result.error().where));
    };
    std::vector<float> weights = in.weights, bias(in.rows, 0.5f), scales{in.bad};
    weights[5] = in.bad;
    bias[3] = in.bad;
    const std::vector<std::int8_t> codes(in.rows * in.cols, 1);
    note(Layer::from_float(weights, in.rows, in.cols));
    note(Layer::from_codes(codes, in.rows, in.cols, scales));
    note(Layer::from_float(in.weights, in.rows, in.cols, bias));
    note(ScreenedHead::from_float(weights, in.rows, in.cols, 5));
    out.push_back({"refusals", said});
}

/// Best first, all of them, then all logits.
void screened_head(const Input& in, std::vector<Output>& out) {
    std::vector<std::int8_t> codes(in.rows * in.cols);
    std::vector<float> scales(in.rows), y(in.rows);
    for (std::size_t i = 0; i < codes.size(); ++i)
        codes[i] = static_cast<std::int8_t>(i * 37 % 225 - 112);
    for (std::size_t r = 0; r < in.rows; ++r) scales[r] = 0.1f * static_cast<float>(r % 3);
    const auto head = ScreenedHead::from_codes(codes, in.rows, in.cols, scales, 5).value();
    std::vector<std::byte> memory(scratch_bytes<Int8>(1, in.cols)), scratch(head.scratch_bytes());
    std::vector<Logit> best(in.rows);
    for (std::size_t t = 0; t < in.tokens; ++t) { // the special tokens too
        const auto q = quantize<Int8>({in.x.data() + t * in.cols, 1, in.cols}, memory);
        head.top(q, best, scratch);
        head.forward(q, y, scratch);
        out.push_back({"screened head's best", bits(std::as_bytes(std::span(best)))});
        out.push_back({"screened head", bits(y)});
    }
}

/// Blocks whose scales become floats: normal, denormal, zeros.
void blocks_of_a_file(std::vector<Output>& out) {
    constexpr std::size_t count = 7, size = blocks::Q2_0<64>::bytes;
    std::vector<std::byte> bytes(count * size);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i % 3 * 0x24);
    for (std::size_t b = 0; b < count; ++b) {
        const unsigned half = b == 3 ? 0x8000 : static_cast<unsigned>(b) * 0x123u;
        bytes[b * size] = static_cast<std::byte>(half & 255);
        bytes[b * size + 1] = static_cast<std::byte>(half >> 8);
    }
    const auto layer = BitLinear<Ternary, Int8>::from_blocks<blocks::Q2_0<64>>(bytes, 1, count * 64,
                                                                               {.factor = 0.37f});
    out.push_back({"blocks", bits(layer.value().bytes())});
}

template <class F>
void each(const Input& in, const char* name, F f, std::vector<Output>& out) {
    std::vector<float> y(in.x.size());
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = f(in.x[i]);
    out.push_back({name, bits(y)});
}

} // namespace

std::vector<Output> CONTRACT_UNIT(const Input& in) {
    std::vector<Output> out;
    layer<Ternary, Int8>(in, "w158a8", {}, out);
    layer<Ternary, Int8>(in, "w158a8 grouped", {.group = 32}, out);
    layer<Ternary, Int8Groups<32>>(in, "w158a8g32", {.group = 64}, out);
    layer<Binary, Int8Groups<128>>(in, "w1a8g128", {}, out);
    layer<Ternary, SignNorm>(in, "w158a1 signnorm", {.per_row = true}, out);
    layer<Ternary, SignMean>(in, "w158a1 signmean", {.group = 64}, out);
    layer<Binary, Int8>(in, "w1a8 centred", {.centred = true}, out);
    layer<Ternary, Int4>(in, "w158a4", {}, out);
    layer<Ternary, Int2>(in, "w158a2", {.group = 64}, out);
    layer<Int8, Int8>(in, "w8a8", {.per_row = true}, out);
    for_each_type(support::WideFormats{},
                  [&]<class W>() { layer<W, Int8>(in, W::name, {.group = 32}, out); });
    layer<Binary, Sign>(in, "w1a1", {.centred = true, .group = 32}, out);

    zero_groups(in, out);
    screened_head(in, out);
    blocks_of_a_file(out);

    each(
        in, "exp", [](float v) { return bitnet::exp(v); }, out);
    each(
        in, "log", [](float v) { return bitnet::log(v); }, out);
    each(
        in, "sigmoid", [](float v) { return bitnet::sigmoid(v); }, out);
    each(
        in, "tanh", [](float v) { return bitnet::tanh(v); }, out);
    const std::size_t n = in.x.size();
    const float* x = in.x.data();
    out.push_back({"sums", bits(std::vector<float>{sum(x, n), dot(x, in.other.data(), n),
                                                   mean_abs(x, n), absmax(x, n)})});

    std::vector<float> y(n);
    rms_norm(in.x, std::span(in.other).first(in.cols), 1e-5f, y);
    out.push_back({"rms_norm", bits(y)});
    squared_relu_gate(in.x, in.other, y);
    out.push_back({"squared_relu_gate", bits(y)});
    silu_gate(in.x, in.other, y);
    out.push_back({"silu_gate", bits(y)});
    y = in.x;
    softmax(y);
    out.push_back({"softmax", bits(y)});

    y = in.other;
    const Matrix<float> rotated(y.data(), n / 32, 32);
    hadamard(rotated, 32, {}, rotated);
    out.push_back({"hadamard", bits(y)});

    const Matrix<const float> tokens(x, in.tokens, in.cols),
        gate(in.other.data(), in.tokens, in.cols);
    std::vector<std::byte> memory(scratch_bytes<Ternary>(in.tokens, in.cols));
    const auto glu = bitglu(gate, tokens, memory);
    out.push_back({"bitglu", bits(std::as_bytes(std::span(glu.codes, glu.layout().code_bytes())))});
    const auto signs = [&](const char* name, auto rule) {
        const auto q = stochastic_sign(tokens, rule, Draws{.seed = 7}, memory);
        out.push_back({name, bits(std::as_bytes(std::span(q.codes, q.layout().code_bytes())))});
    };
    signs("bernoulli", Bernoulli{});
    signs("gumbel", Gumbel{});
    signs("centred gumbel", CentredGumbel{});
    if (in.rows > 3) refusals(in, out);
    return out;
}

} // namespace contract
