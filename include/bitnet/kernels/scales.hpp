// SPDX-License-Identifier: MIT
// How the scales of weights are stored; scales.hpp has the contract.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <bitnet/config.hpp>
#include <bitnet/errors.hpp>
#include <bitnet/layout.hpp>
#include <bitnet/result.hpp>
#include <bitnet/simd/generic.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE::detail {

/// Which weights share a scale. All but the last are the schemes of packed layers; group_half has
/// IEEE 754 halves, the others floats.
enum class ScaleScheme : std::uint32_t {
    tensor = 0,
    row = 1,
    group = 2,
    group_half = 3,
    block = 4
};
inline constexpr std::size_t scale_block_rows = 64, scale_block_cols = 64;

BITNET_INLINE constexpr std::size_t scale_blocks(std::size_t rows) noexcept {
    return (rows + scale_block_rows - 1) / scale_block_rows;
}

/// The scheme of so many scales. pre: check_shape(rows, cols)
/// err: bad_group, wrong_size
BITNET_INLINE Result<ScaleScheme> scale_scheme(std::size_t scales, std::size_t rows,
                                               std::size_t cols, std::size_t group) noexcept {
    if (group == 0) {
        if (scales == 1) return ScaleScheme::tensor;
        if (scales == rows) return ScaleScheme::row;
        return wrong_size(scales, rows, "number of scales is neither 1 nor rows");
    }
    if (!is_group(group)) return bad_group();
    const std::size_t groups = groups_of(cols, group);
    if (scales == rows * groups) return ScaleScheme::group;
    if (group != scale_block_cols) {
        return wrong_size(scales, rows * groups, "number of scales is not rows * groups");
    }
    if (scales == scale_blocks(rows) * groups) return ScaleScheme::block;
    return wrong_size(scales, rows * groups,
                      "number of scales is neither rows * groups nor that of blocks");
}

/// A view of packed scales, which are floats.
BITNET_INLINE constexpr ScaleView view_scales(ScaleScheme scheme, const float* data,
                                              std::size_t cols, std::size_t group) noexcept {
    constexpr std::size_t n = layout::tile_rows;
    switch (scheme) {
    case ScaleScheme::tensor:
        return {data, 0, 0, 0};
    case ScaleScheme::row:
        return {data, n, 0, 0};
    case ScaleScheme::group:
        return {data, n * groups_of(cols, group), n, group};
    case ScaleScheme::group_half: // see view_halves()
    case ScaleScheme::block:
        break;
    }
    constexpr unsigned shift = 2;
    static_assert(layout::tile_rows << shift == scale_block_rows);
    return {data, n * groups_of(cols, group), n, group, shift};
}

/// The same of ScaleScheme::group_half.
BITNET_INLINE constexpr ScaleView view_halves(const std::uint16_t* halves, std::size_t cols,
                                              std::size_t group) noexcept {
    ScaleView view = view_scales(ScaleScheme::group, nullptr, cols, group);
    view.halves = halves;
    return view;
}

/// The scale of a row and group.
BITNET_INLINE float scale_of(const ScaleView& view, std::size_t row, std::size_t g) noexcept {
    const std::size_t at = view.offset(row / layout::tile_rows, g) + row % layout::tile_rows;
    return view.halves ? simd::float_of_half(view.halves[at]) : view.data[at];
}

/// How many numbers packed scales are, and how many bytes in a layer: a multiple of 64.
BITNET_INLINE constexpr std::size_t scale_floats(ScaleScheme scheme, std::size_t rows,
                                                 std::size_t cols, std::size_t group) noexcept {
    constexpr std::size_t n = layout::tile_rows;
    switch (scheme) {
    case ScaleScheme::tensor:
        return n;
    case ScaleScheme::row:
    case ScaleScheme::group:
    case ScaleScheme::group_half:
        return round_up(rows, n) * groups_of(cols, group);
    case ScaleScheme::block:
        break;
    }
    return scale_blocks(rows) * groups_of(cols, group) * n;
}
BITNET_INLINE constexpr std::size_t scale_bytes(ScaleScheme scheme, std::size_t rows,
                                                std::size_t cols, std::size_t group) noexcept {
    const bool halves = scheme == ScaleScheme::group_half;
    return round_up(scale_floats(scheme, rows, cols, group) * (halves ? 2 : 4), 64);
}

/// Writes a scale for each row and group: scales[r / rows_per_scale, g]. Scale: float, or a half
/// to: zeros, which remain for the rows that pad
template <class Scale>
BITNET_INLINE void write_row_scales(const Scale* scales, std::size_t rows, std::size_t groups,
                                    std::size_t rows_per_scale, Scale* to) noexcept {
    constexpr std::size_t n = layout::tile_rows;
    for (std::size_t r = 0; r < rows; ++r) {
        const Scale* const from = scales + r / rows_per_scale * groups;
        for (std::size_t g = 0; g < groups; ++g) to[(r / n * groups + g) * n + r % n] = from[g];
    }
}

/// Writes scales as view_scales() reads them. to: zeros
BITNET_INLINE void write_scales(ScaleScheme scheme, std::span<const float> scales, std::size_t rows,
                                std::size_t cols, std::size_t group, float* to) noexcept {
    if (scheme == ScaleScheme::row || scheme == ScaleScheme::group) {
        return write_row_scales(scales.data(), rows, groups_of(cols, group), 1, to);
    }
    for (float scale : scales) { // one for all rows of a block
        for (std::size_t i = 0; i < layout::tile_rows; ++i) *to++ = scale;
    }
}

} // namespace BITNET_NAMESPACE::detail
