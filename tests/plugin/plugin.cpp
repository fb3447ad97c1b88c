// SPDX-License-Identifier: MIT
// A plugin: a shared object with its own copy of bitnet, see test_plugins.cpp.
#include "plugin.hpp"

#include <bitnet/activation.hpp>
#include <bitnet/bitlinear.hpp>
#include <bitnet/dispatch.hpp>

#include <cstddef>
#include <utility>
#include <vector>

// A class of the plugin's own, as visible as its compiler makes it.
struct Engine {
    using Layer = bitnet::BitLinear<bitnet::Ternary, bitnet::Int8>;
    Layer layer;

    template <class Isa>
    float run() const {
        const float x[] = {1.0f, -1.0f, 2.0f};
        float y[2];
        std::vector<std::byte> scratch(layer.scratch_bytes(1));
        layer.forward<Isa>(x, y, 1, scratch);
        bitnet::softmax<Isa>(std::span<float>(y));
        return y[0];
    }
};

extern "C" __attribute__((visibility("default"))) void bitnet_test_plugin(PluginReport& report) {
    using namespace bitnet;
    const float weights[] = {1.0f, -1.0f, 1.0f, -1.0f, 0.0f, 1.0f};
    Result<Engine::Layer> made = Engine::Layer::from_float(weights, 2, 3);
    if (!made) return;
    const Engine engine{std::move(*made)};
    std::size_t named = 0;
    for_each_type(all_functions{}, [&]<class F>() { named += F::name[0] != 0; });
    const dispatch::Table& table = dispatch::table();
    report.version = BITNET_VERSION_STRING;
    report.table = &table;
    report.function = reinterpret_cast<const void*>(table.get<functions::Softmax>());
    report.right = named > 0 && engine.run<isa::dynamic>() == engine.run<isa::native>() &&
                   dispatch::self_test() == nullptr;
}
