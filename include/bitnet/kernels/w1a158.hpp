// SPDX-License-Identifier: MIT
// W1A1.58: binary weights, ternary activations as mask m and sign s (what BitGLU yields).
//
//   dot = popcount(m) - 2 popcount(m and (w xor s))      popcount(m) comes with the token
// No multiply anywhere. icelake, per line and token: one VPTERNLOGD, VPOPCNTD, VPADDD, 1.5 cycles
// by ports as for W1A1; 1.7 on Zen 4, see add_ones().
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/format.hpp>
#include <bitnet/kernels/popcounts.hpp>
#include <bitnet/kernels/tile.hpp>
#include <bitnet/layout.hpp>

namespace BITNET_NAMESPACE::kernels {

template <>
struct Tile<Binary, Ternary, layout::Rows16> {
    template <class Isa>
    static constexpr std::size_t gemm_blocks = masked_blocks<Isa>;

    template <class Isa, std::size_t Blocks, std::size_t Tokens>
    static BITNET_INLINE void run(const TileInput& in, std::int32_t* dots) noexcept {
        using ops = simd::ops<Isa>;
        TileSums<Isa, Blocks, Tokens> differing;
        using u32 = typename ops::u32;
        using i32 = typename ops::i32;

        const std::uint8_t* line = in.weights;
        const std::uint8_t* x = in.tokens;
        const auto step = [&](auto& counts) BITNET_INLINE_LAMBDA {
            prefetch_streams<Isa, Blocks, Tokens>(in, line);
            add_ones<1>(counts, [&](std::size_t b, std::size_t p, std::size_t t,
                                    u32(&word)[1]) BITNET_INLINE_LAMBDA {
                const u32 w = ops::load(line + b * in.block_bytes + p * 4 * ops::lanes);
                const u32 mask = ops::broadcast(x + 4 * t);
                const u32 sign = ops::broadcast(x + word_stride<Isa, Tokens>(in) + 4 * t);
                word[0] = mask & (w ^ sign);
            });
            line += layout::line_bytes;
            x += 2 * word_stride<Isa, Tokens>(in);
        };
        count_ones<Isa, 1>(in, step, differing);
        differing.store(dots,
                        [&](std::size_t, std::size_t, std::size_t t, const i32& sum) noexcept {
                            return i32(in.sums[t]) - (sum + sum);
                        });
    }
};

} // namespace BITNET_NAMESPACE::kernels
