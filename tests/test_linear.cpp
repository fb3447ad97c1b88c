// SPDX-License-Identifier: MIT
// Projections by the kind that a file states: which share an input, and bytes that are none. ctest
// runs this once per cluster (BITNET_ISA).
#include "error.hpp"
#include "linear.hpp"
#include "model_file.hpp"
#include "need_cluster.hpp"
#include "thread_pool.hpp"
#include "tiny_model.hpp"

#include <bitnet/bitlinear.hpp>
#include <bitnet/dispatch.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

using namespace bitnet::example;

TEST_CASE("layers share a quantized input where their kind and group allow") {
    need_cluster();
    using TernaryLayer = bitnet::BitLinear<bitnet::Ternary, bitnet::Int8>;
    using BinaryLayer = bitnet::BitLinear<bitnet::Binary, bitnet::Int8>;
    using SignLayer = bitnet::BitLinear<bitnet::Ternary, bitnet::SignNorm>;
    using GroupLayer = bitnet::BitLinear<bitnet::Ternary, bitnet::Int8Groups<32>>;
    constexpr std::size_t cols = 48, tokens = 2, most_rows = 200;
    std::vector<float> weights(most_rows * cols), x(tokens * cols);
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(i % 7) - 3;
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 11) - 4.5f;

    ModelWriter writer(tiny::make({}).config);
    std::vector<std::vector<float>> expected;
    const auto add = [&]<class Layer>(std::type_identity<Layer>, TensorKind kind, std::size_t rows,
                                      std::size_t group) {
        const auto layer = Layer::from_float(std::span(weights).first(rows * cols), rows, cols, {},
                                             {.group = group})
                               .value();
        std::vector<std::byte> scratch(layer.scratch_bytes(tokens));
        layer.template forward<Isa>(x, expected.emplace_back(tokens * rows), tokens, scratch);
        writer.add(std::to_string(expected.size() - 1), kind, rows, cols, layer.bytes());
    };
    const std::type_identity<TernaryLayer> ternary;
    add(ternary, kind_named("ternary-int8"), 200, 0);
    add(std::type_identity<BinaryLayer>(), kind_named("binary-int8"), 65, 0);
    add(ternary, kind_named("ternary-int8"), 1, 0);
    add(ternary, kind_named("ternary-int8"), 130, 0); // as many again, and one of them alone
    add(ternary, kind_named("ternary-int8"), 70, 32); // other sums of the codes
    add(ternary, kind_named("ternary-int8"), 64, 32);
    add(std::type_identity<SignLayer>(), kind_named("ternary-signnorm"), 66, 0);
    add(ternary, kind_named("ternary-int8"), 70, 0);
    add(std::type_identity<GroupLayer>(), kind_named("ternary-int8g32"), 64, 0);
    add(std::type_identity<GroupLayer>(), kind_named("ternary-int8g32"), 50, 128); // the same sums

    const tiny::Aligned bytes(tiny::bytes_of(writer));
    const ModelFile file("layers", bytes.bytes());
    std::vector<Linear> layers;
    std::size_t scratch_bytes = 0;
    for (const std::vector<float>& y : expected) {
        layers.emplace_back(file, std::to_string(layers.size()), y.size() / tokens, cols);
        scratch_bytes = std::max(scratch_bytes, layers.back().scratch_bytes(tokens, 3));
    }
    for (const std::size_t threads : {1u, 3u}) {
        const ThreadPool pool(threads);
        std::vector<std::byte> scratch(scratch_bytes);
        std::vector<std::vector<float>> y;
        std::vector<Projection> outputs;
        for (std::size_t i = 0; i < layers.size(); ++i) {
            y.emplace_back(expected[i].size());
            outputs.push_back({&layers[i], {y[i].data(), tokens, y[i].size() / tokens}});
        }
        project({x.data(), tokens, cols}, outputs, scratch, pool);
        CHECK(y == expected);
    }
}

TEST_CASE("packed bytes that contradict the index are refused") {
    need_cluster();
    const tiny::Model model = tiny::make({});
    const auto refuses = [&](const char* name, TensorKind kind, std::size_t rows,
                             std::span<const std::byte> bytes) {
        ModelWriter writer(model.config);
        writer.add(name, kind, rows, 48, bytes);
        const tiny::Aligned file(tiny::bytes_of(writer));
        const ModelFile model_file("tiny", file.bytes());
        CHECK_THROWS_AS(Linear(model_file, name, rows, 48), UserError);
    };
    const tiny::Aligned whole(model.file());
    const ModelFile file("tiny", whole.bytes());
    const TensorInfo& tensor = *file.find("model.layers.0.self_attn.q_proj.weight");
    const auto bytes = file.bytes(tensor);
    CHECK_NOTHROW(Linear(file, tensor.name, 64, 48));
    refuses("other.rows", kind_named("ternary-int8"), 63, bytes);
    refuses("other.weights", kind_named("binary-int8"), 64, bytes);
    refuses("other.layout", kind_named("ternary-sign"), 64, bytes);
    refuses("no.linear", kind_named("u16"), 64, std::vector<std::byte>(64 * 48 * 2));
    for (std::size_t size = 1; size < bytes.size(); size += 37) {
        refuses("cut.short", kind_named("ternary-int8"), 64, bytes.first(size));
    }
    // Bits 3 are no ternary code: the checksum is right, the codes are not.
    std::vector<std::byte> illegal(bytes.begin(), bytes.end());
    illegal.back() = std::byte{0xFF};
    refuses("illegal.code", kind_named("ternary-int8"), 64, illegal);
}

TEST_CASE("any byte of a packed layer may be hostile") {
    need_cluster();
    const Checks checks = GENERATE(Checks::all, Checks::head);
    for (const TensorKind kind :
         {kind_named("ternary-int8"), kind_named("binary-int8"), kind_named("ternary-signnorm"),
          kind_named("binary-sign"), kind_named("screened-int8")}) {
        const tiny::Model model = tiny::make({.kinds = {kind}});
        const tiny::Aligned whole(model.file());
        const ModelFile file("tiny", whole.bytes());
        const auto bytes = file.bytes(*file.find("model.layers.0.self_attn.q_proj.weight"));
        const ThreadPool pool(1);
        const std::vector<float> x(48, 0.5f);
        std::vector<float> y(64);
        std::size_t refused = 0;
        for (std::size_t at = 0; at < bytes.size(); ++at) {
            for (const unsigned mask : {0x01u, 0xFFu}) {
                std::vector<std::byte> changed(bytes.begin(), bytes.end());
                changed[at] ^= static_cast<std::byte>(mask);
                ModelWriter writer(model.config);
                writer.add("q", kind, 64, 48, changed); // with the checksum of what it holds
                const tiny::Aligned copy(tiny::bytes_of(writer));
                const ModelFile hostile("hostile", copy.bytes(), checks);
                try { // refused, or another layer of the same shape that runs
                    const Linear linear(hostile, "q", 64, 48);
                    std::vector<std::byte> scratch(linear.scratch_bytes(1, 1));
                    project({x.data(), 1, 48}, std::array{Projection{&linear, {y.data(), 1, 64}}},
                            scratch, pool);
                } catch (const UserError&) {
                    ++refused;
                }
            }
        }
        CHECK(refused >= 2 * 24); // zeros, magic, format, layout, shape and more of the header
    }
}
