// SPDX-License-Identifier: MIT
// Wrong arguments, each of which the compiler answers with one sentence: WRONG says which.
#include <bitnet/bitlinear.hpp>

#include <cstddef>
#include <span>

using namespace bitnet;

#if WRONG == 5
struct Numbered {
    std::size_t workers() const noexcept { return 2; }
    template <class F>
    void parallel_for(std::size_t n, F&& f) const noexcept {
        for (std::size_t task = 0; task < n; ++task) f(task, task % 2);
    }
};
#endif

void wrong(std::span<float> x, std::span<float> y, std::span<std::byte> scratch) {
#if WRONG == 1 // floats for a layer of ternary activations
    BitLinear<Ternary, Ternary>().forward(x, y, 1, scratch);
#elif WRONG == 2 // a number of threads is no executor
    BitLinear<Ternary, Int8>().forward(x, y, 1, scratch, 4);
#elif WRONG == 3 // a pair of formats that has no kernel
    BitLinear<Int8, Sign>().forward(x, y, 1, scratch);
#elif WRONG == 4 // the run-time choice without its header
    BitLinear<Ternary, Int8>().forward<isa::dynamic>(x, y, 1, scratch);
#elif WRONG == 5 // an executor that numbers its workers
    BitLinear<Ternary, Int8>().forward(x, y, 1, scratch, Numbered{});
#endif
}
