// SPDX-License-Identifier: MIT
// rounded(v): v, rounded to its own precision now. Compilers may contract a * b + c to one FMA (g++
// does so by default, even across vector operators) or reassociate under -ffast-math; an empty asm
// that "changes" the register forbids both and costs no instruction. docs/design.md has the form
// for compilers without asm.
#pragma once

#include <xsimd/xsimd.hpp>

#include <bitnet/config.hpp>

// Where an asm holds floats: in a register, or in memory on a CPU whose registers nobody looked up.
#if defined(BITNET_GNU) && !defined(BITNET_FLOATS_WITHOUT_ASM)
#if defined(__x86_64__) || defined(__i386__)
#define BITNET_FLOAT_PLACE "+v"
#elif defined(__aarch64__)
#define BITNET_FLOAT_PLACE "+w"
#elif defined(__riscv)
#define BITNET_FLOAT_PLACE "+f"
#elif !defined(__wasm__)
#define BITNET_FLOAT_PLACE "+m"
#elif __FINITE_MATH_ONLY__ + 0 == 1 // without FMA only -ffast-math needs an asm
#define BITNET_FLOAT_PLACE "+r"
#endif
#endif

namespace BITNET_NAMESPACE {

namespace detail {

// How an asm holds a register of floats. Under -ffast-math clang++ takes for granted that a float
// which comes out of an asm is finite, and drops the code for NaN and infinities: there an asm
// holds their bits.
#if defined(__clang__) && defined(BITNET_FLOAT_PLACE) && __FINITE_MATH_ONLY__ + 0 == 1
#define BITNET_FINITE_MATH 1
template <std::size_t Bytes>
struct bits_type {
    typedef std::int32_t type __attribute__((vector_size(Bytes)));
};
template <>
struct bits_type<4> {
    using type = std::int32_t;
};
template <>
struct bits_type<8> {
    using type = std::int64_t;
};
template <class Register>
using asm_type = typename bits_type<sizeof(Register)>::type;
template <class To, class From>
BITNET_INLINE To asm_cast(const From& v) noexcept {
    return __builtin_bit_cast(To, v);
}
#else
template <class Register>
using asm_type = Register;
template <class To>
BITNET_INLINE To asm_cast(const To& v) noexcept {
    return v;
}
#endif

#if defined(BITNET_FLOAT_PLACE)
template <class Register>
BITNET_INLINE void change_nothing(Register& v) noexcept {
    auto held = asm_cast<asm_type<Register>>(v);
#if defined(__wasm__)
    if constexpr (sizeof held == 16) { // clang 19 makes an internal error of a vector
        struct Halves {
            std::int64_t low, high;
        };
        auto halves = __builtin_bit_cast(Halves, held);
        asm("" : BITNET_FLOAT_PLACE(halves.low), BITNET_FLOAT_PLACE(halves.high));
        held = __builtin_bit_cast(decltype(held), halves);
    } else {
        asm("" : BITNET_FLOAT_PLACE(held));
    }
#else
    asm("" : BITNET_FLOAT_PLACE(held));
#endif
    v = asm_cast<Register>(held);
}
#elif defined(BITNET_FLOATS_WITHOUT_ASM)
template <class Register>
BITNET_INLINE void change_nothing(Register& v) noexcept {
    Register held = v;
    Register* volatile place = &held; // whoever reads a volatile does not know what is in it
    v = *place;
}
#else
template <class Register>
BITNET_INLINE void change_nothing(Register&) noexcept {}
#endif

/// v, of which the compiler knows nothing any more, where flags let it assume that no float is NaN
/// or infinite. An asm costs no instruction.
template <class Register>
BITNET_INLINE Register any_float(Register v) noexcept {
#if defined(BITNET_FINITE_MATH) || defined(BITNET_FLOATS_WITHOUT_ASM)
    change_nothing(v);
#endif
    return v;
}
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
