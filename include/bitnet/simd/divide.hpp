// SPDX-License-Identifier: MIT
// divide(a, b): correctly rounded. As an instruction, because -ffast-math, and flags that it is
// made of and no macro tells of, let compilers divide by a reciprocal estimate.
#pragma once

#include <xsimd/xsimd.hpp>

#include <bitnet/config.hpp>
#include <bitnet/simd/round.hpp>

namespace BITNET_NAMESPACE::simd {

/// a / b of a float, or of each float of a register.
template <class Register>
BITNET_INLINE Register quotient(const Register& a, const Register& b) noexcept {
#if defined(BITNET_FLOAT_REGISTER) && (defined(__SSE2__) || defined(__aarch64__))
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
#if defined(BITNET_FLOAT_REGISTER)
    using Register = typename xsimd::batch<float, Arch>::register_type;
    return quotient<Register>(a, b);
#else
    return quotient(a, b);
#endif
}
#endif

} // namespace BITNET_NAMESPACE::simd
