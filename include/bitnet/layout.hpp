// SPDX-License-Identifier: MIT
// Layouts: where the codes of a matrix are in memory. A layout is a property of the data and
// means the same bytes on every CPU; kernels may prefer one, and repack() converts.
#pragma once

#include <cstddef>

#include <bitnet/config.hpp>
#include <bitnet/layout/dense16.hpp>
#include <bitnet/layout/planes16.hpp>
#include <bitnet/layout/row_major.hpp>
#include <bitnet/layout/rows16.hpp>
#include <bitnet/layout/six16.hpp>
#include <bitnet/layout/tiled.hpp>
#include <bitnet/type_list.hpp>

namespace BITNET_NAMESPACE {

/// All layouts. Each is a struct with
///   name, id               id as stored in packed bytes
///   kernel_suffix          what it adds to the names of its kernels: "w158a8" "dense"
///   holds<Format>          whether it takes codes of a format
///   mapping<Format>        {rows, cols} with bytes(), padded_rows(), padded_cols(), load(),
///                          store() and byte_of(); TiledMapping but for RowMajor
///   pack_step<Format>(codes, out), unpack_step<Format>(in, codes)
///                          mapping::step_cols columns of a row, whose first byte is out; the next
///                          step is mapping::step_bytes further; what is no code unpacks to 2.
///                          Of a layout with kernels, 256 columns are whole steps, and a step is
///                          whole words of 32 columns of tokens: so columns have scales per group
///   all_encodings<Format>(data, bytes)
///                          whether every value of a packed matrix, padding too, is a code
using layouts =
    type_list<layout::RowMajor, layout::Rows16, layout::Planes16, layout::Dense16, layout::Six16>;

/// The numbers of columns that may share a scale.
BITNET_HIDDEN inline constexpr std::size_t group_sizes[] = {32, 64, 128, 256};
BITNET_INLINE constexpr bool is_group(std::size_t n) noexcept {
    for (std::size_t size : group_sizes) {
        if (n == size) return true;
    }
    return false;
}
/// How many groups of this many columns a row has; group = 0: one of all columns.
BITNET_INLINE constexpr std::size_t groups_of(std::size_t cols, std::size_t group) noexcept {
    return group ? (cols + group - 1) / group : 1;
}

/// The smaller of two numbers of columns, where 0 = all: both are a power of two times 32, so one
/// divides the other.
BITNET_INLINE constexpr std::size_t finer_group(std::size_t a, std::size_t b) noexcept {
    return a == 0 || (b != 0 && b < a) ? b : a;
}

} // namespace BITNET_NAMESPACE
