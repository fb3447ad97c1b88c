// SPDX-License-Identifier: MIT
// pack_scales(): scales of weights in the order in which kernels read them.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>

#include <bitnet/config.hpp>
#include <bitnet/errors.hpp>
#include <bitnet/finite.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/kernels/scales.hpp>
#include <bitnet/result.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE {

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
/// group: 0, 32, 64, 128 or 256 columns per scale; the one to quantize tokens with
/// to: packed_scale_floats() floats at least, which the view refers to; it does not overlap scales
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
