// SPDX-License-Identifier: MIT
// One program for every CPU: the kernels of the best instruction set are chosen at run time.
// It links bitnet::dispatch and is compiled without any -m flag.
// prints: the same bits on [a-z0-9_]+ and scalar
#include <bitnet/bitlinear.hpp>
#include <bitnet/dispatch.hpp> // isa::dynamic needs it

#include <cstddef>
#include <cstdio>
#include <vector>

namespace isa = bitnet::isa;
namespace dispatch = bitnet::dispatch;

int main() {
    // BITNET_ISA=haswell, say, asks for another cluster than the best.
    if (!dispatch::unusable_request().empty()) std::printf("BITNET_ISA cannot be had here\n");
    // Once, at start: does this CPU compute what the scalar kernels compute?
    if (const char* wrong = dispatch::self_test()) {
        std::printf("%s is wrong on this machine\n", wrong);
        return 1;
    }

    constexpr std::size_t rows = 100, cols = 300, tokens = 3;
    std::vector<float> weights(rows * cols), x(tokens * cols), y(tokens * rows), expected(y);
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(i % 7) - 3;
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 11) - 5;
    const auto layer = bitnet::BitLinear<bitnet::Ternary, bitnet::Int8>::from_float<isa::dynamic>(
                           weights, rows, cols)
                           .value();

    std::vector<std::byte> scratch(layer.scratch_bytes(tokens));
    layer.forward<isa::dynamic>(x, y, tokens, scratch); // this CPU decides
    layer.forward<isa::here<isa::scalar>>(x, expected, tokens, scratch);
    if (y != expected) return 1;
    std::printf("the same bits on %.*s and scalar\n", static_cast<int>(dispatch::name().size()),
                dispatch::name().data());
}
