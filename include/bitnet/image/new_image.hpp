// SPDX-License-Identifier: MIT
// Images of layers in the making: layer_image.hpp has what their bytes mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <utility>

#include <bitnet/config.hpp>
#include <bitnet/errors.hpp>
#include <bitnet/finite.hpp>
#include <bitnet/image/image_floats.hpp>
#include <bitnet/image/layer_image.hpp>
#include <bitnet/kernels/scales.hpp>
#include <bitnet/little_endian.hpp>
#include <bitnet/pack.hpp>
#include <bitnet/result.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE::detail {

/// The image of a layer that is being made: with a header and a bias. Scales are zeros, as this CPU
/// has floats or halves, and nobody has written codes.
class NewImage {
public:
    /// pre: check_shape(rows, cols); the group is one of the layout's
    /// err: wrong_size; bad_bias (where: index); out_of_memory
    template <class Weights, class Layout, class Isa>
    static BITNET_HIDDEN Result<NewImage> make(ScaleScheme scheme, std::size_t rows,
                                               std::size_t cols, std::size_t group,
                                               std::span<const float> bias) noexcept {
        if (!bias.empty() && bias.size() != rows) {
            return wrong_size(bias.size(), rows, "number of bias values is neither 0 nor rows");
        }
        if (const std::size_t i = find_non_finite<Isa>(bias); i != bias.size()) {
            return Error{Errc::bad_bias, i};
        }
        const LayerHeader header{layer_magic,
                                 Weights::id,
                                 Layout::id,
                                 scheme,
                                 rows,
                                 cols,
                                 static_cast<std::uint32_t>(group),
                                 !bias.empty(),
                                 {}};
        NewImage image(LayerParts::of<Weights, Layout>(header));
        std::byte* const to = image.memory_.data();
        if (!to) return Error{Errc::out_of_memory};
        std::memset(to, 0, image.parts_.codes);
        const LayerHeader written = little(header);
        std::memcpy(to, &written, sizeof written);
        if (!bias.empty()) {
            std::memcpy(to + image.parts_.bias, bias.data(), rows * sizeof(float));
        }
        return image;
    }
    BITNET_INLINE NewImage(NewImage&&) noexcept = default;
    BITNET_INLINE ~NewImage() = default;

    /// Scale: float, or of ScaleScheme::group_half std::uint16_t
    template <class Scale = float>
    BITNET_INLINE Scale* scales() const noexcept {
        BITNET_ASSERT((std::is_same_v<Scale, float>) == (parts_.halves == 0));
        return as<Scale>(memory_.data() + parts_.scales);
    }
    BITNET_INLINE std::uint8_t* codes() const noexcept {
        return as<std::uint8_t>(memory_.data() + parts_.codes);
    }
    /// The image, which nobody writes to any more. err: as LayerImage::make()
    BITNET_INLINE Result<LayerImage> done() noexcept {
        std::byte* const to = memory_.data();
        to_other_order(to + parts_.scales, parts_.halves, parts_.codes - parts_.scales);
        return LayerImage::make({to, parts_.total}, parts_, std::move(memory_));
    }

private:
    BITNET_INLINE explicit NewImage(const LayerParts& parts) noexcept
        : parts_(parts), memory_(parts.total) {}

    LayerParts parts_;
    AlignedBytes memory_;
};

/// Builds the image of a layer from codes. Codes are scanned unless they are known to be sound.
/// Scale: float, or std::uint16_t, IEEE 754 halves for groups of columns
template <class Weights, class Layout, class Isa, bool CodesAreSound = false, class Scale>
BITNET_HIDDEN Result<LayerImage>
make_image(std::span<const std::int8_t> codes, std::size_t rows, std::size_t cols,
           std::span<const Scale> scales, std::span<const float> bias, std::size_t group) noexcept {
    constexpr bool halves = !std::is_same_v<Scale, float>;
    if (Result<void> shape = check_shape<max_cols_of<Weights>>(rows, cols); !shape)
        return shape.error();
    if ((halves || group != 0) && !is_group(group)) return bad_group();
    if (codes.size() != rows * cols) {
        return wrong_size(codes.size(), rows * cols, "number of codes is not rows * cols");
    }
    const auto scheme = scale_scheme(scales.size(), rows, cols, group);
    if (!scheme) return scheme.error();
    const bool blocks = *scheme == ScaleScheme::block; // stored as those of groups, row by row
    if (const std::size_t i = find_non_finite<Isa>(scales); i != scales.size()) {
        return Error{Errc::bad_scale, i};
    }
    if constexpr (!CodesAreSound) {
        if (const std::size_t i = find_bad_code<Weights, Isa>(codes); i != codes.size()) {
            return bad_code<Weights>(i);
        }
    }

    const ScaleScheme stored = halves   ? ScaleScheme::group_half
                               : blocks ? ScaleScheme::group
                                        : *scheme;
    auto image = NewImage::make<Weights, Layout, Isa>(stored, rows, cols, group, bias);
    if (!image) return image.error();
    Scale* const to = image->template scales<Scale>();
    if (halves || blocks) {
        const std::size_t rows_per_scale = blocks ? scale_block_rows : 1;
        write_row_scales(scales.data(), rows, groups_of(cols, group), rows_per_scale, to);
    } else if constexpr (!halves) {
        write_scales(*scheme, scales, rows, cols, group, to);
    }
    pack_into<Weights, Layout, Isa>(codes.data(), rows, cols, image->codes());
    return image->done();
}

} // namespace BITNET_NAMESPACE::detail
