// SPDX-License-Identifier: MIT
// Accumulators: the registers in which a tile keeps its sums.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/config.hpp>
#include <bitnet/layout.hpp>
#include <bitnet/simd/simd.hpp>

namespace BITNET_NAMESPACE::kernels {

using layout::tile_rows;

/// The registers of a tile: tile_rows x Blocks rows, Tokens tokens, in ops::registers a block. Sum
/// is what a register holds: int32 sums, or sums in a representation of the cluster's own.
template <class Sum, class Isa, std::size_t Blocks, std::size_t Tokens>
struct Accumulators {
    using ops = simd::ops<Isa>;
    using u32 = typename ops::u32;
    using i32 = typename ops::i32;
    static constexpr std::size_t registers = ops::registers;

    Sum sum[Blocks][registers][Tokens];

    /// f(block, part, token, sum) for every register. Tokens vary slowest: the word of a token is
    /// broadcast once, serves all row blocks, and frees its register.
    template <class F>
    BITNET_INLINE void for_each(F&& f) noexcept {
        BITNET_UNROLL
        for (std::size_t t = 0; t < Tokens; ++t) {
            BITNET_UNROLL
            for (std::size_t b = 0; b < Blocks; ++b) {
                BITNET_UNROLL
                for (std::size_t p = 0; p < registers; ++p) f(b, p, t, sum[b][p][t]);
            }
        }
    }

    /// All 0.
    BITNET_INLINE Accumulators() noexcept {
        for_each([](std::size_t, std::size_t, std::size_t, Sum& s) noexcept { s = Sum(i32(0)); });
    }
    /// Every sum of token t starts at first(t).
    template <class First>
    explicit BITNET_INLINE Accumulators(First&& first) noexcept {
        for_each(
            [&](std::size_t, std::size_t, std::size_t t, Sum& s) noexcept { s = Sum(first(t)); });
    }

    /// dots (Blocks, Tokens, tile_rows) = the sums
    BITNET_INLINE void store(std::int32_t* dots) noexcept {
        store(dots, [](std::size_t, std::size_t, std::size_t, const Sum& s) noexcept { return s; });
    }
    /// dots (Blocks, Tokens, tile_rows) = f(block, part, token, sum), the rows in parts of `lanes`
    template <class F>
    BITNET_INLINE void store(std::int32_t* dots, F&& f) noexcept {
        for_each([&](std::size_t b, std::size_t p, std::size_t t, const Sum& s) noexcept {
            f(b, p, t, s).store_unaligned(dots + (b * Tokens + t) * tile_rows + p * ops::lanes);
        });
    }
};

/// int32 sums; sums of add_dot4(); counts of add_popcount().
template <class Isa, std::size_t Blocks, std::size_t Tokens>
using TileSums = Accumulators<typename simd::ops<Isa>::i32, Isa, Blocks, Tokens>;
template <class Isa, std::size_t Blocks, std::size_t Tokens>
using TileDotSums = Accumulators<typename simd::ops<Isa>::DotSums, Isa, Blocks, Tokens>;
template <class Isa, std::size_t Blocks, std::size_t Tokens>
using TileBitCounts = Accumulators<typename simd::ops<Isa>::BitCounts, Isa, Blocks, Tokens>;

} // namespace BITNET_NAMESPACE::kernels
