// SPDX-License-Identifier: MIT
// The limit loops of one cluster.
#include "limits.hpp"

#include <bitnet/isa.hpp>
#include <bitnet/simd/simd.hpp>

#include "limits_tables.hpp"

namespace bench {
namespace {

using Isa = bitnet::isa::here<bitnet::isa::BITNET_KERNEL_ISA>;

/// Makes the compiler believe that a register changed, so that it keeps every instruction.
template <class Batch>
BITNET_INLINE void keep(Batch& v) noexcept {
#if defined(__GNUC__) && defined(__x86_64__)
    typename Batch::register_type r = v;
    asm volatile("" : "+v"(r));
    v = Batch(r);
#elif defined(__GNUC__) && defined(__aarch64__)
    typename Batch::register_type r = v;
    asm volatile("" : "+w"(r));
    v = Batch(r);
#else // through memory: slower than the limit, but not optimised away
    volatile std::uint32_t first = v.get(0);
    v = v | Batch(static_cast<typename Batch::value_type>(first & 0));
#endif
}

/// The same for sums in a representation of the cluster's own.
template <class Sums>
requires requires(Sums sums) {
    sums.lanes;
}
BITNET_INLINE void keep(Sums& sums) noexcept {
    keep(sums.lanes);
}

#if defined(__GNUC__) && defined(__aarch64__) // neon's, and the counts of all that have it
template <class Sums>
requires requires(Sums sums) {
    sums.high;
}
BITNET_INLINE void keep(Sums& sums) noexcept {
    asm volatile("" : "+w"(sums.low), "+w"(sums.high));
}
template <class Counts>
requires requires(Counts counts) {
    counts.bytes;
}
BITNET_INLINE void keep(Counts& counts) noexcept {
    asm volatile("" : "+w"(counts.bytes));
}
#endif

template <class I>
struct Loops {
    using ops = bitnet::simd::ops<I>;
    using u32 = typename ops::u32;
    using i32 = typename ops::i32;
    using DotSums = typename ops::DotSums;
    using BitCounts = typename ops::BitCounts;
    // Two a cycle with a latency of 5: ten chains keep both ports busy; twelve leave a margin.
    static constexpr std::size_t chains = 12;

    /// step(sum, sum, a, b, c) for the chains, two by two: as many words, their ones, their sums,
    /// an order that Zen 4's pipes take without a gap; by ones they idle for a tenth of the time.
    template <class Sum, class Step>
    static void run(std::size_t rounds, Step step) noexcept {
        Sum sum[chains];
        run(rounds, sum, step);
    }
    template <class Sum, class Step>
    static void run(std::size_t rounds, Sum (&sum)[chains], Step step) noexcept {
        u32 a(0x01010101u), b(0x02020202u), c(0x02010201u);
        keep(a);
        keep(b);
        keep(c);
        BITNET_UNROLL
        for (Sum& s : sum) s = Sum(i32(0));
        for (std::size_t i = 0; i < rounds; ++i) {
            BITNET_UNROLL
            for (std::size_t k = 0; k < chains; k += 2) {
                step(sum[k], sum[k + 1], a, b, c);
                keep(sum[k]);
                keep(sum[k + 1]);
            }
        }
    }
    /// Without a byte dot in one instruction, a dot is VPMADDUBSW (which two ports of a core can
    /// do) and VPADDW, and one time in dot4_calls(2) = 64 VPMADDWD and VPADDD, as in the kernels.
    static void dot(std::size_t rounds) noexcept {
        i32 total[chains];
        BITNET_UNROLL
        for (i32& t : total) t = i32(0);
        while (rounds > 0) {
            const std::size_t now = rounds < ops::dot4_calls(2) ? rounds : ops::dot4_calls(2);
            DotSums sum[chains];
            run(now, sum, [](DotSums& s, DotSums& r, u32& a, u32& b, u32&) noexcept {
                keep(a); // else what does not depend on the sum would be taken once for all
                s = ops::add_dot4(s, a, b);
                keep(a);
                r = ops::add_dot4(r, a, b);
            });
            BITNET_UNROLL
            for (std::size_t c = 0; c < chains; ++c) {
                total[c] = total[c] + ops::dot4_sum(sum[c]);
                keep(total[c]);
            }
            rounds -= now;
        }
    }
    /// Adds the ones of word(a, b, c) to each sum.
    template <class Word>
    static void count(std::size_t rounds, Word word) noexcept {
        run<BitCounts>(rounds, [&](BitCounts& s, BitCounts& r, u32& a, u32& b, u32& c) noexcept {
            keep(b);
            u32 v = word(a, b, c);
            keep(b);
            u32 w = word(a, b, c);
            keep(v);
            keep(w);
            s = ops::add_popcount(s, v);
            r = ops::add_popcount(r, w);
        });
    }
    static void popcount(std::size_t rounds) noexcept {
        count(rounds, [](u32& a, u32& b, u32&) noexcept { return a ^ b; });
    }
    static void popcount_masked(std::size_t rounds) noexcept {
        count(rounds, [](u32& a, u32& b, u32& c) noexcept { return a & (b ^ c); });
    }
    static void popcount_ternary(std::size_t rounds) noexcept {
        run<BitCounts>(rounds, [](BitCounts& s, BitCounts& r, u32& a, u32& b, u32& c) noexcept {
            keep(b);
            u32 v = a & (b ^ c);
            keep(b);
            u32 w = a & (b ^ c);
            keep(v);
            keep(w);
            s = ops::add_popcount(s, v);
            r = ops::add_popcount(r, w);
            v = ops::where_equal(v, c, a);
            w = ops::where_equal(w, c, a);
            keep(v);
            keep(w);
            s = ops::add_popcount(s, v);
            r = ops::add_popcount(r, w);
        });
    }
    static void multiply_add(std::size_t rounds) noexcept {
        using f32 = typename ops::f32;
        const f32 b(1.0f);
        const auto add_product = [&](i32& s, u32& a) BITNET_INLINE_LAMBDA {
            keep(a);
            const f32 product = bitnet::rounded(xsimd::bitwise_cast<float>(a) * b);
            s = xsimd::bitwise_cast<std::int32_t>(
                bitnet::rounded(xsimd::bitwise_cast<float>(s) + product));
        };
        run<i32>(rounds, [&](i32& s, i32& r, u32& a, u32&, u32&) noexcept {
            add_product(s, a);
            add_product(r, a);
        });
    }
    template <std::size_t Streams, std::size_t Ahead = 0, std::size_t AheadToL2 = 0>
    static unsigned read_by(const std::byte* data, std::size_t bytes) noexcept {
        constexpr std::size_t line = 64, wide = ops::lanes * 4, loads = line / wide;
        const std::size_t stream = bytes / Streams;
        const auto* p = reinterpret_cast<const std::uint8_t*>(data);
        u32 seen[8]; // in registers: every loop over them is unrolled
        BITNET_UNROLL
        for (u32& s : seen) s = u32(0u);
        for (std::size_t at = 0; at < stream; at += 8 / Streams * line) {
            BITNET_UNROLL
            for (std::size_t i = 0; i < 8; ++i) {
                const std::uint8_t* q = p + i % Streams * stream + at + i / Streams * line;
                if constexpr (AheadToL2 > 0) {
                    BITNET_PREFETCH_L2(reinterpret_cast<std::uintptr_t>(q) + AheadToL2);
                }
                if constexpr (Ahead > 0) {
                    BITNET_PREFETCH(reinterpret_cast<std::uintptr_t>(q) + Ahead);
                }
                BITNET_UNROLL
                for (std::size_t l = 0; l < loads; ++l) {
                    seen[i] = seen[i] | ops::load(q + l * wide);
                }
            }
        }
        BITNET_UNROLL
        for (std::size_t i = 1; i < 8; ++i) seen[0] = seen[0] | seen[i];
        std::uint32_t lane[ops::lanes], all = 0;
        seen[0].store_unaligned(lane);
        for (const std::uint32_t l : lane) all |= l;
        return all;
    }
    static constexpr double dots = chains * ops::lanes, bits = dots * 32;
    static constexpr Limits limits{bitnet::isa::BITNET_KERNEL_ISA::name,
                                   {"dot", &dot, dots * 4 * 2},
                                   {"popcount", &popcount, bits * 2},
                                   {"popcount/masked", &popcount_masked, bits * 2},
                                   {"popcount/ternary", &popcount_ternary, bits * 2},
                                   {"multiply_add", &multiply_add, chains* ops::lanes * 2.0},
                                   {&read_by<1>, &read_by<4, 4096>, &read_by<1, 1024, 8192>}};
};

} // namespace

template <class Cluster>
const Limits& limits_table() noexcept {
    static constexpr Limits limits = Loops<Isa>::limits;
    return limits;
}
template const Limits& limits_table<bitnet::isa::BITNET_KERNEL_ISA>() noexcept;

} // namespace bench
