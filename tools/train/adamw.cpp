// SPDX-License-Identifier: MIT
// The optimiser's loops, each worker on its share.
#include "adamw.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <numeric>

namespace bitnet::train {
namespace {

// Sums into gradients[0] and returns the norm of the sum: floats within a block, doubles across.
float sum_up(std::vector<Buffer<float>>& gradients, const Workers& workers) {
    constexpr std::size_t block = 4096;
    const std::size_t total = gradients[0].size();
    std::vector<double> squares((total + block - 1) / block);
    float* sum = gradients[0].data();
    workers.run([&](std::size_t w) {
        for (std::size_t b = w; b < squares.size(); b += workers.count()) {
            const std::size_t begin = b * block;
            const std::size_t end = std::min(total, begin + block);
            for (std::size_t other = 1; other < gradients.size(); ++other) {
                const float* add = gradients[other].data();
#pragma omp simd
                for (std::size_t i = begin; i < end; ++i) sum[i] += add[i];
            }
            float square = 0.0f;
#pragma omp simd reduction(+ : square)
            for (std::size_t i = begin; i < end; ++i) square += sum[i] * sum[i];
            squares[b] = static_cast<double>(square);
        }
    });
    return static_cast<float>(std::sqrt(std::accumulate(squares.begin(), squares.end(), 0.0)));
}

} // namespace

float adamw(const ParameterMap& map, const AdamWOptions& options, AdamWState& state,
            std::vector<Buffer<float>>& gradients, float rate, std::size_t step,
            const Workers& workers) {
    const float norm = sum_up(gradients, workers);
    // By its bits: this file is compiled to expect no NaN, which would make std::isfinite true.
    if ((std::bit_cast<std::uint32_t>(norm) & 0x7f800000U) == 0x7f800000U) return norm;
    const float scale = std::min(1.0f, options.clip / (norm + 1e-6f));
    const auto correction = [&](float beta) {
        return static_cast<float>(
            1.0 / (1.0 - std::pow(static_cast<double>(beta), static_cast<double>(step))));
    };
    const float correct1 = correction(options.beta1);
    const float correct2 = correction(options.beta2);

    workers.run([&](std::size_t w) {
        const float b1 = options.beta1;
        const float b2 = options.beta2;
        const float epsilon = options.epsilon;
        const float* g = gradients[0].data();
        float* x = state.parameters.data();
        float* m = state.m.data();
        float* v = state.v.data();
        for (const Parameter& parameter : map.list) {
            // Whole vectors, so that each element is computed alike whoever's share it is in.
            const std::size_t share = (parameter.size() / workers.count() + 16) / 16 * 16;
            const std::size_t begin = std::min(parameter.size(), w * share) + parameter.offset;
            const std::size_t end = std::min(parameter.size(), (w + 1) * share) + parameter.offset;
            const float shrink = parameter.role == Role::norm ? 1.0f : 1.0f - rate * options.decay;
#pragma omp simd
            for (std::size_t i = begin; i < end; ++i) {
                const float gradient = g[i] * scale;
                m[i] = b1 * m[i] + (1.0f - b1) * gradient;
                v[i] = b2 * v[i] + (1.0f - b2) * gradient * gradient;
                const float step_size = m[i] * correct1 / (std::sqrt(v[i] * correct2) + epsilon);
                x[i] = x[i] * shrink - rate * step_size;
            }
        }
    });
    return norm;
}

} // namespace bitnet::train
