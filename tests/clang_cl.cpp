// SPDX-License-Identifier: MIT
// What clang-cl must not drop, for clang_cl.sh, which reads the assembly of these functions.
#include <immintrin.h>

#include <bitnet/config.hpp>
#include <bitnet/simd/divide.hpp>
#include <bitnet/simd/in_place.hpp>
#include <bitnet/simd/round.hpp>

#if defined(__GNUC__) || !defined(_MSC_VER) || !defined(__clang__)
#error "this is not clang-cl"
#endif

using bitnet::rounded;

// Without a barrier: shows that these flags contract.
extern "C" float fused(float a, float b, float c) {
    return a * b + c;
}
extern "C" float rounded_float(float a, float b, float c) {
    return rounded(rounded(a * b) + c);
}
extern "C" void rounded_register(__m256* a, const __m256* b) {
    __m256 product = _mm256_mul_ps(*a, *b);
    bitnet::detail::change_nothing(product);
    *a = _mm256_add_ps(product, *b);
}
extern "C" float divided_float(float a, float b) {
    return bitnet::simd::divide(a, b);
}
extern "C" void divided_register(__m256* a, const __m256* b) {
    *a = bitnet::simd::quotient(*a, *b);
}
extern "C" void in_order(__m256i* a, const __m256i* b) {
    for (int i = 0; i < 4; ++i) {
        *a = bitnet::simd::in_place(_mm256_add_epi32(*a, *b));
    }
}
extern "C" void prefetched(unsigned long long address) {
    BITNET_PREFETCH(address);
    BITNET_PREFETCH_L2(address);
}
extern "C" int lambda(int n) {
    const auto add = [&](int m) BITNET_INLINE_LAMBDA { return n + m; };
    return add(1) + add(2);
}
extern "C" float first_lane(const float* x, int* sums) {
    BITNET_UNROLL
    for (int i = 0; i < 16; ++i) sums[i] += sums[i + 16] * 3;
    return *x;
}
