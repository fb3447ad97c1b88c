// SPDX-License-Identifier: MIT
// Compiled for 32-bit x86 with -ffast-math, which lets compilers divide by a reciprocal estimate:
// simd::divide() is rounded correctly all the same, one float and a register of them.
#include <bitnet/simd/divide.hpp>

#include <xsimd/xsimd.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>

namespace {

/// A quotient of floats has the same bits when it is first rounded to a double, and volatile leaves
/// no division by a float.
float expected(float a, float b) {
    volatile double quotient = a;
    volatile const double divisor = b;
    quotient = quotient / divisor;
    return static_cast<float>(quotient);
}

std::uint32_t state = 1;
float next() {
    state = state * 1664525u + 1013904223u;
    return static_cast<float>(state >> 8) + 1.0f;
}

} // namespace

int main() {
    using Batch = xsimd::batch<float>;
    constexpr int quotients = 100000;
    int wrong = 0, wrong_lanes = 0;
    for (int i = 0; i < quotients; ++i) {
        float a[Batch::size], b[Batch::size], y[Batch::size];
        for (std::size_t k = 0; k < Batch::size; ++k) a[k] = next(), b[k] = next();
        bitnet::simd::divide(Batch::load_unaligned(a), Batch::load_unaligned(b)).store_unaligned(y);
        for (std::size_t k = 0; k < Batch::size; ++k) {
            const float quotient = expected(a[k], b[k]);
            wrong += bitnet::simd::divide(a[k], b[k]) != quotient;
            wrong_lanes += y[k] != quotient;
        }
    }
    std::printf("%d quotients of floats are wrong, %d in registers\n", wrong, wrong_lanes);
    return wrong + wrong_lanes != 0;
}
