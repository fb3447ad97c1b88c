// SPDX-License-Identifier: MIT
// Threads of OpenMP: the library owns none and takes any executor.
// prints: the same bits on 1 and [0-9]+ threads
#include <bitnet/bitlinear.hpp>

#include <omp.h>

#include <cstddef>
#include <cstdio>
#include <vector>

// Two members make an executor; see bitnet/parallel.hpp.
struct OpenMp {
    std::size_t workers() const noexcept { return static_cast<std::size_t>(omp_get_max_threads()); }
    template <class F>
    void parallel_for(std::size_t n, F&& f) const noexcept {
#pragma omp parallel for schedule(dynamic)
        for (std::ptrdiff_t task = 0; task < static_cast<std::ptrdiff_t>(n); ++task) {
            f(static_cast<std::size_t>(task));
        }
    }
};
static_assert(bitnet::Executor<OpenMp>);

int main() {
    constexpr std::size_t rows = 1000, cols = 300, tokens = 2;
    std::vector<float> weights(rows * cols), x(tokens * cols), one(tokens * rows), many(one);
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(i % 7) - 3;
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 11) - 5;
    const auto layer =
        bitnet::BitLinear<bitnet::Ternary, bitnet::Int8>::from_float(weights, rows, cols).value();

    std::vector<std::byte> scratch(layer.scratch_bytes(tokens));
    layer.forward(x, one, tokens, scratch);            // on the calling thread
    layer.forward(x, many, tokens, scratch, OpenMp{}); // rows are split
    if (one != many) return 1;
    std::printf("the same bits on 1 and %zu threads\n", OpenMp{}.workers());
}
