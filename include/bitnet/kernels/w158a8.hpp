// SPDX-License-Identifier: MIT
// W1.58A8: ternary weights, int8 activations.
//
// With codes u = w + 1 in {0, 1, 2}:   dot = sum of u q  -  sum of q.
// A 2-bit shift and one AND turn a line into the codes of 16 rows x 4 columns, which the byte dot
// wants; no horizontal sum, no multiply by a scale inside. |dot| <= 2 * 128 * cols < 2^31.
//
// icelake, per line and token: 4 VPDPBUSD on ports 0 and 5; shift (port 0) and AND (0, 5) are
// shared by the tokens of the tile. Bound of a wide GEMM: two VPDPBUSD a cycle.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/format.hpp>
#include <bitnet/kernels/byte_dots.hpp>
#include <bitnet/kernels/tile.hpp>
#include <bitnet/layout.hpp>

namespace BITNET_NAMESPACE::kernels {

template <>
struct Tile<Ternary, Int8, layout::Rows16> {
    template <class Isa, std::size_t Blocks, std::size_t Tokens>
    static BITNET_INLINE void run(const TileInput& in, std::int32_t* dots) noexcept {
        TileSums<Isa, Blocks, Tokens> dot([&](std::size_t t) { return -in.sums[t]; });
        byte_dots<Isa, 2>(in, dot);
        dot.store(dots);
    }

    template <class Isa, std::size_t Blocks>
    static BITNET_INLINE void unpack(const std::uint8_t* line, std::size_t block_bytes,
                                     std::size_t words, std::uint8_t* codes) noexcept {
        unpack_bytes<Isa, 2, Blocks>(line, block_bytes, words, codes);
    }
};

} // namespace BITNET_NAMESPACE::kernels
