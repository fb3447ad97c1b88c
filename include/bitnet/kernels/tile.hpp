// SPDX-License-Identifier: MIT
// What every tile kernel is given and gives back. A tile is a few blocks of 16 rows times a few
// tokens, whose int32 dots over a range of columns stay in registers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <bitnet/config.hpp>
#include <bitnet/format.hpp>
#include <bitnet/kernels/accumulators.hpp>
#include <bitnet/layout.hpp>
#include <bitnet/simd/simd.hpp>

namespace BITNET_NAMESPACE::kernels {

/// Which part of a product a tile is: row blocks of tile_rows rows, and tokens.
struct TileRange {
    std::size_t block, blocks; ///< the first row block, and how many
    std::size_t token, tokens; ///< the first token, and how many

    /// Values of an output, (blocks, tokens, tile_rows).
    BITNET_INLINE constexpr std::size_t values() const noexcept {
        return blocks * tokens * tile_rows;
    }
};

/// Where the values of a tile go, in bytes: a line for each row block and token.
struct OutputLines {
    std::uintptr_t first; ///< those of the first row block and token
    std::size_t stride;   ///< from one token to the next; 0: they are asked for already
};

/// The operands of one tile.
struct TileInput {
    const std::uint8_t* weights; ///< first line of the first row block, at the first column's step
    std::size_t block_bytes;     ///< from one row block to the next
    const std::uint8_t* block_end; ///< of the first row block, columns after the last included
    const std::uint8_t* tokens;    ///< word of the first token, at the first column
    std::size_t panel_bytes;       ///< from one word of a token to its next: 4 x panel width
    std::size_t chunks;            ///< columns / 32, padding included
    std::int32_t cols;             ///< true columns in the range
    std::size_t before;            ///< columns of the step before the first; 0 where steps have 32
    const std::int32_t* sums;      ///< per token, see Quantized::sums
    const std::int32_t* row_ones;  ///< per row, for kernels with count_rows(), or nullptr
    OutputLines output;
};

/// Whether the cluster has a byte dot, which adds any code to an int32.
template <class Isa>
inline constexpr bool has_byte_dot = simd::ops<Isa>::dot4_calls(2) >= max_cols / 4;

/// Whether the groups of a step of 256 columns may be straight lines of code. Not where a line has
/// four registers and a dot several instructions: loops are faster than 70 KiB of code.
template <class Isa>
inline constexpr bool is_straight_line = simd::ops<Isa>::registers <= 2 || has_byte_dot<Isa>;

/// Whether tiles of so many tokens may leave one token of a wider panel: wider ones divide any
/// panel without that, 5 tokens as 3 and 2. See for_each_tile().
BITNET_INLINE constexpr bool may_leave_one(std::size_t max_tokens) noexcept {
    return max_tokens < 3;
}

/// Bytes from one word of a token to its next, TileInput::panel_bytes: a constant where the one
/// token of a tile is alone in its panel, or each address would wait for the one before it.
template <class Isa, std::size_t Tokens>
BITNET_INLINE constexpr std::size_t word_stride(const TileInput& in) noexcept {
    constexpr bool is_alone = Tokens == 1 && !may_leave_one(simd::ops<Isa>::gemm_tokens);
    return is_alone ? 4 : in.panel_bytes;
}

/// Chains of dots that a tile keeps for each register: see simd::generic::dot4_chains.
template <class Isa, std::size_t Blocks, std::size_t Tokens>
inline constexpr std::size_t dot_chains = Blocks* Tokens == 1 ? simd::ops<Isa>::dot4_chains : 1;

/// dots (Blocks, Tokens, tile_rows) = the chains' sums - 2^Shift sums[t]: the dots of w, from sums
/// of codes w + 2^Shift
template <int Shift, class Isa, std::size_t Blocks, std::size_t Tokens, std::size_t Chains>
BITNET_INLINE void store_chains(TileSums<Isa, Blocks, Tokens> (&acc)[Chains],
                                const std::int32_t* sums, std::int32_t* dots) noexcept {
    using i32 = typename simd::ops<Isa>::i32;
    acc[0].store(dots, [&](std::size_t b, std::size_t p, std::size_t t, i32 sum) noexcept {
        BITNET_UNROLL
        for (std::size_t chain = 1; chain < Chains; ++chain) sum = sum + acc[chain].sum[b][p][t];
        return sum - (i32(sums[t]) << Shift);
    });
}

/// f(0), f(1), ... f(N - 1), each a constant. Sums that a loop variable picks, as that of a chain,
/// g++ keeps in memory.
template <std::size_t N, class F>
BITNET_INLINE void for_constants(F&& f) noexcept {
    const auto call = [&]<std::size_t... Index>(std::index_sequence<Index...>)
        BITNET_INLINE_LAMBDA {
        (f(std::integral_constant<std::size_t, Index>{}), ...);
    };
    call(std::make_index_sequence<N>{});
}

/// Calls step(narrow...) `steps` times and fold(narrow...) after at most Most of them, and at the
/// end; the narrow sums start at 0 each time. For sums that overflow soon; Most = 0: never. AtOnce:
/// steps in a turn of the loop.
template <std::size_t Most, class... Narrow, std::size_t AtOnce = 1, class Step, class Fold>
BITNET_INLINE void in_runs(std::size_t steps, Step&& step, Fold&& fold,
                           std::integral_constant<std::size_t, AtOnce> = {}) noexcept {
    const auto run = [&](std::size_t n, Narrow... narrow) BITNET_INLINE_LAMBDA {
        std::size_t i = 0;
        if constexpr (AtOnce > 1) {
            for (std::size_t turns = n / AtOnce; turns > 0; --turns) {
                BITNET_UNROLL
                for (std::size_t k = 0; k < AtOnce; ++k) step(narrow...);
            }
            i = n / AtOnce * AtOnce;
        }
        for (; i < n; ++i) step(narrow...);
        fold(narrow...);
    };
    if constexpr (Most == 0) {
        run(steps, Narrow()...);
    } else {
        while (steps > 0) {
            const std::size_t n = steps < Most ? steps : Most;
            run(n, Narrow()...);
            steps -= n;
        }
    }
}

/// f(block, part) for every register of a line of each of Blocks row blocks; it begins at byte
/// `part` of the line.
template <class Isa, std::size_t Blocks, class F>
BITNET_INLINE void for_lines(const F& f) noexcept {
    constexpr std::size_t wide = 4 * simd::ops<Isa>::lanes;
    BITNET_UNROLL
    for (std::size_t b = 0; b < Blocks; ++b) {
        BITNET_UNROLL
        for (std::size_t part = 0; part < layout::line_bytes; part += wide) f(b, part);
    }
}

template <class Register>
BITNET_INLINE void store_codes(const Register& u, std::uint8_t* to) noexcept {
    u.store_unaligned(static_cast<std::uint32_t*>(static_cast<void*>(to)));
}

/// Asks for the lines that a tile will write of row block b, or of the one after its last: where y
/// is unaligned it writes those too, and else the next stripe does. y may be larger than the cache;
/// a core waits when it asks for more lines than it can have under way, so a tile asks for a block
/// at a time, while it computes.
template <std::size_t Blocks, std::size_t Tokens>
BITNET_INLINE void prefetch_output(const OutputLines& output, std::size_t b) noexcept {
    std::uintptr_t line = output.first + b * layout::line_bytes;
    if (Tokens == 1) return;
    BITNET_UNROLL
    for (std::size_t t = 0; t < Tokens; ++t, line += output.stride) BITNET_PREFETCH(line);
}

/// Asks for the lines that a tile of few tokens will want soon: it takes less time than memory does
/// to answer. One row block is one stream from the first block of a range to the last: its lines
/// come to L2 8 KiB ahead, more than memory's latency at its full rate, and from there to L1; or to
/// L1 at once, where a tile of one token waits for the ports that load. Each of more blocks goes on
/// in the next tile, not in the block that follows it.
template <class Isa, std::size_t Blocks, std::size_t Tokens>
BITNET_INLINE void prefetch_streams(const TileInput& in, const std::uint8_t* line) noexcept {
    [[maybe_unused]] const auto here = reinterpret_cast<std::uintptr_t>(line);
    if constexpr (!simd::ops<Isa>::asks_for_streams || 2 * Tokens > simd::ops<Isa>::gemm_tokens) {
        // Most of its lines come from L1: a few tiles have met them.
    } else if constexpr (Blocks == 1 && simd::ops<Isa>::asks_twice) {
        BITNET_PREFETCH_L2(here + 8192);
        BITNET_PREFETCH(here + 2048);
    } else if constexpr (Blocks == 1) {
        BITNET_PREFETCH(here + 6144);
    } else {
        const auto ahead = here + 1024;
        const bool in_next = ahead >= reinterpret_cast<std::uintptr_t>(in.block_end);
        const auto first = ahead + (in_next ? (Blocks - 1) * in.block_bytes : 0);
        BITNET_UNROLL
        for (std::size_t b = 0; b < Blocks; ++b) BITNET_PREFETCH(first + b * in.block_bytes);
    }
}

/// The same for byte dots, whose tiles of many tokens also wait for memory where few tiles share a
/// stripe: from 16 tokens on UnpackedRunner takes over, mostly. Lines of the next stripe come to
/// L2, those of this one to L1.
template <class Isa, std::size_t Blocks, std::size_t Tokens>
BITNET_INLINE void prefetch_stripe(const TileInput& in, const std::uint8_t* line) noexcept {
    if constexpr (Blocks == 1 || 2 * Tokens <= simd::ops<Isa>::gemm_tokens) {
        prefetch_streams<Isa, Blocks, Tokens>(in, line);
    } else {
        const auto here = reinterpret_cast<std::uintptr_t>(line);
        BITNET_UNROLL
        for (std::size_t b = 0; b < Blocks; ++b) {
            BITNET_PREFETCH_L2(here + (Blocks + b) * in.block_bytes);
            BITNET_PREFETCH(here + b * in.block_bytes + 1024);
        }
    }
}

/// The tile kernel of a pair of formats, for weights in a layout:
///   run<Isa, Blocks, Tokens>(TileInput, std::int32_t*)   dots (Blocks, Tokens, tile_rows)
///   count_rows<Isa, Blocks>(TileInput, std::int32_t*)    if there: TileInput::row_ones
///   gemm_blocks<Isa>                                     if there: instead of the cluster's, fewer
///   unpack<Isa, Blocks>(line, block_bytes, words, codes) if there: see unpacked.hpp; begins at a
///                                                        step, writes codes w - Weights::minimum,
///                                                        whole lines of them, no more than steps
/// Of a layout whose steps are wider than groups may be, run() heeds TileInput::before, and there
/// is, for clusters where is_straight_line<Isa>,
///   run_in_step<Isa, Before, Cols>(TileInput, int32*)    one token; tokens: of the step's first
///                                                        column, dots: of columns in the step
template <class Weights, class Codes, class Layout>
struct Tile;

} // namespace BITNET_NAMESPACE::kernels
