// SPDX-License-Identifier: MIT
// The primitives that kernels need and xsimd lacks: ONE exact contract each, and a fallback in
// xsimd operations. Files named after an ISA cluster override what that cluster does better, in
// this order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <xsimd/xsimd.hpp>

#include <bitnet/config.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/simd/round.hpp>

namespace bitnet::simd {

/// The primitives of a cluster: generic ones, and what its own file overrides.
template <class Isa>
struct ops;

/// The value of an IEEE 754 half, which is finite: exact.
BITNET_INLINE float float_of_half(std::uint16_t half) noexcept {
    const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000) << 16;
    const std::uint32_t magnitude = static_cast<std::uint32_t>(half & 0x7fff) << 13;
    // A subnormal one counts units of 2^-24; else the exponent's bias grows from 15 to 127.
    const float small = static_cast<float>(static_cast<std::int32_t>(magnitude >> 13)) * 0x1p-24f;
    const std::uint32_t bits = magnitude < 0x00800000u ? __builtin_bit_cast(std::uint32_t, small)
                                                       : magnitude + (112u << 23);
    return __builtin_bit_cast(float, bits | sign);
}

#if defined(BITNET_HAS_BASELINE128)
template <class Isa>
struct generic {
    using arch = typename Isa::arch;
    using u32 = xsimd::batch<std::uint32_t, arch>;
    using i32 = xsimd::batch<std::int32_t, arch>;
    using f32 = xsimd::batch<float, arch>;

    static constexpr std::size_t lanes = u32::size;
    /// Registers that hold one lane for each of 16 rows.
    static constexpr std::size_t registers = 16 / lanes;

    /// Blocks of 16 rows x tokens that one GEMM tile keeps in registers, and the row blocks of one
    /// GEMV tile. 16 registers: 4 x 2 accumulators leave room for codes and temporaries.
    static constexpr std::size_t gemm_blocks = 1, gemm_tokens = 2, gemv_blocks = 1;

    /// Lane i: the four bytes at p + 4 i. p need not be aligned.
    static BITNET_INLINE u32 load(const std::uint8_t* p) noexcept {
        return xsimd::bitwise_cast<std::uint32_t>(
            xsimd::batch<std::uint8_t, arch>::load_unaligned(p));
    }

    /// Every lane: the four bytes at p. p need not be aligned.
    static BITNET_INLINE u32 broadcast(const std::uint8_t* p) noexcept {
        std::uint32_t v;
        std::memcpy(&v, p, sizeof v);
        return u32::broadcast(v);
    }

    /// The bits of mask where a and b are equal.
    static BITNET_INLINE u32 where_equal(const u32& a, const u32& b, const u32& mask) noexcept {
        return mask & ~(a ^ b);
    }

    /// Lane i: sum[i] + sum over j < 4 of code[4i+j] * x[4i+j]; code bytes unsigned, at most 127, x
    /// bytes signed. Exact: no step saturates.
    static BITNET_INLINE i32 dot4(const i32& sum, const u32& codes, const u32& x) noexcept {
        using i16 = xsimd::batch<std::int16_t, arch>;
        const i16 c = xsimd::bitwise_cast<std::int16_t>(codes);
        const i16 v = xsimd::bitwise_cast<std::int16_t>(x);
        const i16 low = (c & i16::broadcast(0xff)) * ((v << 8) >> 8);
        const i16 high = (c >> 8) * (v >> 8); // codes < 128: an arithmetic shift is as good
        const i32 pair = xsimd::bitwise_cast<std::int32_t>(low + high); // |.| <= 2 * 127 * 128
        return sum + ((pair << 16) >> 16) + (pair >> 16);
    }

    /// dot4 of code bytes up to 255. Exact modulo 2^32: no step saturates.
    static BITNET_INLINE i32 dot4_wide(const i32& sum, const u32& codes, const u32& x) noexcept {
        using i16 = xsimd::batch<std::int16_t, arch>;
        const i16 low_byte = i16::broadcast(0xff);
        const i16 c = xsimd::bitwise_cast<std::int16_t>(codes);
        const i16 v = xsimd::bitwise_cast<std::int16_t>(x);
        const i32 low = xsimd::bitwise_cast<std::int32_t>((c & low_byte) * ((v << 8) >> 8));
        const i32 high = xsimd::bitwise_cast<std::int32_t>(((c >> 8) & low_byte) * (v >> 8));
        return sum + ((low << 16) >> 16) + (low >> 16) + ((high << 16) >> 16) + (high >> 16);
    }

    /// Bytes v <= 8 in base 3: high = v / 3, low = v % 3.
    static BITNET_INLINE void base3(const u32& v, u32& high, u32& low) noexcept {
        using u8 = xsimd::batch<std::uint8_t, arch>;
        const u8 bytes = xsimd::bitwise_cast<std::uint8_t>(v), three(3);
        // x - 3 wraps below 3, so the smaller of both is x, or less by 3.
        const u8 once = xsimd::min(bytes, bytes - three);
        const u8 rest = xsimd::min(once, once - three);
        const u32 threes = xsimd::bitwise_cast<std::uint32_t>(bytes - rest + u8(2)); // 2, 5, 8
        high = (threes >> 2) & u32::broadcast(0x03030303u);
        low = xsimd::bitwise_cast<std::uint32_t>(rest);
    }

    /// The digits of a line of layout::Dense16: codes[s] holds those of columns 4 s .. 4 s + 3, a
    /// byte each. An illegal byte gives any digits.
    static BITNET_INLINE void trits(const u32& line, u32 (&codes)[5]) noexcept {
        using u8 = xsimd::batch<std::uint8_t, arch>;
        const auto bytes = [](const u32& v) BITNET_INLINE_LAMBDA {
            return xsimd::bitwise_cast<std::uint8_t>(v);
        };
        const auto words = [](const u8& v) BITNET_INLINE_LAMBDA {
            return xsimd::bitwise_cast<std::uint32_t>(v);
        };
        const u8 line8 = bytes(line), nine(9), escape(224);
        // line / 8 is at least 28 from 224 on, where line - 224 is the triple; below it wraps to 32
        // or more.
        const u8 t = xsimd::min(bytes((line >> 3) & u32::broadcast(0x1f1f1f1fu)), line8 - escape);
        const u8 once = xsimd::min(t, t - nine);
        const u8 rest = xsimd::min(once, once - nine);
        codes[0] = (words(t - rest) >> 3) & u32::broadcast(0x03030303u); // of 0, 9, 18
        ops<Isa>::base3(words(rest), codes[1], codes[2]);
        // 224 - line is 0 from 224 on, and at least 9 for other legal bytes.
        const u8 pair = xsimd::min(bytes(line & u32::broadcast(0x07070707u)) + u8(1),
                                   escape - xsimd::min(line8, escape));
        ops<Isa>::base3(words(pair), codes[3], codes[4]);
    }

    /// Lane i counts the one bits of every v[i] added since it was 0, in a form of the cluster's
    /// own: here a count a byte, so that a loop adds nothing across bytes and multiplies nothing.
    static BITNET_INLINE i32 add_popcount(const i32& counts, const u32& v) noexcept {
        const u32 pairs = v - ((v >> 1) & u32::broadcast(0x55555555u));
        const u32 nibbles =
            (pairs & u32::broadcast(0x33333333u)) + ((pairs >> 2) & u32::broadcast(0x33333333u));
        const u32 bytes = (nibbles + (nibbles >> 4)) & u32::broadcast(0x0f0f0f0fu);
        return counts + xsimd::bitwise_cast<std::int32_t>(bytes);
    }
    /// Calls of add_popcount before the counts must be taken; 0 = no limit. A byte takes 31 * 8.
    static constexpr std::size_t popcount_calls = 31;
    /// Lane i: the number of one bits that counts[i] stands for.
    static BITNET_INLINE i32 popcount(const i32& counts) noexcept {
        const u32 bytes = xsimd::bitwise_cast<std::uint32_t>(counts), low(0x00ff00ffu);
        const u32 halves = (bytes & low) + ((bytes >> 8) & low);
        return xsimd::bitwise_cast<std::int32_t>((halves + (halves >> 16)) & u32(0xffffu));
    }

    /// The low byte of each lane, in order, to p. Lanes are in [-128, 127].
    static BITNET_INLINE void store_bytes(std::int8_t* p, const i32& v) noexcept {
        std::int32_t lane[lanes];
        v.store_unaligned(lane);
        for (std::size_t i = 0; i < lanes; ++i) p[i] = static_cast<std::int8_t>(lane[i]);
    }

    /// The IEEE 754 halves at p, all finite, as floats: exact.
    static BITNET_INLINE f32 load_halves(const std::uint16_t* p) noexcept {
        float lane[lanes];
        for (std::size_t i = 0; i < lanes; ++i) lane[i] = float_of_half(p[i]);
        return f32::load_unaligned(lane);
    }

    /// The first n <= lanes floats at p, then zeros; reads nothing beyond them.
    static BITNET_INLINE f32 load_first(const float* p, std::size_t n) noexcept {
        float lane[lanes] = {};
        std::memcpy(lane, p, n * sizeof(float));
        return f32::load_unaligned(lane);
    }

    /// Lane 2 i: a[i] + a[i + lanes / 2]; lane 2 i + 1: the same of b. Each rounded once.
    static BITNET_INLINE f32 fold_pair(const f32& a, const f32& b) noexcept {
        return once(xsimd::zip_lo(a, b) + xsimd::zip_hi(a, b));
    }
};

template <class Isa>
struct ops : generic<Isa> {};

/// A cluster with flags has the cluster's primitives; all are always inlined.
template <class Cluster, unsigned long long Flags>
struct ops<isa::with_flags<Cluster, Flags>> : ops<Cluster> {};
#endif

} // namespace bitnet::simd
