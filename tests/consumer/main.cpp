// SPDX-License-Identifier: MIT
// A consumer of the library: the public header, a few calls, and a naive loop beside them.
// Prints one line per kind of layer; exits with 1 if any value differs in any bit.
#include <bitnet/bitlinear.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <type_traits>
#include <vector>

namespace {

// One rounding per operation: volatile keeps compilers from contracting a product and a sum to FMA.
float rounded(float value) {
    volatile float stored = value;
    return stored;
}

struct Input {
    std::vector<int> values; // what the integer dot product sees
    float divisor;           // Int8: the factor that made them; Sign: 1
};

template <class Activations>
Input quantize(const float* x, std::size_t cols) {
    Input input{std::vector<int>(cols), 1.0f};
    if constexpr (std::is_same_v<Activations, bitnet::Int8>) {
        float largest = 1e-5f;
        for (std::size_t k = 0; k < cols; ++k) largest = std::max(largest, std::fabs(x[k]));
        input.divisor = rounded(127.0f / largest);
        for (std::size_t k = 0; k < cols; ++k)
            input.values[k] = static_cast<int>(std::nearbyint(rounded(x[k] * input.divisor)));
    } else {
        for (std::size_t k = 0; k < cols; ++k) input.values[k] = x[k] < 0 ? -1 : 1;
    }
    return input;
}

template <class Weights, class Activations>
int check(const char* name) {
    using Layer = bitnet::BitLinear<Weights, Activations>;
    constexpr std::size_t rows = 37, cols = 131, tokens = 5;

    std::uint32_t state = 12345;
    const auto next = [&state] { return (state = state * 1664525u + 1013904223u) >> 8; };
    std::vector<std::int8_t> codes(rows * cols);
    for (auto& code : codes) {
        const int drawn = static_cast<int>(next() % 3) - 1;
        code = static_cast<std::int8_t>(
            std::is_same_v<Weights, bitnet::Binary> && drawn == 0 ? 1 : drawn);
    }
    std::vector<float> scales(rows), bias(rows), x(tokens * cols), y(tokens * rows);
    for (auto& v : scales) v = 0.01f + static_cast<float>(next() % 1000) * 1e-4f;
    for (auto& v : bias) v = static_cast<float>(next() % 2000) * 1e-3f - 1.0f;
    for (auto& v : x) v = static_cast<float>(next() % 20001) * 1e-4f - 1.0f;

    bitnet::Result<Layer> made = Layer::from_codes(codes, rows, cols, scales, bias);
    if (!made) {
        std::printf("%s: from_codes refused\n", name);
        return 1;
    }
    const Layer layer = std::move(made).value();
    std::vector<std::byte> scratch(layer.scratch_bytes(tokens));
    layer.forward(x, y, tokens, scratch);

    int wrong = 0;
    for (std::size_t t = 0; t < tokens; ++t) {
        const Input input = quantize<Activations>(&x[t * cols], cols);
        for (std::size_t r = 0; r < rows; ++r) {
            int dot = 0;
            for (std::size_t k = 0; k < cols; ++k) dot += codes[r * cols + k] * input.values[k];
            const float unscaled = rounded(static_cast<float>(dot) / input.divisor);
            const float expected = rounded(rounded(unscaled * scales[r]) + bias[r]);
            if (y[t * rows + r] != expected) ++wrong;
        }
    }
    std::printf("%-15s %zu values, %d wrong\n", name, tokens * rows, wrong);
    return wrong != 0;
}

} // namespace

int main() {
    return check<bitnet::Ternary, bitnet::Int8>("ternary x int8") |
           check<bitnet::Binary, bitnet::Int8>("binary x int8") |
           check<bitnet::Ternary, bitnet::Sign>("ternary x sign") |
           check<bitnet::Binary, bitnet::Sign>("binary x sign");
}
