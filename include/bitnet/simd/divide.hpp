// SPDX-License-Identifier: MIT
// divide(a, b): correctly rounded. As an instruction, because -ffast-math, and flags that it is
// made of and no macro tells of, let compilers divide by a reciprocal estimate.
#pragma once

#include <cstddef>
#include <cstring>

#include <xsimd/xsimd.hpp>

#include <bitnet/config.hpp>
#include <bitnet/isa/features.hpp>
#include <bitnet/simd/round.hpp>

#if defined(BITNET_FLOAT_PLACE) && (defined(__SSE2__) || defined(__aarch64__))
#define BITNET_DIVIDE_BY_ASM 1
#endif

namespace BITNET_NAMESPACE::simd {

#if defined(BITNET_FLOATS_WITHOUT_ASM)
// Without asm divisions have a function of their own, which keeps to the source whatever the flags
// say.
#pragma float_control(precise, on, push)
template <unsigned long long FlagSet = isa::flag_set>
BITNET_NOINLINE void divide_each(float* a, const float* b, std::size_t n) noexcept {
    for (std::size_t i = 0; i < n; ++i) a[i] /= b[i];
}
#pragma float_control(pop)
#endif

/// a / b of a float, or of each float of a register.
template <class Register>
BITNET_INLINE Register quotient(const Register& a, const Register& b) noexcept {
#if defined(BITNET_DIVIDE_BY_ASM)
    auto x = detail::asm_cast<detail::asm_type<Register>>(a);
    constexpr bool is_one = sizeof(Register) == sizeof(float);
#if defined(__AVX__)
    if constexpr (is_one) {
        asm("vdivss {%1, %0, %0|%0, %0, %1}" : "+v"(x) : "v"(b));
    } else {
        asm("vdivps {%1, %0, %0|%0, %0, %1}" : "+v"(x) : "v"(b));
    }
#elif defined(__SSE2__)
    if constexpr (is_one) {
        asm("divss {%1, %0|%0, %1}" : "+x"(x) : "x"(b));
    } else {
        asm("divps {%1, %0|%0, %1}" : "+x"(x) : "x"(b));
    }
#else // xsimd's is a product with an estimate of 1 / b, refined twice: not correctly rounded
    if constexpr (is_one) {
        asm("fdiv %s0, %s0, %s1" : "+w"(x) : "w"(b));
    } else {
        asm("fdiv %0.4s, %0.4s, %1.4s" : "+w"(x) : "w"(b));
    }
#endif
    return detail::asm_cast<Register>(x);
#elif defined(BITNET_FLOATS_WITHOUT_ASM)
    constexpr std::size_t n = sizeof(Register) / sizeof(float);
    float x[n], y[n];
    std::memcpy(x, &a, sizeof x);
    std::memcpy(y, &b, sizeof y);
    divide_each(x, y, n);
    Register r = a;
    std::memcpy(&r, x, sizeof x);
    return r;
#else
    return rounded(rounded(a) / rounded(b));
#endif
}

BITNET_INLINE float divide(float a, float b) noexcept {
    return quotient(a, b);
}
#if !defined(XSIMD_NO_SUPPORTED_ARCHITECTURE)
template <class Arch>
BITNET_INLINE xsimd::batch<float, Arch> divide(const xsimd::batch<float, Arch>& a,
                                               const xsimd::batch<float, Arch>& b) noexcept {
#if defined(BITNET_DIVIDE_BY_ASM)
    using Register = typename xsimd::batch<float, Arch>::register_type;
    return quotient<Register>(a, b);
#elif XSIMD_WITH_NEON64 && !defined(BITNET_FLOATS_WITHOUT_ASM) // cl.exe; xsimd's is an estimate
    return vdivq_f32(a, b);
#else
    return quotient(a, b);
#endif
}
#endif

} // namespace BITNET_NAMESPACE::simd
