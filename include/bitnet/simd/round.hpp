// SPDX-License-Identifier: MIT
// rounded(v): v, rounded to its own precision now. Compilers may contract a * b + c to one FMA (g++
// does so by default, even across vector operators) or reassociate under -ffast-math; an empty asm
// that "changes" the register forbids both and costs no instruction.
#pragma once

#include <xsimd/xsimd.hpp>

#include <bitnet/config.hpp>

// The constraint of a register that holds floats, where compilers have asm.
#if (defined(__x86_64__) || defined(__i386__)) && defined(__GNUC__)
#define BITNET_FLOAT_REGISTER "+v"
#elif defined(__aarch64__) && defined(__GNUC__)
#define BITNET_FLOAT_REGISTER "+w"
#elif defined(__riscv) && defined(__GNUC__)
#define BITNET_FLOAT_REGISTER "+f"
#endif

namespace BITNET_NAMESPACE {

namespace detail {
#if defined(BITNET_FLOAT_REGISTER)
template <class Register>
BITNET_INLINE void change_nothing(Register& v) noexcept {
    asm("" : BITNET_FLOAT_REGISTER(v));
}
#else
template <class Register>
BITNET_INLINE void change_nothing(Register&) noexcept {}
#endif
} // namespace detail

BITNET_INLINE float rounded(float v) noexcept {
    detail::change_nothing(v);
    return v;
}

BITNET_INLINE double rounded(double v) noexcept {
    detail::change_nothing(v);
    return v;
}

#if !defined(XSIMD_NO_SUPPORTED_ARCHITECTURE)
template <class Arch>
BITNET_INLINE xsimd::batch<float, Arch> rounded(const xsimd::batch<float, Arch>& v) noexcept {
    typename xsimd::batch<float, Arch>::register_type r = v;
    detail::change_nothing(r);
    return r;
}
#endif

} // namespace BITNET_NAMESPACE
