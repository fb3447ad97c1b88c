// SPDX-License-Identifier: MIT
// once(v): v, rounded to float32 now. Compilers may contract a * b + c to one FMA (g++ does so by
// default, even across vector operators) or reassociate under -ffast-math; an empty asm that
// "changes" the register forbids both and costs no instruction.
#pragma once

#include <xsimd/xsimd.hpp>

#include <bitnet/config.hpp>

#if (defined(__x86_64__) || defined(__i386__)) && defined(__GNUC__)
#define BITNET_FLOAT_REGISTER "+v"
#elif defined(__aarch64__) && defined(__GNUC__)
#define BITNET_FLOAT_REGISTER "+w"
#elif defined(__riscv) && defined(__GNUC__)
#define BITNET_FLOAT_REGISTER "+f"
#endif

namespace BITNET_NAMESPACE {

BITNET_INLINE float once(float v) noexcept {
#if defined(BITNET_FLOAT_REGISTER)
    asm("" : BITNET_FLOAT_REGISTER(v));
#endif
    return v;
}

BITNET_INLINE double once(double v) noexcept {
#if defined(BITNET_FLOAT_REGISTER)
    asm("" : BITNET_FLOAT_REGISTER(v));
#endif
    return v;
}

#if !defined(XSIMD_NO_SUPPORTED_ARCHITECTURE)
template <class Arch>
BITNET_INLINE xsimd::batch<float, Arch> once(const xsimd::batch<float, Arch>& v) noexcept {
    typename xsimd::batch<float, Arch>::register_type r = v;
#if defined(BITNET_FLOAT_REGISTER)
    asm("" : BITNET_FLOAT_REGISTER(r));
#endif
    return r;
}
#endif

} // namespace BITNET_NAMESPACE
