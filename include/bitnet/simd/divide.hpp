// SPDX-License-Identifier: MIT
// divide(a, b): correctly rounded. As an instruction, because -ffast-math, and flags that it is
// made of and no macro tells of, let compilers divide by a reciprocal estimate.
#pragma once

#include <xsimd/xsimd.hpp>

#include <bitnet/config.hpp>
#include <bitnet/simd/round.hpp>

namespace BITNET_NAMESPACE::simd {

#if defined(BITNET_FLOAT_REGISTER) && defined(__AVX__)

BITNET_INLINE float divide(float a, float b) noexcept {
    asm("vdivss {%1, %0, %0|%0, %0, %1}" : "+v"(a) : "v"(b));
    return a;
}
template <class Arch>
BITNET_INLINE xsimd::batch<float, Arch> divide(const xsimd::batch<float, Arch>& a,
                                               const xsimd::batch<float, Arch>& b) noexcept {
    typename xsimd::batch<float, Arch>::register_type x = a, y = b;
    asm("vdivps {%1, %0, %0|%0, %0, %1}" : "+v"(x) : "v"(y));
    return x;
}

#elif defined(BITNET_FLOAT_REGISTER) && defined(__SSE2__)

BITNET_INLINE float divide(float a, float b) noexcept {
    asm("divss {%1, %0|%0, %1}" : "+x"(a) : "x"(b));
    return a;
}
template <class Arch>
BITNET_INLINE xsimd::batch<float, Arch> divide(const xsimd::batch<float, Arch>& a,
                                               const xsimd::batch<float, Arch>& b) noexcept {
    typename xsimd::batch<float, Arch>::register_type x = a, y = b;
    asm("divps {%1, %0|%0, %1}" : "+x"(x) : "x"(y));
    return x;
}

#else

template <class Float>
BITNET_INLINE Float divide(const Float& a, const Float& b) noexcept {
    return rounded(rounded(a) / rounded(b));
}

#endif

} // namespace BITNET_NAMESPACE::simd
