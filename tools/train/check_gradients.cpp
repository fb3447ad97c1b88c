// SPDX-License-Identifier: MIT
// Test: the backward pass against finite differences of the forward pass, on a tiny float model
// compiled with f32 operands. One directional derivative for each tensor, along its own gradient.
#include "model.hpp"

#include <cmath>
#include <cstdio>
#include <random>

namespace bitnet::train {
namespace {

// Prints one line for each tensor; true if all agree.
bool check_gradients(Config::Gate gate) {
    const Config config{.vocab = 96,
                        .dim = 64,
                        .ffn_dim = 96,
                        .layers = 2,
                        .heads = 4,
                        .kv_heads = 2,
                        .head_dim = 16,
                        .max_context = 64,
                        .gate = gate,
                        .training = {}};
    const ParameterMap map(config);
    std::mt19937 random(7);
    const auto normal = [&](float deviation) { // roughly normal: twelve uniforms
        float sum = -6.0f;
        for (int i = 0; i < 12; ++i) sum += static_cast<float>(random() >> 8U) * 0x1p-24f;
        return sum * deviation;
    };
    Buffer<float> parameters(map.total);
    for (const Parameter& p : map.list) {
        for (std::size_t i = 0; i < p.size(); ++i) {
            parameters[p.offset + i] = p.role == Role::norm ? 1.0f + normal(0.1f) : normal(0.1f);
        }
    }
    constexpr std::size_t slots = 160;
    Batch batch(slots);
    for (const std::size_t length : {50U, 31U, 40U}) {
        std::vector<int> story;
        for (std::size_t i = 0; i < length; ++i) {
            story.push_back(static_cast<int>(random() % config.vocab));
        }
        batch.add(story);
    }
    batch.finish();

    Workers workers(1);
    Model model(config, map, slots);
    Weights weights(config, map, LinearKind::float32);
    const Dropout dropout{0.1f, 5}; // the same mask every time
    const float weight = 1.0f / static_cast<float>(batch.scored);
    const auto loss = [&] {
        weights.update(parameters.data(), workers);
        double value = 0.0;
        workers.run([&](std::size_t) {
            value = model.forward(weights, batch, dropout) * static_cast<double>(weight);
        });
        return value;
    };
    Buffer<float> gradients(map.total);
    weights.update(parameters.data(), workers);
    workers.run(
        [&](std::size_t) { model.forward_backward(weights, batch, dropout, weight, gradients); });

    std::printf("gate %s\n", to_text(gate).c_str());
    bool good = true;
    for (const Parameter& p : map.list) {
        double square = 0.0;
        for (std::size_t i = 0; i < p.size(); ++i) {
            square += static_cast<double>(gradients[p.offset + i]) *
                      static_cast<double>(gradients[p.offset + i]);
        }
        // A move that changes the loss by about 0.002: far above rounding, still nearly straight.
        const auto move = static_cast<float>(0.001 / square);
        const auto shift = [&](float by) {
            for (std::size_t i = 0; i < p.size(); ++i) {
                parameters[p.offset + i] += by * gradients[p.offset + i];
            }
        };
        shift(move);
        const double up = loss();
        shift(-2.0f * move);
        const double down = loss();
        shift(move);
        const double ratio = (up - down) / (2.0 * static_cast<double>(move) * square);
        const bool close = std::fabs(ratio - 1.0) < 0.01;
        good = good && close;
        std::printf("%-45s |g| %.3e  difference/gradient %.4f%s\n", p.name.c_str(),
                    std::sqrt(square), ratio, close ? "" : "  WRONG");
    }
    return good;
}

} // namespace
} // namespace bitnet::train

int main() {
    using namespace bitnet::train;
    const bool relu2 = check_gradients(Config::Gate::relu2);
    const bool silu = check_gradients(Config::Gate::silu);
    return relu2 && silu ? 0 : 1;
}
