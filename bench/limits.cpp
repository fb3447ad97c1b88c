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
        run(rounds, [](const i32& s, u32& a, const u32& b) noexcept {
            keep(a); // else what does not depend on the sum would be taken once for all
            return ops::dot4(s, a, b);
        });
    }
    static void popcount(std::size_t rounds) noexcept {
        run(rounds, [](const i32& s, u32& a, const u32& b) noexcept {
            keep(a);
            return ops::add_popcount(s, a ^ b);
        });
    }
    static unsigned read(const std::byte* data, std::size_t bytes) noexcept {
        constexpr std::size_t wide = ops::lanes * 4;
        const auto* p = reinterpret_cast<const std::uint8_t*>(data);
        u32 seen[8];
        for (u32& s : seen) s = u32(0u);
        for (std::size_t at = 0; at < bytes; at += 8 * wide) {
            BITNET_UNROLL
            for (std::size_t i = 0; i < 8; ++i) seen[i] = seen[i] | ops::load(p + at + i * wide);
        }
        for (std::size_t i = 1; i < 8; ++i) seen[0] = seen[0] | seen[i];
        std::uint32_t lane[ops::lanes];
        seen[0].store_unaligned(lane);
        return lane[0];
    }
    static constexpr Limits limits{bitnet::isa::BITNET_KERNEL_ISA::name,
                                   &dot,
                                   static_cast<double>(chains* ops::lanes * 8),
                                   &popcount,
                                   static_cast<double>(chains* ops::lanes * 32 * 2),
                                   &read};
};

} // namespace

template <>
const Limits& limits_table<bitnet::isa::BITNET_KERNEL_ISA>() noexcept {
    static constexpr Limits limits = Loops<Isa>::limits;
    return limits;
}

} // namespace bench
