// SPDX-License-Identifier: MIT
// W1.58A1.58: ternary weights and ternary activations, both as mask and sign.
//
//   unlike = mask_x and (sign_w xor sign_x)
//   dot = popcount(mask_x) - popcount(unlike) - popcount(mask_x and not (unlike xor mask_w))
// A one of mask_x is counted once where w = 0, never where the product is +1, twice where it is -1.
// No multiply anywhere; popcount(mask_x) comes with the token. icelake, per pair of lines and
// token: two each of VPTERNLOGD, VPOPCNTD and VPADDD, six operations on ports 0 and 5 (on Zen 4's
// four half-wide pipes as well): 3 cycles for 16 x 32 products, half the rate of W1A1.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/format.hpp>
#include <bitnet/kernels/popcounts.hpp>
#include <bitnet/kernels/tile.hpp>
#include <bitnet/layout.hpp>

namespace BITNET_NAMESPACE::kernels {

template <>
struct Tile<Ternary, Ternary, layout::Planes16> {
    template <class Isa>
    static constexpr std::size_t gemm_blocks = masked_blocks<Isa>;

    template <class Isa, std::size_t Blocks, std::size_t Tokens>
    static BITNET_INLINE void run(const TileInput& in, std::int32_t* dots) noexcept {
        using ops = simd::ops<Isa>;
        TileSums<Isa, Blocks, Tokens> ones;
        using u32 = typename ops::u32;
        using i32 = typename ops::i32;

        const std::uint8_t* line = in.weights;
        const std::uint8_t* x = in.tokens;
        const auto step = [&](auto& counts) BITNET_INLINE_LAMBDA {
            prefetch_streams<Isa, Blocks, Tokens>(in, line);
            prefetch_streams<Isa, Blocks, Tokens>(in, line + layout::line_bytes);
            add_ones<2>(counts, [&](std::size_t b, std::size_t p, std::size_t t,
                                    u32(&word)[2]) BITNET_INLINE_LAMBDA {
                const std::uint8_t* at = line + b * in.block_bytes + p * 4 * ops::lanes;
                const u32 mask = ops::load(at), sign = ops::load(at + layout::line_bytes);
                const u32 mask_x = ops::broadcast(x + 4 * t);
                const u32 sign_x = ops::broadcast(x + word_stride<Isa, Tokens>(in) + 4 * t);
                const u32 unlike = mask_x & (sign ^ sign_x);
                word[0] = unlike;
                word[1] = ops::where_equal(unlike, mask, mask_x);
            });
            line += 2 * layout::line_bytes;
            x += 2 * word_stride<Isa, Tokens>(in);
        };
        count_ones<Isa, 2>(in, step, ones);
        ones.store(dots, [&](std::size_t, std::size_t, std::size_t t, const i32& sum) noexcept {
            return i32(in.sums[t]) - sum;
        });
    }
};

} // namespace BITNET_NAMESPACE::kernels
