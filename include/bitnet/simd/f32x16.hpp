// SPDX-License-Identifier: MIT
// Sixteen floats and sixteen int32 on any ISA: one 512-bit register, two of 256, four of 128, or an
// array. Every operator rounds once, so code written on them has the same bits everywhere; the
// sixteen lanes are also the sixteen partial sums that the library defines for float sums.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <bitnet/isa.hpp>
#include <bitnet/simd/generic.hpp>
#include <bitnet/simd/round.hpp>

// std::bit_cast is a function of its own, which unoptimised builds emit with this unit's
// instructions under a name that all units share; __builtin_bit_cast, which it is made of, is none.

namespace BITNET_NAMESPACE::simd {

/// One lane of the scalar cluster, with the few operations that xsimd gives to batches.
namespace lane {
/// Correctly rounded division. As an instruction, because -ffast-math, and flags that it is made of
/// and no macro tells of, let compilers divide by a reciprocal estimate.
BITNET_INLINE float divide(float a, float b) noexcept {
#if defined(BITNET_FLOAT_REGISTER) && defined(__AVX__)
    asm("vdivss {%1, %0, %0|%0, %0, %1}" : "+v"(a) : "v"(b));
    return a;
#elif defined(BITNET_FLOAT_REGISTER) && defined(__x86_64__)
    asm("divss {%1, %0|%0, %1}" : "+x"(a) : "x"(b));
    return a;
#else
    return once(once(a) / once(b));
#endif
}
BITNET_INLINE std::int32_t nearest(float v) noexcept {
    // Adding 1.5 * 2^23 rounds to an integer, ties to even, for |v| < 2^22; of others and of NaN it
    // makes some integer, so the difference may wrap.
    const float magic = 12582912.0f;
    return static_cast<std::int32_t>(__builtin_bit_cast(std::uint32_t, once(v + magic)) -
                                     __builtin_bit_cast(std::uint32_t, magic));
}
} // namespace lane

/// The registers of a cluster, or plain values for `scalar`.
template <class Isa, bool = isa::is_scalar<Isa>>
struct sixteen {
    using f32 = float;
    using i32 = std::int32_t;
    static constexpr std::size_t lanes = 1;
};
#if !defined(XSIMD_NO_SUPPORTED_ARCHITECTURE)
template <class Isa>
struct sixteen<Isa, false> {
    using f32 = typename ops<Isa>::f32;
    using i32 = typename ops<Isa>::i32;
    static constexpr std::size_t lanes = ops<Isa>::lanes;
};
#endif

template <class Isa>
struct i32x16 {
    using reg = typename sixteen<Isa>::i32;
    static constexpr std::size_t lanes = sixteen<Isa>::lanes, parts = 16 / lanes;
    reg v[parts];

    static BITNET_INLINE i32x16 set1(std::int32_t x) noexcept {
        i32x16 r;
        for (auto& part : r.v) part = reg(x);
        return r;
    }
    static BITNET_INLINE i32x16 load(const std::int32_t* p) noexcept {
        i32x16 r;
        for (std::size_t i = 0; i < parts; ++i) {
            if constexpr (lanes == 1) {
                r.v[i] = p[i];
            } else {
                r.v[i] = reg::load_unaligned(p + i * lanes);
            }
        }
        return r;
    }
    BITNET_INLINE void store(std::int32_t* p) const noexcept {
        for (std::size_t i = 0; i < parts; ++i) {
            if constexpr (lanes == 1) {
                p[i] = v[i];
            } else {
                v[i].store_unaligned(p + i * lanes);
            }
        }
    }
    /// The low byte of each lane, in order. Lanes are in [-128, 127].
    BITNET_INLINE void store_bytes(std::int8_t* p) const noexcept {
        for (std::size_t i = 0; i < parts; ++i) {
            if constexpr (lanes == 1) {
                p[i] = static_cast<std::int8_t>(v[i]);
            } else {
                ops<Isa>::store_bytes(p + i * lanes, v[i]);
            }
        }
    }
    /// Sums and differences wrap modulo 2^32.
    friend BITNET_INLINE i32x16 operator+(const i32x16& a, const i32x16& b) noexcept {
        i32x16 r;
        for (std::size_t i = 0; i < parts; ++i) {
            if constexpr (lanes == 1) {
                r.v[i] = static_cast<std::int32_t>(static_cast<std::uint32_t>(a.v[i]) +
                                                   static_cast<std::uint32_t>(b.v[i]));
            } else {
                r.v[i] = a.v[i] + b.v[i];
            }
        }
        return r;
    }
    friend BITNET_INLINE i32x16 operator-(const i32x16& a, const i32x16& b) noexcept {
        i32x16 r;
        for (std::size_t i = 0; i < parts; ++i) {
            if constexpr (lanes == 1) {
                r.v[i] = static_cast<std::int32_t>(static_cast<std::uint32_t>(a.v[i]) -
                                                   static_cast<std::uint32_t>(b.v[i]));
            } else {
                r.v[i] = a.v[i] - b.v[i];
            }
        }
        return r;
    }
    friend BITNET_INLINE i32x16 operator&(const i32x16& a, const i32x16& b) noexcept {
        i32x16 r;
        for (std::size_t i = 0; i < parts; ++i) r.v[i] = a.v[i] & b.v[i];
        return r;
    }
    friend BITNET_INLINE i32x16 operator|(const i32x16& a, const i32x16& b) noexcept {
        i32x16 r;
        for (std::size_t i = 0; i < parts; ++i) r.v[i] = a.v[i] | b.v[i];
        return r;
    }
    /// Arithmetic shift right, logical shift left.
    template <int N>
    BITNET_INLINE i32x16 shift_right() const noexcept {
        i32x16 r;
        for (std::size_t i = 0; i < parts; ++i) r.v[i] = v[i] >> N;
        return r;
    }
    template <int N>
    BITNET_INLINE i32x16 shift_left() const noexcept {
        i32x16 r;
        for (std::size_t i = 0; i < parts; ++i) r.v[i] = v[i] << N;
        return r;
    }
    friend BITNET_INLINE i32x16 max(const i32x16& a, const i32x16& b) noexcept {
        i32x16 r;
        for (std::size_t i = 0; i < parts; ++i) {
            if constexpr (lanes == 1) {
                r.v[i] = a.v[i] > b.v[i] ? a.v[i] : b.v[i];
            } else {
                r.v[i] = xsimd::max(a.v[i], b.v[i]);
            }
        }
        return r;
    }
    /// Bit i: lane i < 0.
    BITNET_INLINE std::uint32_t negative() const noexcept {
        std::uint32_t mask = 0;
        for (std::size_t i = 0; i < parts; ++i) {
            if constexpr (lanes == 1) {
                mask |= static_cast<std::uint32_t>(v[i] < 0) << i;
            } else {
                mask |= static_cast<std::uint32_t>((v[i] < reg(0)).mask()) << (i * lanes);
            }
        }
        return mask;
    }
    /// Bit i: lane i of a < lane i of b.
    friend BITNET_INLINE std::uint32_t less(const i32x16& a, const i32x16& b) noexcept {
        std::uint32_t mask = 0;
        for (std::size_t i = 0; i < parts; ++i) {
            if constexpr (lanes == 1) {
                mask |= static_cast<std::uint32_t>(a.v[i] < b.v[i]) << i;
            } else {
                mask |= static_cast<std::uint32_t>((a.v[i] < b.v[i]).mask()) << (i * lanes);
            }
        }
        return mask;
    }
    /// Sum and maximum of the lanes (the sum wraps modulo 2^32).
    BITNET_INLINE std::int32_t sum() const noexcept {
        std::int32_t lane[16];
        store(lane);
        std::uint32_t total = 0;
        for (std::int32_t x : lane) total += static_cast<std::uint32_t>(x);
        return static_cast<std::int32_t>(total);
    }
    BITNET_INLINE std::int32_t maximum() const noexcept {
        std::int32_t lane[16];
        store(lane);
        std::int32_t best = lane[0];
        for (std::int32_t x : lane) best = x > best ? x : best;
        return best;
    }
};

template <class Isa>
struct f32x16 {
    using reg = typename sixteen<Isa>::f32;
    using ints = i32x16<Isa>;
    static constexpr std::size_t lanes = sixteen<Isa>::lanes, parts = 16 / lanes;
    reg v[parts];

    static BITNET_INLINE f32x16 set1(float x) noexcept {
        f32x16 r;
        for (auto& part : r.v) part = reg(x);
        return r;
    }
    static BITNET_INLINE f32x16 load(const float* p) noexcept {
        f32x16 r;
        for (std::size_t i = 0; i < parts; ++i) {
            if constexpr (lanes == 1) {
                r.v[i] = p[i];
            } else {
                r.v[i] = reg::load_unaligned(p + i * lanes);
            }
        }
        return r;
    }
    /// The first n < 16 floats at p, then zeros; reads nothing beyond them.
    static BITNET_INLINE f32x16 load_first(const float* p, std::size_t n) noexcept {
        float lane[16] = {};
        if (n != 0) std::memcpy(lane, p, n * sizeof(float)); // memcpy takes no null pointer
        return load(lane);
    }
    BITNET_INLINE void store(float* p) const noexcept {
        for (std::size_t i = 0; i < parts; ++i) {
            if constexpr (lanes == 1) {
                p[i] = v[i];
            } else {
                v[i].store_unaligned(p + i * lanes);
            }
        }
    }
    /// The first n < 16 lanes to p; writes nothing beyond them.
    BITNET_INLINE void store_first(float* p, std::size_t n) const noexcept {
        float lane[16];
        store(lane);
        if (n != 0) std::memcpy(p, lane, n * sizeof(float));
    }

    friend BITNET_INLINE f32x16 operator+(const f32x16& a, const f32x16& b) noexcept {
        f32x16 r;
        for (std::size_t i = 0; i < parts; ++i) r.v[i] = once(a.v[i] + b.v[i]);
        return r;
    }
    friend BITNET_INLINE f32x16 operator-(const f32x16& a, const f32x16& b) noexcept {
        f32x16 r;
        for (std::size_t i = 0; i < parts; ++i) r.v[i] = once(a.v[i] - b.v[i]);
        return r;
    }
    friend BITNET_INLINE f32x16 operator*(const f32x16& a, const f32x16& b) noexcept {
        f32x16 r;
        for (std::size_t i = 0; i < parts; ++i) r.v[i] = once(a.v[i] * b.v[i]);
        return r;
    }
    /// Correctly rounded division.
    friend BITNET_INLINE f32x16 operator/(const f32x16& a, const f32x16& b) noexcept {
        f32x16 r;
        for (std::size_t i = 0; i < parts; ++i) r.v[i] = divide(a.v[i], b.v[i]);
        return r;
    }
    /// Correctly rounded from int32.
    static BITNET_INLINE f32x16 from(const ints& a) noexcept {
        f32x16 r;
        for (std::size_t i = 0; i < parts; ++i) {
            if constexpr (lanes == 1) {
                r.v[i] = static_cast<float>(a.v[i]);
            } else {
                r.v[i] = to_float(a.v[i]); // of xsimd, which has it only where it has registers
            }
        }
        return r;
    }
    /// The nearest integers, ties to even. pre: |lane| < 2^22
    BITNET_INLINE ints nearest() const noexcept {
        ints r;
        for (std::size_t i = 0; i < parts; ++i) {
            if constexpr (lanes == 1) {
                r.v[i] = lane::nearest(v[i]);
            } else {
                r.v[i] = xsimd::nearbyint_as_int(v[i]);
            }
        }
        return r;
    }
    /// The bits of the floats, and back.
    BITNET_INLINE ints bits() const noexcept {
        ints r;
        for (std::size_t i = 0; i < parts; ++i) {
            if constexpr (lanes == 1) {
                r.v[i] = __builtin_bit_cast(std::int32_t, v[i]);
            } else {
                r.v[i] = xsimd::bitwise_cast<std::int32_t>(v[i]);
            }
        }
        return r;
    }
    static BITNET_INLINE f32x16 from_bits(const ints& a) noexcept {
        f32x16 r;
        for (std::size_t i = 0; i < parts; ++i) {
            if constexpr (lanes == 1) {
                r.v[i] = __builtin_bit_cast(float, a.v[i]);
            } else {
                r.v[i] = xsimd::bitwise_cast<float>(a.v[i]);
            }
        }
        return r;
    }
    BITNET_INLINE f32x16 abs() const noexcept { return from_bits(bits() & ints::set1(0x7fffffff)); }
    /// The sum of the sixteen partials: lane i + lane i+8, then +4, +2, +1, each rounded once.
    BITNET_INLINE float fold() const noexcept {
        float lane[16];
        store(lane);
        for (std::size_t half = 8; half >= 1; half /= 2) {
            for (std::size_t i = 0; i < half; ++i) lane[i] = once(lane[i] + lane[i + half]);
        }
        return lane[0];
    }

private:
    static BITNET_INLINE reg divide(const reg& a, const reg& b) noexcept {
        if constexpr (lanes == 1) {
            return lane::divide(a, b);
        } else {
#if defined(BITNET_FLOAT_REGISTER) && defined(__AVX__)
            typename reg::register_type x = a, y = b;
            asm("vdivps {%1, %0, %0|%0, %0, %1}" : "+v"(x) : "v"(y));
            return x;
#elif defined(BITNET_FLOAT_REGISTER) && defined(__x86_64__)
            typename reg::register_type x = a, y = b;
            asm("divps {%1, %0|%0, %1}" : "+x"(x) : "x"(y));
            return x;
#else
            return once(once(a) / once(b));
#endif
        }
    }
};

/// Sixteen zeros that the compiler knows nothing about: -ffast-math drops 0 + x, which turns
/// -0 into +0.
template <class Isa>
BITNET_INLINE f32x16<Isa> zeros() noexcept {
    f32x16<Isa> r = f32x16<Isa>::set1(0.0f);
    for (auto& part : r.v) part = once(part);
    return r;
}

} // namespace BITNET_NAMESPACE::simd
