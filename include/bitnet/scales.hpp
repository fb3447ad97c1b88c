// SPDX-License-Identifier: MIT
// pack_scales(): scales of weights in the order in which kernels read them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <bitnet/config.hpp>
#include <bitnet/errors.hpp>
#include <bitnet/finite.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/layout.hpp>
#include <bitnet/result.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE {

namespace detail {

/// Which weights share a scale. The first three are the schemes of packed layers.
enum class ScaleScheme : std::uint32_t { tensor = 0, row = 1, group = 2, block = 3 };
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

/// A view of packed scales.
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
    case ScaleScheme::block:
        break;
    }
    constexpr unsigned shift = 2;
    static_assert(layout::tile_rows << shift == scale_block_rows);
    return {data, n * groups_of(cols, group), n, group, shift};
}

/// How many floats packed scales are.
BITNET_INLINE constexpr std::size_t scale_floats(ScaleScheme scheme, std::size_t rows,
                                                 std::size_t cols, std::size_t group) noexcept {
    constexpr std::size_t n = layout::tile_rows;
    switch (scheme) {
    case ScaleScheme::tensor:
        return n;
    case ScaleScheme::row:
    case ScaleScheme::group:
        return round_up(rows, n) * groups_of(cols, group);
    case ScaleScheme::block:
        break;
    }
    return scale_blocks(rows) * groups_of(cols, group) * n;
}

/// Writes a scale for each row and group: scales[r / rows_per_scale, g].
/// to: zeros, which remain for the rows that pad
BITNET_INLINE void write_row_scales(const float* scales, std::size_t rows, std::size_t groups,
                                    std::size_t rows_per_scale, float* to) noexcept {
    constexpr std::size_t n = layout::tile_rows;
    for (std::size_t r = 0; r < rows; ++r) {
        const float* const from = scales + r / rows_per_scale * groups;
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

} // namespace detail

/// How many floats pack_scales() writes for so many scales; 0 where it would refuse their number.
/// pre: check_shape(rows, cols)
BITNET_INLINE std::size_t packed_scale_floats(std::size_t scales, std::size_t rows,
                                              std::size_t cols, std::size_t group = 0) noexcept {
    const auto scheme = detail::scale_scheme(scales, rows, cols, group);
    return scheme ? detail::scale_floats(*scheme, rows, cols, group) : 0;
}

/// Row-major scales of a (rows, cols) matrix as gemm() reads them. The scale of W[r, c] is
///   scales[0]                                          of 1
///   scales[r]                                          of rows
///   scales[r, c / group]                               of (rows, ceil(cols / group))
///   scales[r / 64, c / 64]                             of (ceil(rows / 64), ceil(cols / 64)): one
///                                                      per block, with group = 64
/// The view holds 16 floats for each 16 rows (or for the matrix, or for 64 rows) and each group,
/// with zeros for rows that pad.
/// group: 0, 32, 64, 128 or 256 columns per scale; that of the quantized tokens
/// to: packed_scale_floats() floats at least, which the view refers to
/// cost: writes them once; no allocation
/// err: empty_shape, too_large, bad_group, wrong_size; bad_scale (where: index)
template <class Isa = isa::native>
BITNET_HIDDEN Result<ScaleView> pack_scales(std::span<const float> scales, std::size_t rows,
                                            std::size_t cols, std::size_t group,
                                            std::span<float> to) noexcept {
    if (Result<void> shape = check_shape(rows, cols); !shape) return shape.error();
    const auto scheme = detail::scale_scheme(scales.size(), rows, cols, group);
    if (!scheme) return scheme.error();
    const std::size_t floats = detail::scale_floats(*scheme, rows, cols, group);
    if (to.size() < floats) {
        return detail::wrong_size(to.size(), floats, "room for fewer than packed_scale_floats()");
    }
    if (const std::size_t i = find_non_finite<Isa>(scales); i != scales.size()) {
        return Error{Errc::bad_scale, i};
    }
    std::memset(to.data(), 0, floats * sizeof(float));
    detail::write_scales(*scheme, scales, rows, cols, group, to.data());
    return detail::view_scales(*scheme, to.data(), cols, group);
}

} // namespace BITNET_NAMESPACE
