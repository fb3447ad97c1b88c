// SPDX-License-Identifier: MIT
// One-bit activations: the sign with a scale per token (SignNorm), and a sign drawn at random.
// prints: signnorm 0 3.02779; mean of 1000 draws 1.122 1.718
#include <bitnet/bitlinear.hpp>
#include <bitnet/stochastic.hpp>

#include <cstddef>
#include <cstdio>
#include <vector>

using namespace bitnet;

int main() {
    constexpr std::size_t rows = 2, cols = 4;
    const std::vector<float> weights{1, 1,  1, 1, //
                                     1, -1, 1, -1};
    const std::vector<float> x{0.5f, -0.25f, 2, -0.1f};
    std::vector<float> y(rows);

    // Popcounts instead of products: q = sign x, and y = (dot * std|x|) * scale of the weights.
    const auto norm = BitLinear<Binary, SignNorm>::from_float(weights, rows, cols).value();
    std::vector<std::byte> scratch(norm.scratch_bytes(1));
    norm.forward(x, y, 1, scratch);
    std::printf("signnorm %g %g; ", y[0], y[1]);

    // +1 with the chance sigmoid(2 x). The draws depend on seed, stream, token and column alone, so
    // a second run, another CPU or more threads give the same.
    const auto sign = BitLinear<Binary, Sign>::from_float(weights, rows, cols).value();
    constexpr std::size_t draws = 1000;
    double sum[rows] = {};
    for (std::size_t token = 0; token < draws; ++token) {
        const Draws which{.seed = 7, .stream = 0, .first_token = token};
        const auto q = stochastic_sign(Matrix<const float>(x.data(), 1, cols), Bernoulli{.beta = 2},
                                       which, scratch);
        sign.forward(q, y);
        for (std::size_t r = 0; r < rows; ++r) sum[r] += y[r];
    }
    std::printf("mean of %zu draws %g %g\n", draws, sum[0] / draws, sum[1] / draws);
}
