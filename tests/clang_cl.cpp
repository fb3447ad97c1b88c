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
// Without a barrier: shows that these flags divide by an estimate.
extern "C" void estimated(__m256* a, const __m256* b) {
    *a = _mm256_div_ps(*a, *b);
}
extern "C" void in_place(__m256i* a, const __m256i* b) { // else the second one undoes the first
    *a = _mm256_xor_si256(bitnet::simd::in_place(_mm256_xor_si256(*a, *b)), *b);
}
extern "C" void prefetched(unsigned long long address) {
    BITNET_PREFETCH(address);
    BITNET_PREFETCH_L2(address);
}
extern "C" int lambda(int n) {
    const auto add = [&](int m) BITNET_INLINE_LAMBDA { return n + m; };
    return add(1) + add(2);
}
extern "C" void unrolled(int* sums) {
    BITNET_UNROLL
    for (int i = 1; i < 200; ++i) sums[i] += sums[i] * sums[i - 1];
}
