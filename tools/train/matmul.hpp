// SPDX-License-Identifier: MIT
// Dense products by oneDNN with f32 sums. One object belongs to one thread.
#pragma once

#include "buffer.hpp"

#include <cstddef>
#include <memory>

namespace bitnet::train {

enum class Transposed { no, yes };

class Matmul {
public:
    Matmul();
    ~Matmul();
    Matmul(const Matmul&) = delete;
    Matmul& operator=(const Matmul&) = delete;

    /// c (m, n) = op(a) (m, k) · op(b) (k, n), all dense and row-major; op(a) is a, or the
    /// transpose of a matrix stored (k, m).
    void operator()(const operand* a, Transposed ta, const operand* b, Transposed tb, float* c,
                    std::size_t m, std::size_t n, std::size_t k);

private:
    struct Cache;
    std::unique_ptr<Cache> cache_;
};

} // namespace bitnet::train
