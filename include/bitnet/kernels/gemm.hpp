// SPDX-License-Identifier: MIT
// The products of gemm.hpp, which has their contracts. P is a Product, see products.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/config.hpp>
#include <bitnet/kernels/epilogue.hpp>
#include <bitnet/kernels/group_sums.hpp>
#include <bitnet/kernels/popcounts.hpp>
#include <bitnet/kernels/tile.hpp>
#include <bitnet/kernels/tile_runner.hpp>
#include <bitnet/kernels/unpacked.hpp>
#include <bitnet/quantized.hpp>
#include <bitnet/simd/i32x16.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE::kernels {

/// Row blocks [begin, end) of y, tile by tile. run: what runner() gives
template <class Isa, class Runner, class Codes, class Epilogue, class T>
BITNET_NOINLINE void run_tiles(Runner run, const Quantized<Codes>& x, const Epilogue& epilogue,
                               std::size_t begin, std::size_t end,
                               const OutputRows<T>& rows) noexcept {
    using Dots = simd::i32x16<Isa>;
    using Values = typename Epilogue::Values;
    const bool grouped = x.group != 0;
    const std::size_t groups = x.layout().groups();
    const auto on_tile = [&](const TileRange& tile) BITNET_INLINE_LAMBDA {
        alignas(64) std::int32_t dots[Runner::max_dots];
        alignas(64) T sums[Runner::max_values];
        // Of fewer tokens than these int8 kernels leave y in the cache.
        const bool asks = PopcountsAsk<Codes, Isa> && !grouped;
        const std::size_t least = token_layout<Codes>::is_int8 ? 2 * panel_tokens : 2;
        if (!asks && x.tokens >= least) rows.prefetch(tile, 0, tile.tokens);
        const OutputLines output = asks ? rows.output_lines(tile) : OutputLines{};
        const std::size_t values = tile.values();
        const std::size_t at_once = grouped ? Runner::max_dots / values : 1;
        for (std::size_t first = 0; first < groups; first += at_once) {
            const std::size_t last = groups - first < at_once ? groups : first + at_once;
            run(tile, first, last, output, dots);
            if (!grouped) break;
            for (std::size_t i = 0; i < values; i += tile_rows) {
                const std::size_t block = tile.block + i / tile_rows / tile.tokens;
                const std::size_t token = tile.token + i / tile_rows % tile.tokens;
                Values sum = first == 0 ? epilogue.zero() : Values::load(sums + i);
                for (std::size_t g = first; g < last; ++g) {
                    const Dots dot = Dots::load(dots + (g - first) * values + i);
                    sum = epilogue.add(sum, dot, epilogue.of_group(block, g), token, g);
                }
                sum.store(sums + i);
            }
        }
        finish_tile(epilogue, rows, tile, grouped, [&](std::size_t i) noexcept {
            if (grouped) return Values::load(sums + i);
            return epilogue.convert(Dots::load(dots + i));
        });
    };
    // One token meets one block at a time: one stream.
    for_each_stripe(x, begin, end, x.tokens == 1 ? 1 : run.max_blocks(),
                    [&](const TileRange& stripe) BITNET_INLINE_LAMBDA {
                        for_each_tile(x, stripe, Runner::max_tokens, on_tile);
                    });
}

/// Rows of y from the dots of weights and tokens.
template <class Isa, class Weights, class Codes, class Layout, class Epilogue, class T>
BITNET_INLINE void compute(const PackedView<Weights, Layout>& weights, const Quantized<Codes>& x,
                           const Epilogue& epilogue, const OutputRows<T>& rows) noexcept {
    if (rows.begin == rows.end) return; // as of an empty layer, which has no columns
    const std::size_t begin = rows.begin / tile_rows;
    const std::size_t end = (rows.end + tile_rows - 1) / tile_rows;
    if constexpr (Unpacks<Tile<Weights, Codes, Layout>, Epilogue, Isa>) {
        using Mapping = typename Layout::template mapping<Weights>;
        if (unpacking_pays<Mapping, Epilogue, Isa>(x)) {
            using Run = UnpackedRunner<Isa, narrow_calls<Weights, Isa>, Epilogue, T>;
            return Run{packed_codes<Isa>(weights), x, epilogue, rows}(begin, end);
        }
    }
    if constexpr (SumsGroups<Weights, Codes, Layout, Isa> && Epilogue::with_groups) {
        if (x.tokens == 1 && x.group != 0) {
            using Sums = GroupSums<Weights, Codes, Layout, Isa, Epilogue>;
            return Sums{weights, x, epilogue}(begin, end, rows);
        }
    }
    run_tiles<Isa>(runner<Isa>(weights, x), x, epilogue, begin, end, rows);
}

} // namespace BITNET_NAMESPACE::kernels

namespace BITNET_NAMESPACE::functions {

template <class P>
struct GemmDots {
    BITNET_HIDDEN static constexpr const char* name = P::name;
    template <class Isa>
    BITNET_HIDDEN static void run(PackedView<typename P::Weights, typename P::Layout> weights,
                                  Quantized<typename P::Codes> x, Matrix<std::int32_t> y,
                                  std::size_t row_begin, std::size_t row_end) noexcept {
        kernels::compute<Isa>(weights, x, kernels::IntEpilogue<Isa>{},
                              kernels::OutputRows<std::int32_t>{y, row_begin, row_end});
    }
};

template <class P>
struct Gemm {
    BITNET_HIDDEN static constexpr const char* name = P::name;
    template <class Isa>
    BITNET_HIDDEN static void run(PackedView<typename P::Weights, typename P::Layout> weights,
                                  Quantized<typename P::Codes> x, ScaleView scales,
                                  const float* bias, Matrix<float> y, std::size_t row_begin,
                                  std::size_t row_end) noexcept {
        using Codes = typename P::Codes;
        const kernels::OutputRows<float> rows{y, row_begin, row_end};
        if constexpr (token_layout<Codes>::is_int8) {
            if (x.scale_group != 0) {
                const kernels::GroupEpilogue<Isa> epilogue(x, scales, bias);
                return kernels::compute<Isa>(weights, x, epilogue, rows);
            }
        }
        kernels::compute<Isa>(weights, x,
                              kernels::FloatEpilogue<Codes, Isa>{x.scales, scales, bias}, rows);
    }
};

} // namespace BITNET_NAMESPACE::functions
