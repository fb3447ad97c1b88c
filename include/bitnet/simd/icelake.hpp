// SPDX-License-Identifier: MIT
// Primitives on AVX-512 with VNNI and VPOPCNTDQ. Per cycle: two VPDPBUSD (ports 0 and 5, latency 5)
// or one VPOPCNTD (port 5, latency 3); logic and adds on ports 0 and 5.
#pragma once

#include <cstdint>

#include <bitnet/layout.hpp>
#include <bitnet/simd/skylakex.hpp>

#if !defined(XSIMD_NO_SUPPORTED_ARCHITECTURE) && XSIMD_WITH_AVX512BW &&                            \
    defined(BITNET_512_BIT_REGISTERS) && defined(BITNET_GNU) // cl.exe has no asm
namespace BITNET_NAMESPACE::simd {

/// What trit<S>() looks up, by the indices of split_trits().
template <int S>
struct trit_table {
    std::uint8_t digit[64] = {};
    constexpr trit_table() noexcept {
        for (unsigned i = 0; i < 64; ++i) {
            // A byte that leads to this index: for pairs, the first row of bytes is as good as any.
            const unsigned byte = i < 32 ? i ^ (i >> 3) : S < 3 ? 8 * (i - 32) : 32 + i % 8;
            unsigned u[5] = {};
            if (layout::Dense16::is_legal(byte)) layout::Dense16::decode(byte, u);
            digit[i] = static_cast<std::uint8_t>(u[S]);
        }
    }
};

template <>
struct ops<isa::icelake> : ops<isa::skylakex> {
    // 32 registers: 3 x 8 accumulators, 3 of codes; x comes as a broadcast memory operand.
    static constexpr std::size_t gemm_blocks = 3, gemm_tokens = 8;

    static constexpr bool asks_three_times = true;

    static BITNET_INLINE i32 dot4(const i32& sum, const u32& codes, const u32& x) noexcept {
        return _mm512_dpbusd_epi32(sum, codes, x);
    }
    /// sum = dot4(sum, codes, the word at x), which need not be aligned, in one instruction. g++
    /// loads the word first: then fewer lines fit into what a core looks at while memory works.
    static BITNET_INLINE void add_dot_at(i32& sum, const u32& codes,
                                         const std::uint8_t* x) noexcept {
        using word = const std::uint8_t[4];
        __m512i s = sum;
        const __m512i c = codes;
        asm("vpdpbusd {%2%{1to16%}, %1, %0|%0, %1, %2%{1to16%}}"
            : "+v"(s)
            : "v"(c), "m"(*reinterpret_cast<word*>(x)));
        sum = s;
    }
    static BITNET_INLINE DotSums add_dot4(const DotSums& sums, const u32& codes,
                                          const u32& x) noexcept {
        return DotSums(dot4(sums.lanes, codes, x));
    }
    /// Two calls of add_dot4 in place: a += codes · the four bytes at x, b += more · those at y.
    /// Two different sums; x and y need not be aligned. Compilers copy every sum before VPDPBUSD,
    /// which changes it, and back, and mix dots with what makes the codes: a tenth slower on Zen 4.
    static BITNET_INLINE void add_two_dots(DotSums& a, const u32& codes, const std::uint8_t* x,
                                           DotSums& b, const u32& more,
                                           const std::uint8_t* y) noexcept {
        using word = const std::uint8_t[4];
        __m512i first = a.lanes, second = b.lanes;
        const __m512i c = codes, d = more;
        asm("vpdpbusd {%4%{1to16%}, %2, %0|%0, %2, %4%{1to16%}}\n\t"
            "vpdpbusd {%5%{1to16%}, %3, %1|%1, %3, %5%{1to16%}}"
            : "+&v"(first), "+v"(second)
            : "v"(c), "v"(d), "m"(*reinterpret_cast<word*>(x)), "m"(*reinterpret_cast<word*>(y)));
        a = DotSums(first);
        b = DotSums(second);
    }
    // An int32 takes four products a call. Codes up to 2 never reach this within max_cols.
    static constexpr std::size_t dot4_calls(std::size_t largest) noexcept {
        return (std::size_t{1} << 31) / (4 * 128 * largest);
    }
    static BITNET_INLINE i32 dot4_sum(const DotSums& sums) noexcept { return sums.lanes; }
    // Two a cycle with a latency of 5 want ten chains: eight come near.
    static constexpr std::size_t add_dot4_chains(std::size_t) noexcept { return 8; }
    static constexpr std::size_t dot4_chains = 4; // codes of more bits: memory waits before dots do

    static BITNET_INLINE i32 dot4_wide(const i32& sum, const u32& codes, const u32& x) noexcept {
        return dot4(sum, codes, x);
    }

    // Two indices of 64: of u[0] to u[2] the upper five bits of a byte and 32, or, of a byte i
    // below 32, i xor i / 8; of u[3] and u[4] the lower three bits and 32, or anything below 32.
    // VPERMB looks at the low six bits of an index, which saves clearing what a shift brings from
    // next door. Four instructions a line, and one a digit, without mask registers.
    struct Trits {
        __m512i triple, pair;
    };
    static BITNET_INLINE Trits split_trits(const u32& line) noexcept {
        __m512i v = line;
        asm("" : "+v"(v)); // one load, where g++ would have an operand in memory for each use
        const __m512i cut = _mm512_min_epu8(v, _mm512_set1_epi8(32));
        return {_mm512_ternarylogic_epi32(_mm512_srli_epi16(v, 3), cut, _mm512_set1_epi8(31),
                                          0x6c),                               // 31 ? a ^ b : b
                _mm512_ternarylogic_epi32(v, cut, _mm512_set1_epi8(7), 0xe4)}; // 7 ? a : b
    }
    template <int S>
    static BITNET_INLINE u32 trit(const Trits& line) noexcept {
        constexpr trit_table<S> table;
        return _mm512_permutexvar_epi8(S < 3 ? line.triple : line.pair,
                                       _mm512_loadu_si512(table.digit));
    }

    static BITNET_INLINE BitCounts add_popcount(const BitCounts& counts, const u32& v) noexcept {
        return BitCounts(_mm512_add_epi32(counts.lanes, _mm512_popcnt_epi32(v)));
    }
    /// Four calls of add_popcount: a to counts[0], b to counts[1] ... All are counted, then all are
    /// added: an order that compilers do not keep. After VPTERNLOGD a tenth faster on Zen 4.
    static BITNET_INLINE void add_four_popcounts(BitCounts (&counts)[4], const u32& a, const u32& b,
                                                 const u32& c, const u32& d) noexcept {
        __m512i sum[4] = {counts[0].lanes, counts[1].lanes, counts[2].lanes, counts[3].lanes};
        __m512i v[4] = {a, b, c, d};
        asm("vpopcntd %4, %4\n\tvpopcntd %5, %5\n\tvpopcntd %6, %6\n\tvpopcntd %7, %7\n\t"
            "vpaddd {%4, %0, %0|%0, %0, %4}\n\tvpaddd {%5, %1, %1|%1, %1, %5}\n\t"
            "vpaddd {%6, %2, %2|%2, %2, %6}\n\tvpaddd {%7, %3, %3|%3, %3, %7}"
            : "+v"(sum[0]), "+v"(sum[1]), "+v"(sum[2]), "+v"(sum[3]), "+v"(v[0]), "+v"(v[1]),
              "+v"(v[2]), "+v"(v[3]));
        BITNET_UNROLL
        for (int i = 0; i < 4; ++i) counts[i] = BitCounts(sum[i]);
    }
    static constexpr std::size_t popcount_calls = 0;
    static BITNET_INLINE i32 popcount(const BitCounts& counts) noexcept { return counts.lanes; }
};

} // namespace BITNET_NAMESPACE::simd
#endif
