// SPDX-License-Identifier: MIT
// Epilogues: what becomes of the int32 dots of a tile, on the way from registers to y.
//
// An epilogue works on Values, tile_rows of a token that go to one row block of y:
//   without_groups, with_groups         for which products it is: others may go a slower way
//   convert(dot)                        a dot as Values
//   of_group(block, g)                  what the tokens share in group g of columns
//   prefetch(block, g)                  asks for what of_group() will read soon
//   zero(), add(sum, dot, group, t, g)  the sum over groups, with the dot of token t
//   of_token(t)                         what the values of a token share
//   finish(v, shared, block, grouped)   what is stored: v is a dot or, with groups, their sum
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/config.hpp>
#include <bitnet/kernels/tile.hpp>
#include <bitnet/quantized.hpp>
#include <bitnet/simd/f32x16.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE::kernels {

/// The scales of a row block and group.
template <class Isa>
BITNET_INLINE simd::f32x16<Isa> load_scales(const ScaleView& scales, std::size_t block,
                                            std::size_t g) noexcept {
    const std::size_t at = scales.offset(block, g);
    if (scales.halves) return simd::f32x16<Isa>::load_halves(scales.halves + at);
    return simd::f32x16<Isa>::load(scales.data + at);
}

/// Asks for the scales that one token will want soon, see prefetch_streams(): those of a block of
/// rows go on in the next.
template <class Isa>
BITNET_INLINE void prefetch_scales(const ScaleView& scales, std::size_t block,
                                   std::size_t g) noexcept {
    if constexpr (simd::ops<Isa>::asks_for_streams) {
        const std::size_t at = scales.offset(block, g);
        const auto here = scales.halves ? reinterpret_cast<std::uintptr_t>(scales.halves + at)
                                        : reinterpret_cast<std::uintptr_t>(scales.data + at);
        BITNET_PREFETCH_L2(here + 4096);
        BITNET_PREFETCH(here + 1024);
    }
}

/// y[t, r] = dot
template <class Isa>
struct IntEpilogue {
    using Values = simd::i32x16<Isa>;
    struct Shared {};
    static constexpr bool without_groups = true,
                          with_groups = false; // only tests want int32 sums of groups

    static BITNET_INLINE Values convert(const Values& dot) noexcept { return dot; }
    static BITNET_INLINE Values zero() noexcept { return Values::set1(0); }
    BITNET_INLINE Shared of_group(std::size_t, std::size_t) const noexcept { return {}; }
    BITNET_INLINE void prefetch(std::size_t, std::size_t) const noexcept {}
    BITNET_INLINE Values add(const Values& sum, const Values& dot, Shared, std::size_t,
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
    static constexpr bool without_groups = true, with_groups = true;

    const float* token_scales;
    ScaleView scales;
    const float* bias;

    static BITNET_INLINE Values convert(const Dots& dot) noexcept { return Values::from(dot); }
    static BITNET_INLINE Values zero() noexcept { return simd::zeros<Isa>(); }
    BITNET_INLINE void prefetch(std::size_t block, std::size_t g) const noexcept {
        prefetch_scales<Isa>(scales, block, g);
    }
    BITNET_INLINE Values of_group(std::size_t block, std::size_t g) const noexcept {
        return load_scales<Isa>(scales, block, g);
    }
    BITNET_INLINE Values add(const Values& sum, const Dots& dot, const Values& weight_scales,
                             std::size_t, std::size_t) const noexcept {
        return sum + convert(dot) * weight_scales;
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

/// The same for tokens with scales per group of columns: sums are over the finer groups of weights
/// and tokens.
template <class Isa>
struct GroupEpilogue {
    using Values = simd::f32x16<Isa>;
    using Dots = simd::i32x16<Isa>;
    struct Shared {};
    static constexpr bool without_groups = false, with_groups = true;

    const float* token_scales;
    std::size_t tokens;
    ScaleView scales;
    unsigned token_shift, weight_shift; ///< sums of one scale: 2^shift
    const float* bias;

    template <class Codes>
    BITNET_INLINE GroupEpilogue(const Quantized<Codes>& x, const ScaleView& weight_scales,
                                const float* b) noexcept
        : token_scales(x.scales), tokens(x.tokens), scales(weight_scales),
          token_shift(shift(x.scale_group, x.group)), weight_shift(shift(scales.group, x.group)),
          bias(b) {}

    static BITNET_INLINE Values convert(const Dots& dot) noexcept { return Values::from(dot); }
    static BITNET_INLINE Values zero() noexcept { return simd::zeros<Isa>(); }
    BITNET_INLINE void prefetch(std::size_t block, std::size_t g) const noexcept {
        prefetch_scales<Isa>(scales, block, g >> weight_shift);
    }
    BITNET_INLINE Values of_group(std::size_t block, std::size_t g) const noexcept {
        return load_scales<Isa>(scales, block, g >> weight_shift);
    }
    BITNET_INLINE Values add(const Values& sum, const Dots& dot, const Values& weight_scales,
                             std::size_t t, std::size_t g) const noexcept {
        const float token_scale = token_scales[(g >> token_shift) * tokens + t];
        return sum + convert(dot) * (weight_scales * Values::set1(token_scale));
    }
    BITNET_INLINE Shared of_token(std::size_t) const noexcept { return {}; }
    BITNET_INLINE Values finish(Values v, Shared, std::size_t block, bool) const noexcept {
        return bias ? v + Values::load(bias + block * tile_rows) : v;
    }

private:
    static BITNET_INLINE unsigned shift(std::size_t scale_group, std::size_t group) noexcept {
        unsigned s = 0;
        while (group << s < scale_group) ++s;
        return s;
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
    /// Asks for the lines of a tile's tokens [first, last), of those that it has.
    BITNET_INLINE void prefetch(const TileRange& tile, std::size_t first,
                                std::size_t last) const noexcept {
        const OutputLines lines_of_y = output_lines(tile);
        for (std::size_t t = first; t < last && t < tile.tokens; ++t) {
            for (std::size_t b = 0; b <= tile.blocks; ++b) { // one more: y may be unaligned
                BITNET_PREFETCH(lines_of_y.first + t * lines_of_y.stride + b * layout::line_bytes);
            }
        }
    }
    /// Where the values of a tile go.
    BITNET_INLINE OutputLines output_lines(const TileRange& tile) const noexcept {
        static_assert(tile_rows * sizeof(T) == layout::line_bytes);
        return {reinterpret_cast<std::uintptr_t>(y.row(tile.token)) +
                    tile.block * layout::line_bytes,
                y.stride * sizeof(T)};
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

} // namespace BITNET_NAMESPACE::kernels
