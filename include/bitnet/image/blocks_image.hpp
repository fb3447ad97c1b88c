// SPDX-License-Identifier: MIT
// The image of a layer, straight from the blocks of another program's file: 16 rows of codes at a
// time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include <bitnet/blocks/view.hpp>
#include <bitnet/config.hpp>
#include <bitnet/errors.hpp>
#include <bitnet/image/layer_image.hpp>
#include <bitnet/image/new_image.hpp>
#include <bitnet/kernels/scales.hpp>
#include <bitnet/layout.hpp>
#include <bitnet/little_endian.hpp>
#include <bitnet/pack.hpp>
#include <bitnet/result.hpp>
#include <bitnet/simd/float_bits.hpp>
#include <bitnet/simd/round.hpp>
#include <bitnet/tensor.hpp>
#include <bitnet/text.hpp>

namespace BITNET_NAMESPACE {

/// What a file has beside its blocks.
struct BlockOptions {
    std::span<const float> bias = {}; ///< (rows) or {} for none
    float factor = 1.0f; ///< all scales are multiplied by it: Hugging Face's weight_scale
    /// Whether scales of groups stay IEEE 754 halves, where all of them (times factor) are.
    bool half_scales = false;
};

namespace detail {

/// Whether all codes are 0.
BITNET_INLINE bool are_zeros(const std::int8_t* codes, std::size_t n) noexcept {
    std::uint64_t any = 0;
    std::size_t i = 0;
    for (; i + 8 <= n; i += 8) any |= load64(codes + i);
    for (; i < n; ++i) any |= static_cast<std::uint8_t>(codes[i]);
    return any == 0;
}

/// Which of a matrix's weights share a scale.
struct SharedScales {
    ScaleScheme scheme;
    std::size_t cols; ///< that share one
};

/// The weights of blocks: codes and scales as a layer of Weights has them.
template <class Weights, class Blocks>
struct BlockWeights {
    BlockView<Blocks> view;
    float factor;
    std::int8_t* row_codes; ///< room for a row's

    BITNET_INLINE float scale(std::size_t row, std::size_t i) const noexcept {
        return rounded(view.scale(row, i) * factor);
    }
    /// Where 0 is a weight, a block with the scale 0 is one of zeros.
    static BITNET_INLINE bool makes_zeros(float scale) noexcept {
        return Weights::is_code(0) && (bits_of(scale) & magnitude_bits) == 0;
    }

    /// The first weight whose scale is NaN or infinite, or rows * cols.
    BITNET_INLINE std::size_t find_bad_scale() const noexcept {
        const std::size_t rows = BlockView<Blocks>::has_block_scales ? view.rows : 1;
        for (std::size_t r = 0; r < rows; ++r) {
            for (std::size_t i = 0; i < view.scales(); ++i) {
                if (!is_finite(scale(r, i))) return r * view.cols + i * view.scale_cols();
            }
        }
        return view.rows * view.cols;
    }

    /// Whether all scales are halves, but for those of blocks of zeros.
    BITNET_INLINE bool scales_are_halves() const noexcept {
        for (std::size_t r = 0; r < view.rows; ++r) {
            for (std::size_t i = 0; i < view.scales(); ++i) {
                const float s = scale(r, i);
                std::uint16_t half;
                if (!to_half(s, half) && !is_zeros(r, i, s)) return false;
            }
        }
        return true;
    }

    /// Whether the blocks [first, last) of rows [row, row_end) share a scale, but for those of
    /// zeros.
    BITNET_INLINE bool agree(std::size_t row, std::size_t row_end, std::size_t first,
                             std::size_t last) const noexcept {
        bool found = false;
        float common = 0;
        for (std::size_t r = row; r < row_end; ++r) {
            for (std::size_t i = first; i < last; ++i) {
                const float s = scale(r, i);
                if (found && bits_of(s) == bits_of(common)) continue;
                if (is_zeros(r, i, s)) continue;
                if (found) return false;
                found = true;
                common = s;
            }
        }
        return true;
    }
    /// The largest sets of weights that share a scale.
    template <class Isa>
    BITNET_HIDDEN SharedScales shared_scales() const noexcept {
        if (!BlockView<Blocks>::has_block_scales || agree(0, view.rows, 0, view.scales())) {
            return {ScaleScheme::tensor, view.cols};
        }
        if (slices_agree(view.cols)) return {ScaleScheme::row, view.cols};
        std::size_t group = Blocks::cols;
        while (is_group(2 * group) && slices_agree(2 * group)) group *= 2;
        return {ScaleScheme::group, group};
    }

    /// A row's codes, and of each `shared` columns the scale of the first block that is not of
    /// zeros. scales: zeros, which remain where there is none. An illegal code stays, to be found
    template <class Isa>
    BITNET_INLINE void read_row(std::size_t row, std::size_t shared, std::int8_t* codes,
                                float* scales) const noexcept {
        view.decode_row(row, codes);
        const std::size_t n = view.scale_cols();
        for (std::size_t c = 0, i = 0; c < view.cols; c += n, ++i) {
            const float s = scale(row, i);
            float& to = scales[c / shared];
            if (makes_zeros(s)) {
                if (find_bad_code<Weights, Isa>({codes + c, n}) == n) std::memset(codes + c, 0, n);
            } else if (bits_of(to) == 0 && !are_zeros(codes + c, n)) {
                to = s;
            }
        }
    }

private:
    BITNET_INLINE bool is_zeros(std::size_t r, std::size_t i, float s) const noexcept {
        if (!Weights::is_code(0)) return false;
        if (makes_zeros(s)) return true;
        if constexpr (BlockView<Blocks>::has_block_scales) {
            const std::uint8_t* const block = view.data + (r * view.scales() + i) * Blocks::bytes;
            Blocks::decode(block, row_codes);
            return are_zeros(row_codes, Blocks::cols);
        }
        return false;
    }
    /// Whether blocks agree within each so many columns of each row.
    BITNET_INLINE bool slices_agree(std::size_t cols) const noexcept {
        const std::size_t blocks = cols / Blocks::cols, all = view.scales();
        for (std::size_t r = 0; r < view.rows; ++r) {
            for (std::size_t i = 0; i < all; i += blocks) {
                if (!agree(r, r + 1, i, all - i < blocks ? all : i + blocks)) return false;
            }
        }
        return true;
    }
};

/// Builds the image of a layer from blocks.
template <class Weights, class Layout, class Blocks, class Isa>
BITNET_HIDDEN Result<LayerImage> make_image_of_blocks(std::span<const std::byte> bytes,
                                                      std::size_t rows, std::size_t cols,
                                                      const BlockOptions& options) noexcept {
    if (Result<void> shape = check_shape<max_cols_of<Weights>>(rows, cols); !shape)
        return shape.error();
    const auto view = BlockView<Blocks>::make(bytes, rows, cols);
    if (!view) return view.error();
    if (!is_finite(options.factor)) {
        return Error{Errc::bad_scale, 0, "the factor of the scales is NaN or infinite"};
    }
    using layout::tile_rows;
    AlignedBytes memory(tile_rows *
                        (cols + view->scales() * (sizeof(float) + sizeof(std::uint16_t))));
    if (!memory) return Error{Errc::out_of_memory};
    std::int8_t* const codes = as<std::int8_t>(memory.data());
    float* const scales = as<float>(memory.data() + tile_rows * cols);
    auto* const half_scales =
        as<std::uint16_t>(memory.data() + tile_rows * (cols + view->scales() * sizeof(float)));

    const BlockWeights<Weights, Blocks> weights{*view, options.factor, codes};
    if (const std::size_t at = weights.find_bad_scale(); at != rows * cols) {
        return Error{Errc::bad_scale, at};
    }
    const SharedScales shared = weights.template shared_scales<Isa>();
    const bool grouped = shared.scheme == ScaleScheme::group;
    const bool halves = grouped && options.half_scales && weights.scales_are_halves();
    const ScaleScheme scheme = halves ? ScaleScheme::group_half : shared.scheme;
    auto image = NewImage::make<Weights, Layout, Isa>(scheme, rows, cols, grouped ? shared.cols : 0,
                                                      options.bias);
    if (!image) return image.error();

    const typename Layout::template mapping<Weights> map{rows, cols};
    const std::size_t groups = groups_of(cols, shared.cols);
    float of_tensor = 0;
    for (std::size_t row = 0; row < rows; row += tile_rows) {
        const std::size_t n = rows - row < tile_rows ? rows - row : tile_rows;
        std::memset(scales, 0, n * groups * sizeof(float));
        for (std::size_t i = 0; i < n; ++i) {
            weights.template read_row<Isa>(row + i, shared.cols, codes + i * cols,
                                           scales + i * groups);
            if (bits_of(scales[i * groups]) != 0) of_tensor = scales[i * groups];
        }
        if (const std::size_t i = find_bad_code<Weights, Isa>({codes, n * cols}); i != n * cols) {
            return bad_code<Weights>(row * cols + i);
        }
        pack_into<Weights, Layout, Isa>(codes, n, cols, image->codes() + map.byte_of(row, 0));
        if (halves) {
            for (std::size_t i = 0; i < n * groups; ++i) to_half(scales[i], half_scales[i]);
            write_row_scales(half_scales, n, groups, 1,
                             image->template scales<std::uint16_t>() + row * groups);
        } else if (shared.scheme != ScaleScheme::tensor) {
            write_row_scales(scales, n, groups, 1, image->scales() + row * groups);
        }
    }
    if (shared.scheme == ScaleScheme::tensor) {
        write_scales(shared.scheme, {&of_tensor, 1}, rows, cols, 0, image->scales());
    }
    return image->done();
}

} // namespace detail
} // namespace BITNET_NAMESPACE
