// SPDX-License-Identifier: MIT
// Epilogues: what becomes of the int32 dots of a tile, on the way from registers to y.
//
// An epilogue works on Values, tile_rows of a token that go to one row block of y:
//   convert(dot)                        a dot as Values
//   zero(), add(sum, dot, block, g)     the sum over groups, with the dot of group g
//   of_token(t)                         what the values of a token share
//   finish(v, shared, block, grouped)   what is stored: v is a dot or, with groups, their sum
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/config.hpp>
#include <bitnet/kernels/tile.hpp>
#include <bitnet/kernels/tile_runner.hpp>
#include <bitnet/kernels/unpacked.hpp>
#include <bitnet/quantized.hpp>
#include <bitnet/simd/f32x16.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE::kernels {

/// y[t, r] = dot
template <class Isa>
struct IntEpilogue {
    using Values = simd::i32x16<Isa>;
    struct Shared {};

    static BITNET_INLINE Values convert(const Values& dot) noexcept { return dot; }
    static BITNET_INLINE Values zero() noexcept { return Values::set1(0); }
    BITNET_INLINE Values add(const Values& sum, const Values& dot, std::size_t,
                             std::size_t) const noexcept {
        return sum + dot;
    }
    BITNET_INLINE Shared of_token(std::size_t) const noexcept { return {}; }
    BITNET_INLINE Values finish(const Values& v, Shared, std::size_t, bool) const noexcept {
        return v;
    }
};

/// y[t, r] as gemm() has it: scales of weights and tokens, bias.
template <class Codes, class Isa>
struct FloatEpilogue {
    using Values = simd::f32x16<Isa>;
    using Dots = simd::i32x16<Isa>;
    using Shared = Values;

    const float* token_scales;
    ScaleView scales;
    const float* bias;

    static BITNET_INLINE Values convert(const Dots& dot) noexcept { return Values::from(dot); }
    static BITNET_INLINE Values zero() noexcept { return simd::zeros<Isa>(); }
    BITNET_INLINE Values add(const Values& sum, const Dots& dot, std::size_t block,
                             std::size_t g) const noexcept {
        return sum + convert(dot) * Values::load(scales.at(block, g));
    }
    BITNET_INLINE Shared of_token(std::size_t t) const noexcept {
        return Values::set1(token_scales[t]);
    }
    BITNET_INLINE Values finish(Values v, const Shared& token_scale, std::size_t block,
                                bool grouped) const noexcept {
        v = Codes::scale_divides ? v / token_scale : v * token_scale;
        if (!grouped) v = v * Values::load(scales.at(block, 0));
        if (bias) v = v + Values::load(bias + block * tile_rows);
        return v;
    }
};

/// The rows [begin, end) of y.
template <class T>
struct OutputRows {
    Matrix<T> y;
    std::size_t begin, end;

    /// Those of the values of a row block that are in the range, to their places.
    template <class Values>
    BITNET_INLINE void store(const Values& v, std::size_t block, std::size_t token) const noexcept {
        const std::size_t row = block * tile_rows;
        const std::size_t first = row < begin ? begin - row : 0;
        const std::size_t last = end - row < tile_rows ? end - row : tile_rows;
        T* const out = y.row(token) + row;
        if (first == 0 && last == tile_rows) return v.store(out);
        T lane[tile_rows];
        v.store(lane);
        for (std::size_t i = first; i < last; ++i) out[i] = lane[i];
    }
    /// Asks for the lines that a tile will write. Those of a matrix that is larger than the cache
    /// are under way while the tile is computed, not when it is done.
    BITNET_INLINE void prefetch(const TileRange& tile) const noexcept {
        for (std::size_t t = 0; t < tile.tokens; ++t) {
            for (std::size_t b = 0; b <= tile.blocks; ++b) { // one more: y may be unaligned
                BITNET_PREFETCH(reinterpret_cast<std::uintptr_t>(y.row(tile.token + t)) +
                                (tile.block + b) * tile_rows * sizeof(T));
            }
        }
    }
};

/// The rows of a tile: value(i) are its values i .. i + 15, dots or sums over groups.
template <class Epilogue, class T, class Value>
BITNET_INLINE void finish_tile(const Epilogue& epilogue, const OutputRows<T>& rows,
                               const TileRange& tile, bool grouped, const Value& value) noexcept {
    for (std::size_t t = 0; t < tile.tokens; ++t) {
        const auto shared = epilogue.of_token(tile.token + t);
        for (std::size_t b = 0; b < tile.blocks; ++b) {
            const auto v = value((b * tile.tokens + t) * tile_rows);
            rows.store(epilogue.finish(v, shared, tile.block + b, grouped), tile.block + b,
                       tile.token + t);
        }
    }
}

/// Rows of y from the dots of weights and tokens.
template <class Isa, class Weights, class Codes, class Layout, class Epilogue, class T>
BITNET_INLINE void compute(const PackedView<Weights, Layout>& weights, const Quantized<Codes>& x,
                           const Epilogue& epilogue, const OutputRows<T>& rows) noexcept {
    using Run = Runner<Weights, Codes, Layout, Isa>;
    using Dots = simd::i32x16<Isa>;
    using Values = typename Epilogue::Values;
    const std::size_t block_begin = rows.begin / tile_rows;
    const std::size_t block_end = (rows.end + tile_rows - 1) / tile_rows;
    if constexpr (Unpacks<Tile<Weights, Codes, Layout>, Isa>) {
        using Wide = UnpackedRunner<Weights, Codes, Layout, Isa>;
        if (Wide::pays(x)) {
            for_each_stripe(
                x, block_begin, block_end, Wide::max_blocks,
                [&](const TileRange& stripe) BITNET_INLINE_LAMBDA {
                    Wide{weights, x}(
                        stripe,
                        [&](const TileRange& tile) BITNET_INLINE_LAMBDA { rows.prefetch(tile); },
                        [&](const TileRange& tile, const std::int32_t* dots) BITNET_INLINE_LAMBDA {
                            finish_tile(epilogue, rows, tile, false, [&](std::size_t i) noexcept {
                                return epilogue.convert(Dots::load(dots + i));
                            });
                        });
                });
            return;
        }
    }
    Run run{weights, x};
    const bool grouped = x.group != 0;
    const std::size_t groups = x.layout().groups();
    const auto on_tile = [&](const TileRange& tile) BITNET_INLINE_LAMBDA {
        alignas(64) std::int32_t dots[Run::max_dots];
        alignas(64) T sums[Run::max_values];
        if (x.tokens > 1) rows.prefetch(tile);
        const std::size_t values = tile.values();
        const std::size_t at_once = grouped ? Run::max_dots / values : 1;
        for (std::size_t first = 0; first < groups; first += at_once) {
            const std::size_t last = groups - first < at_once ? groups : first + at_once;
            run(tile, first, last, dots);
            if (!grouped) break;
            for (std::size_t i = 0; i < values; i += tile_rows) {
                const std::size_t block = tile.block + i / tile_rows / tile.tokens;
                Values sum = first == 0 ? epilogue.zero() : Values::load(sums + i);
                for (std::size_t g = first; g < last; ++g) {
                    const Dots dot = Dots::load(dots + (g - first) * values + i);
                    sum = epilogue.add(sum, dot, block, g);
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
    for_each_stripe(x, block_begin, block_end, x.tokens == 1 ? 1 : Run::max_blocks,
                    [&](const TileRange& stripe) BITNET_INLINE_LAMBDA {
                        for_each_tile(x, stripe, Run::max_tokens, on_tile);
                    });
}

} // namespace BITNET_NAMESPACE::kernels
