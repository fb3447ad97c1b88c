// SPDX-License-Identifier: MIT
// The same product from the kernels that the CPU is best at.
#include <bitnet/bitlinear.hpp>
#include <bitnet/dispatch.hpp>

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
    layer.forward<bitnet::isa::dynamic>(x, y, 1, scratch);
    const auto name = bitnet::dispatch::name();
    std::printf("dispatch on %.*s: %g %g\n", static_cast<int>(name.size()), name.data(), y[0], y[1]);
    return y[0] == 124 && y[1] == 132 ? 0 : 1;
}
