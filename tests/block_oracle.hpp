// SPDX-License-Identifier: MIT
// What blocks of other programs' files hold, one code at a time by the formulas of docs/formats.md,
// and how to write such blocks. Nothing here includes a header of the library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace oracle {

/// The columns and bytes of a block, and the byte at which its scale is, or -1.
struct BlockShape {
    std::size_t cols, bytes;
    int scale_at;
};
BlockShape block_shape(std::string_view type);

/// The value of an IEEE 754 half.
double half_value(std::uint16_t half);

/// A matrix in the bytes of a file. scales: the bits of a half for each block, row by row; for I2_S
/// those of one float; for Hugging Face's none.
struct BlockFile {
    std::string_view type;
    std::size_t rows = 0, cols = 0;
    std::vector<std::uint8_t> bytes;

    /// codes: -1, 0, 1, and 2 where two bits are to be 3
    static BlockFile write(std::string_view type, std::size_t rows, std::size_t cols,
                           const std::vector<std::int8_t>& codes,
                           const std::vector<std::uint32_t>& scales);
    int code(std::size_t row, std::size_t col) const;
    /// The bits of the half that is the scale of this block of a row.
    std::uint16_t scale(std::size_t row, std::size_t block) const;
};

} // namespace oracle
