// SPDX-License-Identifier: MIT
// Sixteen floats on any cluster, in the registers of i32x16.hpp. Every operator rounds once, so
// code written on it has the same bits everywhere; the sixteen lanes are also the sixteen partial
// sums that the library defines for float sums.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <bitnet/config.hpp>
#include <bitnet/simd/divide.hpp>
#include <bitnet/simd/float_bits.hpp>
#include <bitnet/simd/i32x16.hpp>
#include <bitnet/simd/round.hpp>

namespace BITNET_NAMESPACE::simd {

template <class Isa>
struct f32x16 {
    using reg = typename ops<Isa>::f32;
    using ints = i32x16<Isa>;
    static constexpr std::size_t size = 16, lanes = ops<Isa>::lanes, parts = size / lanes;
    reg v[parts];

    static BITNET_INLINE f32x16 set1(float x) noexcept {
        f32x16 r;
        for (auto& part : r.v) part = reg(x);
        return r;
    }
    static BITNET_INLINE f32x16 load(const float* p) noexcept {
        f32x16 r;
        for (std::size_t i = 0; i < parts; ++i) r.v[i] = reg::load_unaligned(p + i * lanes);
        return r;
    }
    /// Sixteen IEEE 754 halves, all finite: exact.
    static BITNET_INLINE f32x16 load_halves(const std::uint16_t* p) noexcept {
        f32x16 r;
        for (std::size_t i = 0; i < parts; ++i) {
            if constexpr (requires { ops<Isa>::load_halves(p); }) {
                r.v[i] = ops<Isa>::load_halves(p + i * lanes);
            } else {
                static_assert(lanes == 1);
                r.v[i] = reg(float_of_half(p[i]));
            }
        }
        return r;
    }
    /// The first n < 16 floats at p, then zeros; reads nothing beyond them.
    static BITNET_INLINE f32x16 load_first(const float* p, std::size_t n) noexcept {
        float lane[size] = {};
        if (n != 0) std::memcpy(lane, p, n * sizeof(float)); // memcpy takes no null pointer
        return load(lane);
    }
    /// The nearest halves, ties to even. pre: |lane| < 65520
    BITNET_INLINE void store_halves(std::uint16_t* p) const noexcept {
        for (std::size_t i = 0; i < parts; ++i) {
            if constexpr (requires { ops<Isa>::store_halves(p, v[i]); }) {
                ops<Isa>::store_halves(p + i * lanes, v[i]);
            } else {
                static_assert(lanes == 1);
                float lane;
                v[i].store_unaligned(&lane);
                p[i] = detail::nearest_half(lane);
            }
        }
    }
    BITNET_INLINE void store(float* p) const noexcept {
        for (std::size_t i = 0; i < parts; ++i) v[i].store_unaligned(p + i * lanes);
    }
    /// The first n < 16 lanes to p; writes nothing beyond them.
    BITNET_INLINE void store_first(float* p, std::size_t n) const noexcept {
        float lane[size];
        store(lane);
        if (n != 0) std::memcpy(p, lane, n * sizeof(float));
    }

    friend BITNET_INLINE f32x16 operator+(const f32x16& a, const f32x16& b) noexcept {
        f32x16 r;
        for (std::size_t i = 0; i < parts; ++i) r.v[i] = rounded(a.v[i] + b.v[i]);
        return r;
    }
    friend BITNET_INLINE f32x16 operator-(const f32x16& a, const f32x16& b) noexcept {
        f32x16 r;
        for (std::size_t i = 0; i < parts; ++i) r.v[i] = rounded(a.v[i] - b.v[i]);
        return r;
    }
    friend BITNET_INLINE f32x16 operator*(const f32x16& a, const f32x16& b) noexcept {
        f32x16 r;
        for (std::size_t i = 0; i < parts; ++i) r.v[i] = rounded(a.v[i] * b.v[i]);
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
        for (std::size_t i = 0; i < parts; ++i) r.v[i] = to_float(a.v[i]);
        return r;
    }
    /// The nearest integers, ties to even. pre: |lane| < 2^22
    BITNET_INLINE ints nearest() const noexcept {
        ints r;
        for (std::size_t i = 0; i < parts; ++i) r.v[i] = nearbyint_as_int(v[i]);
        return r;
    }
    /// The bits of the floats, and back.
    BITNET_INLINE ints bits() const noexcept {
        ints r;
        for (std::size_t i = 0; i < parts; ++i) {
            r.v[i] = bitwise_cast<std::int32_t>(detail::any_float(v[i]));
        }
        return r;
    }
    static BITNET_INLINE f32x16 from_bits(const ints& a) noexcept {
        f32x16 r;
        for (std::size_t i = 0; i < parts; ++i)
            r.v[i] = detail::any_float(bitwise_cast<float>(a.v[i]));
        return r;
    }
    BITNET_INLINE f32x16 magnitude() const noexcept {
        return from_bits(bits() & ints::set1(0x7fffffff));
    }
    /// In each pair of lanes i and i + H: their sum, and lane i - lane i + H. H is 1, 2, 4 or 8.
    template <std::uint32_t H>
    BITNET_INLINE f32x16 butterfly() const noexcept {
        f32x16 r;
        for (std::size_t i = 0; i < parts; ++i) {
            if constexpr (H < lanes) {
                r.v[i] = ops<Isa>::template butterfly<H>(v[i]);
            } else if (constexpr std::size_t apart = H / lanes; (i & apart) == 0) {
                r.v[i] = rounded(v[i] + v[i + apart]);
                r.v[i + apart] = rounded(v[i] - v[i + apart]);
            }
        }
        return r;
    }
    /// The sum of the sixteen partials: lane i + lane i+8, then +4, +2, +1, each rounded once.
    BITNET_INLINE float fold() const noexcept {
        float lane[size];
        store(lane);
        for (std::size_t half = 8; half >= 1; half /= 2) {
            for (std::size_t i = 0; i < half; ++i) lane[i] = rounded(lane[i] + lane[i + half]);
        }
        return lane[0];
    }
};

/// Sixteen zeros that the compiler knows nothing about: -ffast-math drops 0 + x, which turns
/// -0 into +0.
template <class Isa>
BITNET_INLINE f32x16<Isa> zeros() noexcept {
    f32x16<Isa> r = f32x16<Isa>::set1(0.0f);
    for (auto& part : r.v) part = rounded(part);
    return r;
}

} // namespace BITNET_NAMESPACE::simd
