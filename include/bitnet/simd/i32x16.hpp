// SPDX-License-Identifier: MIT
// Sixteen int32 on any cluster: one register of 512 bits, two of 256, four of 128, or sixteen of
// one lane.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/config.hpp>
#include <bitnet/simd/generic.hpp>
#include <bitnet/simd/one_lane.hpp>
#include <bitnet/simd/round.hpp>
#include <bitnet/simd/scalar.hpp>

namespace BITNET_NAMESPACE::simd {

#if !defined(XSIMD_NO_SUPPORTED_ARCHITECTURE)
/// Not named max: windows.h defines that as a macro.
template <class Arch>
BITNET_INLINE xsimd::batch<std::int32_t, Arch>
larger(const xsimd::batch<std::int32_t, Arch>& a,
       const xsimd::batch<std::int32_t, Arch>& b) noexcept {
    return (xsimd::max)(a, b);
}
#endif

template <class Isa>
struct i32x16 {
    using reg = typename ops<Isa>::i32;
    static constexpr std::size_t size = 16, lanes = ops<Isa>::lanes, parts = size / lanes;
    reg v[parts];

    static BITNET_INLINE i32x16 set1(std::int32_t x) noexcept {
        i32x16 r;
        for (auto& part : r.v) part = reg(x);
        return r;
    }
    static BITNET_INLINE i32x16 load(const std::int32_t* p) noexcept {
        i32x16 r;
        for (std::size_t i = 0; i < parts; ++i) r.v[i] = reg::load_unaligned(p + i * lanes);
        return r;
    }
    BITNET_INLINE void store(std::int32_t* p) const noexcept {
        for (std::size_t i = 0; i < parts; ++i) v[i].store_unaligned(p + i * lanes);
    }
    /// The low byte of each lane, in order. Lanes are in [-128, 127].
    BITNET_INLINE void store_bytes(std::int8_t* p) const noexcept {
        for (std::size_t i = 0; i < parts; ++i) ops<Isa>::store_bytes(p + i * lanes, v[i]);
    }
    /// These, computed here. g++ moves sums behind the next branch, where they are wanted, but
    /// leaves the loads that they are made of, in more registers than there are.
    BITNET_INLINE i32x16 computed() const noexcept {
        i32x16 r;
        for (std::size_t i = 0; i < parts; ++i) {
            auto part = static_cast<typename reg::register_type>(v[i]);
            detail::change_nothing(part);
            r.v[i] = part;
        }
        return r;
    }
    /// Sums and differences wrap modulo 2^32.
    friend BITNET_INLINE i32x16 operator+(const i32x16& a, const i32x16& b) noexcept {
        i32x16 r;
        for (std::size_t i = 0; i < parts; ++i) r.v[i] = a.v[i] + b.v[i];
        return r;
    }
    friend BITNET_INLINE i32x16 operator-(const i32x16& a, const i32x16& b) noexcept {
        i32x16 r;
        for (std::size_t i = 0; i < parts; ++i) r.v[i] = a.v[i] - b.v[i];
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
    friend BITNET_INLINE i32x16 larger(const i32x16& a, const i32x16& b) noexcept {
        i32x16 r;
        for (std::size_t i = 0; i < parts; ++i) r.v[i] = larger(a.v[i], b.v[i]);
        return r;
    }
    /// Bit i: lane i < 0.
    BITNET_INLINE std::uint32_t negative() const noexcept {
        std::uint32_t mask = 0;
        for (std::size_t i = 0; i < parts; ++i) {
            mask |= static_cast<std::uint32_t>((v[i] < reg(0)).mask()) << (i * lanes);
        }
        return mask;
    }
    /// Bit i: lane i of a < lane i of b.
    friend BITNET_INLINE std::uint32_t less(const i32x16& a, const i32x16& b) noexcept {
        std::uint32_t mask = 0;
        for (std::size_t i = 0; i < parts; ++i) {
            mask |= static_cast<std::uint32_t>((a.v[i] < b.v[i]).mask()) << (i * lanes);
        }
        return mask;
    }
    /// Sum and maximum of the lanes (the sum wraps modulo 2^32).
    BITNET_INLINE std::int32_t sum() const noexcept {
        std::int32_t lane[size];
        store(lane);
        std::uint32_t total = 0;
        for (std::int32_t x : lane) total += static_cast<std::uint32_t>(x);
        return static_cast<std::int32_t>(total);
    }
    BITNET_INLINE std::int32_t maximum() const noexcept {
        std::int32_t lane[size];
        store(lane);
        std::int32_t best = lane[0];
        for (std::int32_t x : lane) best = x > best ? x : best;
        return best;
    }
};

} // namespace BITNET_NAMESPACE::simd
