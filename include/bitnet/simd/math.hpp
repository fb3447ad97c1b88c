// SPDX-License-Identifier: MIT
// exp, log, sigmoid and tanh of sixteen floats: each is a written sequence of float32 operations,
// every one rounded once. Error bounds are what tests/test_math.cpp measures.
#pragma once

#include <cstdint>

#include <bitnet/config.hpp>
#include <bitnet/simd/f32x16.hpp>
#include <bitnet/simd/float_bits.hpp>

namespace BITNET_NAMESPACE::simd {

/// Lane i: all ones where a < b, else 0. pre: a - b does not overflow
template <class Isa>
BITNET_INLINE i32x16<Isa> less_mask(const i32x16<Isa>& a, const i32x16<Isa>& b) noexcept {
    return (a - b).template shift_right<31>();
}
/// Lane i: the bits of yes where mask is all ones, of no where it is 0.
template <class Isa>
BITNET_INLINE i32x16<Isa> select(const i32x16<Isa>& mask, const i32x16<Isa>& yes,
                                 const i32x16<Isa>& no) noexcept {
    return (yes & mask) | (no & (i32x16<Isa>::set1(-1) - mask));
}

/// x = n ln2 + r, n an integer, |r| <= 0.3467; p = e^r - 1, so e^x = 2^n (1 + p).
/// pre: |x| <= 2^7
template <class Isa>
struct ExpParts {
    using V = f32x16<Isa>;
    i32x16<Isa> n;
    V p;

    BITNET_INLINE explicit ExpParts(const V& x) noexcept {
        // ln2 in two parts: 16 bits, so that n * high is exact for |n| < 2^8, and the rest.
        const float ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1cp-20f;
        n = (x * V::set1(0x1.715476p+0f)).nearest(); // log2(e)
        const V k = V::from(n);
        const V r = (x - k * V::set1(ln2_high)) - k * V::set1(ln2_low);
        // e^r - 1 = r + r^2 (1/2! + r/3! + ... + r^5/7!); r^8/8! < 2^-27
        V q = V::set1(1.0f / 5040);
        q = q * r + V::set1(1.0f / 720);
        q = q * r + V::set1(1.0f / 120);
        q = q * r + V::set1(1.0f / 24);
        q = q * r + V::set1(1.0f / 6);
        q = q * r + V::set1(0.5f);
        p = r + (r * r) * q;
    }
};

// exp and sigmoid are inlined into the loops over rows: a call would pass sixteen lanes through
// memory and load its constants anew. log and tanh need not; f32x16<Isa> names the ISA in their
// symbols.

/// y = e^x
/// exact: within 1.03 ulp; 0 below ln 2^-126 (results are never denormal), +inf from 88.72284 on,
/// exp(-inf) = 0, exp(NaN) = NaN
template <class Isa>
BITNET_INLINE f32x16<Isa> exp(const f32x16<Isa>& x) noexcept {
    using Ints = i32x16<Isa>;
    const Ints bits = x.bits(), size = x.magnitude().bits();
    const Ints negative = bits.template shift_right<31>();
    // The last arguments whose result is a normal number: 88.72283 and -87.33654.
    const Ints limit = select(negative, Ints::set1(0x42aeac4f), Ints::set1(0x42b17217));
    const Ints beyond = less_mask(limit, size);
    const ExpParts<Isa> e(f32x16<Isa>::from_bits(select(beyond, Ints::set1(0), bits)));
    const f32x16<Isa> one_plus_p = f32x16<Isa>::set1(1.0f) + e.p;
    const Ints y = one_plus_p.bits() + e.n.template shift_left<23>(); // times 2^n
    const Ints special =
        select(less_mask(Ints::set1(detail::inf_bits), size), Ints::set1(detail::nan_bits),
               select(negative, Ints::set1(0), Ints::set1(detail::inf_bits)));
    return f32x16<Isa>::from_bits(select(beyond, special, y));
}

/// y = ln x
/// exact: within 0.86 ulp, denormal x too; log(+-0) = -inf, log(+inf) = +inf, log(x < 0) = NaN
template <class Isa>
BITNET_HIDDEN f32x16<Isa> log(const f32x16<Isa>& x) noexcept {
    using V = f32x16<Isa>;
    using Ints = i32x16<Isa>;
    const Ints bits = x.bits(), size = x.magnitude().bits();
    // A denormal is its bits times 2^-149, and its bits as a number are a normal float.
    const Ints tiny = less_mask(size, Ints::set1(0x00800000));
    const Ints normal = select(tiny, V::from(size & tiny).bits(), size);
    // x = 2^n m, sqrt(1/2) <= m < sqrt(2); the bits of sqrt(1/2) mark where n steps.
    const Ints root_half = Ints::set1(0x3f3504f3);
    const Ints exponent = (normal - root_half).template shift_right<23>();
    const V m = V::from_bits(normal - exponent.template shift_left<23>());
    const V n = V::from(exponent - (tiny & Ints::set1(149)));
    // ln m = ln(1 + f) = 2 atanh(s), s = f / (2 + f); arranged so that f, which is exact, leads:
    // ln(1 + f) = f - (f^2/2 - s (f^2/2 + R)), R = 2/3 s^2 + 2/5 s^4 + ...; the term left out is
    // below 2^-28 of the result.
    const V f = m - V::set1(1.0f);
    const V s = f / (V::set1(2.0f) + f);
    const V z = s * s;
    V r = V::set1(2.0f / 9);
    r = r * z + V::set1(2.0f / 7);
    r = r * z + V::set1(2.0f / 5);
    r = r * z + V::set1(2.0f / 3);
    const V half_square = V::set1(0.5f) * (f * f);
    const V tail = s * (half_square + r * z) + n * V::set1(0x1.7f7d1cp-20f);
    const V y = n * V::set1(0x1.62e4p-1f) - ((half_square - tail) - f);
    // Special: zeros, infinity, NaN, and everything negative.
    const Ints infinity = Ints::set1(detail::inf_bits);
    const Ints nonzero = less_mask(Ints::set1(0), size);
    const Ints invalid = (bits.template shift_right<31>() & nonzero) | less_mask(infinity, size);
    Ints out = select(less_mask(size, infinity), y.bits(), infinity);
    out = select(nonzero, out, Ints::set1(detail::inf_bits | detail::sign_bit));
    return V::from_bits(select(invalid, Ints::set1(detail::nan_bits), out));
}

/// y = 1 / (1 + e^-x), computed as z / (1 + z) for x < 0, else 1 / (1 + z), with z = e^-|x|
/// exact: within 2.41 ulp; 0 below ln 2^-126, sigmoid(NaN) = NaN
template <class Isa>
BITNET_INLINE f32x16<Isa> sigmoid(const f32x16<Isa>& x) noexcept {
    using V = f32x16<Isa>;
    using Ints = i32x16<Isa>;
    const V one = V::set1(1.0f);
    const Ints size = x.magnitude().bits();
    const V z = exp(V::from_bits(size | Ints::set1(detail::sign_bit)));
    const Ints negative = x.bits().template shift_right<31>();
    const V above = V::from_bits(select(negative, z.bits(), one.bits()));
    const Ints y = (above / (one + z)).bits();
    return V::from_bits(
        select(less_mask(Ints::set1(detail::inf_bits), size), Ints::set1(detail::nan_bits), y));
}

/// y = tanh x = t / (t + 2), t = e^(2|x|) - 1, with the sign of x
/// exact: within 2.43 ulp; tanh(x) = x for |x| < 2^-12, tanh(+-inf) = +-1, tanh(NaN) = NaN
template <class Isa>
BITNET_HIDDEN f32x16<Isa> tanh(const f32x16<Isa>& x) noexcept {
    using V = f32x16<Isa>;
    using Ints = i32x16<Isa>;
    const Ints bits = x.bits(), size = x.magnitude().bits();
    const Ints ten = V::set1(10.0f).bits(); // from 9.02 on the result is 1
    const V a = V::from_bits(select(less_mask(ten, size), ten, size));
    const ExpParts<Isa> e(a + a);
    const V power = V::from_bits((e.n + Ints::set1(127)).template shift_left<23>());
    const V t = power * e.p + (power - V::set1(1.0f));
    const V ratio = t / (t + V::set1(2.0f));
    // x - x^3/3 is within half an ulp of x where |x| < 2^-12
    const Ints y = select(less_mask(size, V::set1(0x1p-12f).bits()), size, ratio.bits());
    const Ints invalid = less_mask(Ints::set1(detail::inf_bits), size);
    return V::from_bits(
        select(invalid, Ints::set1(detail::nan_bits), y | (bits & Ints::set1(detail::sign_bit))));
}

} // namespace BITNET_NAMESPACE::simd
