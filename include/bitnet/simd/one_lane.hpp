// SPDX-License-Identifier: MIT
// OneLane<T>: a register of one lane, for the scalar cluster and for targets without SIMD. It has
// the few operations of xsimd::batch that i32x16 and f32x16 need, under the same names.
#pragma once

#include <cstdint>

#include <bitnet/config.hpp>
#include <bitnet/simd/divide.hpp>
#include <bitnet/simd/round.hpp>

namespace BITNET_NAMESPACE::simd {

template <class T>
struct OneLane;

/// Sums, differences and left shifts wrap modulo 2^32; right shifts are arithmetic.
template <>
struct OneLane<std::int32_t> {
    std::int32_t v;

    OneLane() noexcept = default; // any value
    BITNET_INLINE explicit OneLane(std::int32_t x) noexcept : v(x) {}
    static BITNET_INLINE OneLane load_unaligned(const std::int32_t* p) noexcept {
        return OneLane(*p);
    }
    BITNET_INLINE void store_unaligned(std::int32_t* p) const noexcept { *p = v; }

    friend BITNET_INLINE OneLane operator+(const OneLane& a, const OneLane& b) noexcept {
        return wrap(a.bits() + b.bits());
    }
    friend BITNET_INLINE OneLane operator-(const OneLane& a, const OneLane& b) noexcept {
        return wrap(a.bits() - b.bits());
    }
    friend BITNET_INLINE OneLane operator&(const OneLane& a, const OneLane& b) noexcept {
        return OneLane(a.v & b.v);
    }
    friend BITNET_INLINE OneLane operator|(const OneLane& a, const OneLane& b) noexcept {
        return OneLane(a.v | b.v);
    }
    friend BITNET_INLINE OneLane operator>>(const OneLane& a, int n) noexcept {
        return OneLane(a.v >> n);
    }
    friend BITNET_INLINE OneLane operator<<(const OneLane& a, int n) noexcept {
        return wrap(a.bits() << n);
    }
    friend BITNET_INLINE OneLane larger(const OneLane& a, const OneLane& b) noexcept {
        return OneLane(a.v > b.v ? a.v : b.v);
    }

    /// The result of a comparison.
    struct Mask {
        bool is_set;
        BITNET_INLINE std::uint64_t mask() const noexcept { return is_set; }
    };
    friend BITNET_INLINE Mask operator<(const OneLane& a, const OneLane& b) noexcept {
        return {a.v < b.v};
    }

private:
    BITNET_INLINE std::uint32_t bits() const noexcept { return static_cast<std::uint32_t>(v); }
    static BITNET_INLINE OneLane wrap(std::uint32_t bits) noexcept {
        return OneLane(static_cast<std::int32_t>(bits));
    }
};

template <>
struct OneLane<float> {
    float v;

    OneLane() noexcept = default; // any value
    BITNET_INLINE explicit OneLane(float x) noexcept : v(x) {}
    static BITNET_INLINE OneLane load_unaligned(const float* p) noexcept { return OneLane(*p); }
    BITNET_INLINE void store_unaligned(float* p) const noexcept { *p = v; }

    friend BITNET_INLINE OneLane operator+(const OneLane& a, const OneLane& b) noexcept {
        return OneLane(a.v + b.v);
    }
    friend BITNET_INLINE OneLane operator-(const OneLane& a, const OneLane& b) noexcept {
        return OneLane(a.v - b.v);
    }
    friend BITNET_INLINE OneLane operator*(const OneLane& a, const OneLane& b) noexcept {
        return OneLane(a.v * b.v);
    }
    friend BITNET_INLINE OneLane divide(const OneLane& a, const OneLane& b) noexcept {
        return OneLane(simd::divide(a.v, b.v));
    }
    // A friend that only its argument finds: it must not hide the others, which are a level up.
    friend BITNET_INLINE OneLane rounded(const OneLane& a) noexcept {
        return OneLane(bitnet::rounded(a.v));
    }
};

/// The bits of a, as a value of another type. (std::bit_cast is a function of its own, which
/// unoptimised builds emit with this unit's instructions under a name that all units share.)
template <class To, class From>
BITNET_INLINE OneLane<To> bitwise_cast(const OneLane<From>& a) noexcept {
    return OneLane<To>(__builtin_bit_cast(To, a.v));
}
/// Correctly rounded.
BITNET_INLINE OneLane<float> to_float(const OneLane<std::int32_t>& a) noexcept {
    return OneLane<float>(static_cast<float>(a.v));
}
/// The nearest integer, ties to even, for |a| < 2^22. Adding 1.5 * 2^23 rounds to an integer. Of
/// others and of NaN it makes some integer, so the difference may wrap.
BITNET_INLINE OneLane<std::int32_t> nearbyint_as_int(const OneLane<float>& a) noexcept {
    const OneLane<float> magic(12582912.0f);
    return bitwise_cast<std::int32_t>(rounded(a + magic)) - bitwise_cast<std::int32_t>(magic);
}

} // namespace BITNET_NAMESPACE::simd
