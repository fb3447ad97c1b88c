// SPDX-License-Identifier: MIT
// BlockView: a matrix in a file's blocks, its size, its codes and scales.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <bitnet/blocks/bytes.hpp>
#include <bitnet/config.hpp>
#include <bitnet/errors.hpp>
#include <bitnet/little_endian.hpp>
#include <bitnet/result.hpp>
#include <bitnet/simd/float_bits.hpp>
#include <bitnet/simd/generic.hpp>
#include <bitnet/tensor.hpp>
#include <bitnet/text.hpp>

namespace BITNET_NAMESPACE {

namespace detail {
template <class Blocks>
BITNET_HIDDEN inline constexpr Text part_of_block_text{
    Blocks::name, ": cols must be a multiple of ", Blocks::cols};
template <class Blocks>
BITNET_HIDDEN inline constexpr Text block_bytes_text{Blocks::name,
                                                     ": number of bytes is not that of the shape"};

/// The value of an IEEE 754 half; an infinity or a NaN stays one.
BITNET_INLINE float float_of_any_half(std::uint16_t half) noexcept {
    if ((half & 0x7c00) != 0x7c00) return simd::float_of_half(half);
    const std::int32_t bits = inf_bits | (half & 0x3ff) << 13;
    return float_of((half & 0x8000) != 0 ? bits | sign_bit : bits);
}
} // namespace detail

/// How many bytes a (rows, cols) matrix is in these blocks.
/// err: empty_shape, too_large; wrong_size where a row ends inside a block (where: the first column
///      of that block)
template <class Blocks>
BITNET_INLINE Result<std::size_t> block_bytes(std::size_t rows, std::size_t cols) noexcept {
    if (rows == 0 || cols == 0) return Error{Errc::empty_shape};
    if (cols % Blocks::cols != 0) {
        return Error{Errc::wrong_size, cols / Blocks::cols * Blocks::cols,
                     detail::part_of_block_text<Blocks>.characters};
    }
    const std::size_t block_rows = rows / Blocks::rows + (rows % Blocks::rows != 0);
    std::size_t bytes = 0;
    if (!checked_mul(block_rows, cols / Blocks::cols, bytes) ||
        !checked_mul(bytes, Blocks::bytes, bytes) ||
        bytes > static_cast<std::size_t>(-1) - Blocks::tail_bytes) {
        return Error{Errc::too_large, 0, "shape is too large: size_t does not count its bytes"};
    }
    return bytes + Blocks::tail_bytes;
}

/// A (rows, cols) matrix in blocks that somebody else owns. A weight is code * scale, and what lies
/// outside of the bytes, as Hugging Face's weight_scale, times that. Blocks: one of block_types.
template <class Blocks>
struct BlockView {
    /// Whether each block has a scale; else all weights share one.
    static constexpr bool has_block_scales = Blocks::scale_at != blocks::no_scale;

    const std::uint8_t* data = nullptr;
    std::size_t rows = 0, cols = 0;

    /// A view of bytes. Codes and scales are not looked at.
    /// err: as block_bytes(), and wrong_size where it gives another number
    BITNET_INLINE static Result<BlockView> make(std::span<const std::byte> bytes, std::size_t rows,
                                                std::size_t cols) noexcept {
        const Result<std::size_t> wanted = block_bytes<Blocks>(rows, cols);
        if (!wanted) return wanted.error();
        if (bytes.size() != *wanted) {
            return detail::wrong_size(bytes.size(), *wanted,
                                      detail::block_bytes_text<Blocks>.characters);
        }
        return BlockView{reinterpret_cast<const std::uint8_t*>(bytes.data()), rows, cols};
    }

    /// Columns that share a scale, and how many scales a row has.
    BITNET_INLINE constexpr std::size_t scale_cols() const noexcept {
        return has_block_scales ? Blocks::cols : cols;
    }
    BITNET_INLINE constexpr std::size_t scales() const noexcept { return cols / scale_cols(); }

    /// The scale of columns [i * scale_cols(), (i + 1) * scale_cols()) of a row: exact; 1 where the
    /// bytes hold none. It may be any float.
    BITNET_INLINE float scale(std::size_t row, std::size_t i) const noexcept {
        if constexpr (has_block_scales) {
            const std::uint8_t* const at =
                data + (row * scales() + i) * Blocks::bytes + Blocks::scale_at;
            return detail::float_of_any_half(static_cast<std::uint16_t>(at[0] | at[1] << 8));
        } else if constexpr (Blocks::tail_bytes != 0) {
            const std::uint32_t bits =
                detail::load32(data + rows * (cols / Blocks::cols) * Blocks::bytes);
            return detail::float_of(static_cast<std::int32_t>(bits));
        } else {
            return 1.0f;
        }
    }

    /// Writes the codes of a row: cols of them, 2 where bits say no ternary code.
    BITNET_INLINE void decode_row(std::size_t row, std::int8_t* codes) const noexcept {
        Blocks::decode_row(data, rows, cols, row, codes);
    }
};

} // namespace BITNET_NAMESPACE
