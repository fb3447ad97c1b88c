// SPDX-License-Identifier: MIT
// The limit loops of one cluster.
#include "limits.hpp"

#include <bitnet/isa.hpp>
#include <bitnet/simd/simd.hpp>

#include "limits_tables.hpp"

namespace bench {
namespace {

using Isa = bitnet::isa::with_flags<bitnet::isa::BITNET_KERNEL_ISA, bitnet::isa::flag_set>;

#if defined(__x86_64__) || defined(_M_X64)
/// Makes the compiler believe that a register changed, so that it keeps every instruction.
template <class Batch>
BITNET_INLINE void keep(Batch& v) noexcept {
    typename Batch::register_type r = v;
    asm volatile("" : "+v"(r));
    v = Batch(r);
}
#else
template <class Batch>
BITNET_INLINE void keep(Batch& v) noexcept {
    static volatile std::size_t sink;
    sink = reinterpret_cast<std::size_t>(&v);
}
#endif

template <class I>
struct Loops {
    using ops = bitnet::simd::ops<I>;
    using u32 = typename ops::u32;
    using i32 = typename ops::i32;
    // Two a cycle with a latency of 5: ten chains keep both ports busy; twelve leave a margin.
    static constexpr std::size_t chains = 12;

    template <class Step>
    static void run(std::size_t rounds, Step step) noexcept {
        i32 sum[chains];
        u32 a(0x01010101u), b(0x02020202u);
        keep(a);
        keep(b);
        BITNET_UNROLL
        for (i32& s : sum) s = i32(0);
        for (std::size_t i = 0; i < rounds; ++i) {
            BITNET_UNROLL
            for (i32& s : sum) {
                s = step(s, a, b);
                keep(s);
            }
        }
    }
    static void dot(std::size_t rounds) noexcept {
        run(rounds, [](const i32& s, u32& a, const u32& b) noexcept { return ops::dot4(s, a, b); });
    }
    static void popcount(std::size_t rounds) noexcept {
        run(rounds, [](const i32& s, u32& a, const u32& b) noexcept {
            keep(a); // else the xor would be taken once for all
            return ops::add_popcount(s, a ^ b);
        });
    }
    static constexpr Limits limits{bitnet::isa::BITNET_KERNEL_ISA::name, &dot,
                                   static_cast<double>(chains* ops::lanes * 8), &popcount,
                                   static_cast<double>(chains* ops::lanes * 32 * 2)};
};

} // namespace

template <>
const Limits& limits_table<bitnet::isa::BITNET_KERNEL_ISA>() noexcept {
    static constexpr Limits limits = Loops<Isa>::limits;
    return limits;
}

} // namespace bench
