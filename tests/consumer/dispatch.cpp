// SPDX-License-Identifier: MIT
// A consumer of bitnet::dispatch: the name of the cluster it chose, which BITNET_ISA overrides.
#include <bitnet/bitlinear.hpp>
#include <bitnet/dispatch.hpp>

#include <cstdio>
#include <vector>

int main() {
    using Layer = bitnet::BitLinear<bitnet::Ternary, bitnet::Int8>;
    const std::vector<float> weights(64 * 64, 0.5f), x(64, 1.0f);
    const Layer layer = Layer::from_float(weights, 64, 64).value();
    std::vector<std::byte> scratch(layer.scratch_bytes(1));
    std::vector<float> here(64), chosen(64);
    layer.forward(x, here, 1, scratch);
    layer.forward<bitnet::isa::dynamic>(x, chosen, 1, scratch);
    const auto name = bitnet::dispatch::name();
    std::printf("%.*s\n", static_cast<int>(name.size()), name.data());
    return here == chosen ? 0 : 1;
}
