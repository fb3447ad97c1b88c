// SPDX-License-Identifier: MIT
// A feed-forward block: gate and up share one quantized input, and BitGLU makes ternary activations
// of their outputs, which the next layer takes without another quantizer.
// prints: y = 22.2917 -8.91667 -13.375 ... -11.1458
#include <bitnet/activation.hpp>
#include <bitnet/bitlinear.hpp>

#include <cstddef>
#include <cstdio>
#include <vector>

using namespace bitnet;

int main() {
    constexpr std::size_t hidden = 8, wide = 24, tokens = 2;
    std::vector<float> weights(wide * hidden), x(tokens * hidden), y(tokens * hidden);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 5) - 2;
    const auto fill = [&](std::size_t step) -> const std::vector<float>& {
        for (std::size_t i = 0; i < weights.size(); ++i) {
            weights[i] = static_cast<float>(i * step % 9) - 4;
        }
        return weights;
    };
    using Projection = BitLinear<Ternary, Int8>;
    const auto gate = Projection::from_float(fill(2), wide, hidden).value();
    const auto up = Projection::from_float(fill(5), wide, hidden).value();
    const auto down = BitLinear<Ternary, Ternary>::from_float(fill(7), hidden, wide).value();

    std::vector<std::byte> scratch(gate.scratch_bytes(tokens)), next(down.scratch_bytes(tokens));
    std::vector<float> g(tokens * wide), u(g);
    const Quantized<Int8> q = gate.quantize(x, tokens, scratch); // once, for both
    gate.forward(q, g);
    up.forward(q, u);

    // sign(up) where gate > 0, else 0
    const Quantized<Ternary> h = bitglu(Matrix<const float>(g.data(), tokens, wide),
                                        Matrix<const float>(u.data(), tokens, wide), next);
    down.forward(h, y);
    std::printf("y = %g %g %g ... %g\n", y[0], y[1], y[2], y.back());
}
