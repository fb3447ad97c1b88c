// SPDX-License-Identifier: MIT
// The primitives that kernels need and xsimd lacks: ONE exact contract each, and a fallback in
// xsimd operations. Files named after an ISA cluster override what that cluster does better, in
// this order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include <xsimd/xsimd.hpp>

#include <bitnet/config.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/layout.hpp>
#include <bitnet/simd/float_bits.hpp>
#include <bitnet/simd/round.hpp>

namespace BITNET_NAMESPACE::simd {

/// The primitives of a cluster: generic ones, and what its own file overrides. A generic one calls
/// none that clusters override: they inherit it, and it would miss their override.
template <class Isa>
struct ops;

/// The value of an IEEE 754 half, which is finite: exact.
BITNET_INLINE float float_of_half(std::uint16_t half) noexcept {
    const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000) << 16;
    const std::uint32_t magnitude = static_cast<std::uint32_t>(half & 0x7fff) << 13;
    // A subnormal one counts units of 2^-24; else the exponent's bias grows from 15 to 127.
    const float subnormal =
        static_cast<float>(static_cast<std::int32_t>(magnitude >> 13)) * 0x1p-24f;
    const std::uint32_t bits = magnitude < 0x00800000u
                                   ? __builtin_bit_cast(std::uint32_t, subnormal)
                                   : magnitude + (112u << 23);
    return __builtin_bit_cast(float, bits | sign);
}

#if !defined(XSIMD_NO_SUPPORTED_ARCHITECTURE)
template <class Isa>
struct generic {
    using arch = typename Isa::arch;
    using u32 = xsimd::batch<std::uint32_t, arch>;
    using i32 = xsimd::batch<std::int32_t, arch>;
    using f32 = xsimd::batch<float, arch>;

    static constexpr std::size_t lanes = u32::size;
    /// Registers that hold one lane for each row of a row block.
    static constexpr std::size_t registers = layout::tile_rows / lanes;

    /// Row blocks x tokens that one GEMM tile keeps in registers. 16 registers: 4 x 2
    /// accumulators leave room for codes and temporaries.
    static constexpr std::size_t gemm_blocks = 1, gemm_tokens = 2;

    /// Whether tiles of few tokens ask for lines of weights ahead, and whether to L2 first and to
    /// L1 later, see prefetch_streams().
    static constexpr bool asks_for_streams = true, asks_twice = true;
    /// Whether one token asks for lines of five weights a byte a third time, first of all.
    static constexpr bool asks_three_times = false;
    /// Whether codes are unpacked for many tokens where columns have no groups, see unpacked.hpp.
    static constexpr bool unpacks_without_groups = true;
    /// Steps of a popcount tile in a turn of its loop: where few instructions are left to a step,
    /// those of the loop weigh.
    static constexpr std::size_t steps_a_turn = 1;

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

    /// Sums of dots in a representation of the cluster's own: add_dot4() adds to them, dot4_sum()
    /// gives their values. Here two int16 a lane, so that a loop widens nothing.
    struct DotSums {
        i32 lanes;
        DotSums() noexcept = default; // of any value
        BITNET_INLINE explicit DotSums(const i32& v) noexcept : lanes(v) {}
    };

    /// dot4 in such sums, each since it was 0. Codes above 127 only where dot4_calls() of them is
    /// above 1.
    static BITNET_INLINE DotSums add_dot4(const DotSums& sums, const u32& codes,
                                          const u32& x) noexcept {
        using i16 = xsimd::batch<std::int16_t, arch>;
        const i16 c = xsimd::bitwise_cast<std::int16_t>(codes);
        const i16 v = xsimd::bitwise_cast<std::int16_t>(x);
        const i16 low = (c & i16::broadcast(0xff)) * ((v << 8) >> 8);
        const i16 high = (c >> 8) * (v >> 8);
        return DotSums(xsimd::bitwise_cast<std::int32_t>(
            xsimd::bitwise_cast<std::int16_t>(sums.lanes) + (low + high)));
    }
    /// Calls of add_dot4 with codes up to `largest` before the sums must be widened. An int16 takes
    /// two products a call, each in [-128, 127] * largest.
    static constexpr std::size_t dot4_calls(std::size_t largest) noexcept {
        return 32768 / (2 * 128 * largest);
    }
    /// Lane i: the value of sum i.
    static BITNET_INLINE i32 dot4_sum(const DotSums& sums) noexcept {
        return ((sums.lanes << 16) >> 16) + (sums.lanes >> 16);
    }
    /// Sums a register that a tile of one row block and one token keeps: of add_dot4, for codes of
    /// this many bits, 1 or 2 (see byte_dots()), and of dot4. More than one dot4 where its sum is
    /// ready late.
    static constexpr std::size_t add_dot4_chains(std::size_t) noexcept { return 1; }
    static constexpr std::size_t dot4_chains = 1;

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

    /// Bytes v <= 8 in base 3: v / 3, and v % 3.
    static BITNET_INLINE u32 div3(const u32& v) noexcept {
        const u32 twos = xsimd::bitwise_cast<std::uint32_t>(bytes(v - mod3(v)) + u8(2)); // 2, 5, 8
        return (twos >> 2) & u32::broadcast(0x03030303u);
    }
    static BITNET_INLINE u32 mod3(const u32& v) noexcept { return words(modulo<3>(bytes(v))); }

    /// A line of five ternary weights a byte made ready for trit(), in a form of the cluster's own:
    /// here 9 u[0], 3 u[1] + u[2] and 3 u[3] + u[4] of each byte. An illegal byte gives any digits.
    struct Trits {
        u32 part[3];
    };
    static BITNET_INLINE Trits split_trits(const u32& line) noexcept {
        // Below 32, line / 8 - 4 wraps to 252 or more, and the byte itself is t.
        const u8 upper = bytes((line >> 3) & u32::broadcast(0x1f1f1f1fu)) - u8(4);
        const u8 t = (xsimd::min)(upper, bytes(line)), rest = modulo<9>(t);
        // The upper three bits, as a multiple of 8, are 0 below 32 and no less than p else.
        const u8 p = (xsimd::min)(bytes(line & u32::broadcast(0x07070707u)) + u8(1),
                                  bytes((line >> 2) & u32::broadcast(0x38383838u)));
        return {{words(t - rest), words(rest), words(p)}};
    }
    /// The digits u[S] of the line's columns 4 S .. 4 S + 3, a byte each.
    template <int S>
    static BITNET_INLINE u32 trit(const Trits& line) noexcept {
        if constexpr (S == 0) {
            return (line.part[0] >> 3) & u32::broadcast(0x03030303u); // of 0, 9, 18
        } else if constexpr (S == 1 || S == 3) {
            return ops<Isa>::div3(line.part[(S + 1) / 2]);
        } else {
            return ops<Isa>::mod3(line.part[S / 2]);
        }
    }

    /// Counts of one bits in a representation of the cluster's own: add_popcount() adds to them,
    /// popcount() gives their values. Here a count a byte, so that a loop adds nothing across bytes
    /// and multiplies nothing.
    struct BitCounts {
        i32 lanes;
        BitCounts() noexcept = default; // of any value
        BITNET_INLINE explicit BitCounts(const i32& v) noexcept : lanes(v) {}
    };

    /// Lane i counts the one bits of every v[i] added since it was 0.
    static BITNET_INLINE BitCounts add_popcount(const BitCounts& counts, const u32& v) noexcept {
        const u32 pairs = v - ((v >> 1) & u32::broadcast(0x55555555u));
        const u32 nibbles =
            (pairs & u32::broadcast(0x33333333u)) + ((pairs >> 2) & u32::broadcast(0x33333333u));
        const u32 bytes = (nibbles + (nibbles >> 4)) & u32::broadcast(0x0f0f0f0fu);
        return BitCounts(counts.lanes + xsimd::bitwise_cast<std::int32_t>(bytes));
    }
    /// Calls of add_popcount before the counts must be added up; 0 = no limit. A byte takes 31 * 8.
    static constexpr std::size_t popcount_calls = 31;
    /// Lane i: the value of count i.
    static BITNET_INLINE i32 popcount(const BitCounts& counts) noexcept {
        const u32 bytes = xsimd::bitwise_cast<std::uint32_t>(counts.lanes), low(0x00ff00ffu);
        const u32 halves = (bytes & low) + ((bytes >> 8) & low);
        return xsimd::bitwise_cast<std::int32_t>((halves + (halves >> 16)) & u32(0xffffu));
    }

    /// The low byte of each lane, in order, to p. Lanes are in [-128, 127].
    static BITNET_INLINE void store_bytes(std::int8_t* p, const i32& v) noexcept {
        std::int32_t lane[lanes];
        v.store_unaligned(lane);
        for (std::size_t i = 0; i < lanes; ++i) p[i] = static_cast<std::int8_t>(lane[i]);
    }

    /// The bytes at p, one a lane.
    static BITNET_INLINE u32 load_bytes(const std::uint8_t* p) noexcept {
        std::uint32_t lane[lanes];
        for (std::size_t i = 0; i < lanes; ++i) lane[i] = p[i];
        return u32::load_unaligned(lane);
    }

    /// The IEEE 754 halves at p, all finite, as floats: exact.
    static BITNET_INLINE f32 load_halves(const std::uint16_t* p) noexcept {
        std::int32_t lane[lanes];
        for (std::size_t i = 0; i < lanes; ++i) lane[i] = p[i];
        const i32 half = i32::load_unaligned(lane);
        const i32 magnitude = (half & i32(0x7fff)) << 13;
        // The exponent's bias grows from 15 to 127. The exponent 0 stands for 1 without a leading
        // bit; no step yields a subnormal float, which would take long or become 0.
        const f32 normal = xsimd::bitwise_cast<float>(magnitude + i32(112 << 23));
        const f32 subnormal =
            xsimd::bitwise_cast<float>(magnitude + i32(113 << 23)) - f32(0x1p-14f);
        const f32 value = xsimd::select(normal < f32(0x1p-14f), subnormal, normal);
        return xsimd::bitwise_cast<float>(xsimd::bitwise_cast<std::int32_t>(value) |
                                          ((half & i32(0x8000)) << 16));
    }

    /// The nearest halves, ties to even, to p. |lane| < 65520
    static BITNET_INLINE void store_halves(std::uint16_t* p, const f32& v) noexcept {
        float lane[lanes];
        v.store_unaligned(lane);
        for (std::size_t i = 0; i < lanes; ++i) p[i] = detail::nearest_half(lane[i]);
    }

    /// The first n <= lanes floats at p, then zeros; reads nothing beyond them.
    static BITNET_INLINE f32 load_first(const float* p, std::size_t n) noexcept {
        float lane[lanes] = {};
        for (std::size_t i = 0; i < n; ++i) lane[i] = p[i];
        return f32::load_unaligned(lane);
    }

    /// s + x w, rounded once, where x w is exact: in one instruction or two, the bits are the same.
    static BITNET_INLINE f32 add_exact_product(const f32& s, const f32& x, const f32& w) noexcept {
        return rounded(s + x * w);
    }

    /// Lane 2 i: a[i] + a[i + lanes / 2]; lane 2 i + 1: the same of b. Each rounded once.
    static BITNET_INLINE f32 fold_pair(const f32& a, const f32& b) noexcept {
        return rounded(xsimd::zip_lo(a, b) + xsimd::zip_hi(a, b));
    }

    /// In each pair of lanes i and i + H: v[i] + v[i + H], and v[i] - v[i + H]. Each rounded once.
    /// H is a power of two below lanes.
    template <std::uint32_t H>
    static BITNET_INLINE f32 butterfly(const f32& v) noexcept {
        return butterfly<H>(v, std::make_index_sequence<lanes>{});
    }

private:
    template <std::uint32_t H, std::size_t... Is>
    static BITNET_INLINE f32 butterfly(const f32& v, std::index_sequence<Is...>) noexcept {
        const f32 other =
            xsimd::swizzle(v, xsimd::batch_constant<std::uint32_t, arch, (Is ^ H)...>());
        const u32 signs(((Is & H) != 0 ? 0x80000000u : 0u)...);
        const u32 own = xsimd::bitwise_cast<std::uint32_t>(v) ^ signs;
        return rounded(other + xsimd::bitwise_cast<float>(own));
    }
    using u8 = xsimd::batch<std::uint8_t, arch>;
    static BITNET_INLINE u8 bytes(const u32& v) noexcept {
        return xsimd::bitwise_cast<std::uint8_t>(v);
    }
    static BITNET_INLINE u32 words(const u8& v) noexcept {
        return xsimd::bitwise_cast<std::uint32_t>(v);
    }
    /// v mod N of bytes v < 3 N: below N, v - N wraps and is the larger.
    template <int N>
    static BITNET_INLINE u8 modulo(const u8& v) noexcept {
        const u8 less = (xsimd::min)(v, v - u8(N));
        return (xsimd::min)(less, less - u8(N));
    }
};

template <class Isa>
struct ops : generic<Isa> {};
#endif

/// A cluster with flags has the cluster's primitives; all are always inlined.
template <class Cluster, unsigned long long Flags>
struct ops<isa::with_flags<Cluster, Flags>> : ops<Cluster> {};

/// Isa, but it asks for lines twice.
template <class Isa>
struct asking_twice {};
template <class Isa>
struct ops<asking_twice<Isa>> : ops<Isa> {
    static constexpr bool asks_twice = true;
};

} // namespace BITNET_NAMESPACE::simd
