// SPDX-License-Identifier: MIT
// The optimiser's loops, each worker on its share of every parameter.
#include "adamw.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace bitnet::train {

float AdamW::step(Buffer<float>& parameters, const std::vector<Buffer<float>*>& gradients,
                  float rate, std::size_t step, Workers& workers) {
    const std::size_t total = map_.total;
    const std::size_t share = (total / workers.count() + 15) / 16 * 16;
    std::vector<double> squares(workers.count());
    workers.run([&](std::size_t w) {
        const std::size_t begin = std::min(total, w * share);
        const std::size_t end = w + 1 == workers.count() ? total : std::min(total, begin + share);
        float* sum = gradients[0]->data();
        for (std::size_t other = 1; other < gradients.size(); ++other) {
            float* add = gradients[other]->data();
#pragma omp simd
            for (std::size_t i = begin; i < end; ++i) {
                sum[i] += add[i];
                add[i] = 0.0F;
            }
        }
        double square = 0.0;
        for (std::size_t i = begin; i < end;
             i += 4096) { // floats within a block, double across blocks
            float part = 0.0F;
            const std::size_t stop = std::min(end, i + 4096);
#pragma omp simd reduction(+ : part)
            for (std::size_t j = i; j < stop; ++j) {
                part += sum[j] * sum[j];
            }
            square += static_cast<double>(part);
        }
        squares[w] = square;
    });
    double square = 0.0;
    for (const double part : squares) {
        square += part;
    }
    const auto norm = static_cast<float>(std::sqrt(square));
    // By its bits: this file is compiled to expect no NaN, which would make std::isfinite true.
    const bool finite = (std::bit_cast<std::uint32_t>(norm) & 0x7f800000U) != 0x7f800000U;
    const float scale = finite ? std::min(1.0F, options_.clip / (norm + 1e-6F)) : 0.0F;
    const auto count = static_cast<double>(step);
    const auto correct1 =
        static_cast<float>(1.0 / (1.0 - std::pow(static_cast<double>(options_.beta1), count)));
    const auto correct2 =
        static_cast<float>(1.0 / (1.0 - std::pow(static_cast<double>(options_.beta2), count)));

    workers.run([&](std::size_t w) {
        float* g = gradients[0]->data();
        for (const Parameter& parameter : map_.list) {
            const std::size_t part = (parameter.size() / workers.count() + 15) / 16 * 16;
            const std::size_t begin = std::min(parameter.size(), w * part) + parameter.offset;
            const std::size_t end =
                w + 1 == workers.count()
                    ? parameter.offset + parameter.size()
                    : std::min(parameter.offset + parameter.size(), begin + part);
            if (!finite) {
                std::fill(g + begin, g + end, 0.0F);
                continue;
            }
            const float shrink = parameter.role == Role::norm ? 1.0F : 1.0F - rate * options_.decay;
            const float b1 = options_.beta1;
            const float b2 = options_.beta2;
            const float epsilon = options_.epsilon;
            float* x = parameters.data();
            float* first = m.data();
            float* second = v.data();
#pragma omp simd
            for (std::size_t i = begin; i < end; ++i) {
                const float gradient = g[i] * scale;
                g[i] = 0.0F;
                first[i] = b1 * first[i] + (1.0F - b1) * gradient;
                second[i] = b2 * second[i] + (1.0F - b2) * gradient * gradient;
                const float step_size =
                    first[i] * correct1 / (std::sqrt(second[i] * correct2) + epsilon);
                x[i] = x[i] * shrink - rate * step_size;
            }
        }
    });
    return norm;
}

} // namespace bitnet::train
