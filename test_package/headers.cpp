// SPDX-License-Identifier: MIT
// A layer of ternary weights with scale 1, on inputs that int8 holds exactly.
#include <bitnet/bitlinear.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <vector>

int main() {
    const std::vector<std::int8_t> codes{1, 0, -1, 1, 1, 1}; // 2 rows × 3 columns
    const std::vector<float> scales{1.0f}, x{127, 2, 3};
    std::vector<float> y(2);
    const auto layer =
        bitnet::BitLinear<bitnet::Ternary, bitnet::Int8>::from_codes(codes, 2, 3, scales).value();
    std::vector<std::byte> scratch(layer.scratch_bytes(1));
    layer.forward(x, y, 1, scratch);
    std::printf("headers: %g %g\n", y[0], y[1]);
    return y[0] == 124 && y[1] == 132 ? 0 : 1;
}
