// SPDX-License-Identifier: MIT
// The bytes of a BitLinear: a header of 64 bytes, scales, bias, codes; little-endian.
//
//   offset  type  field
//   0       u32   magic "BNL1"
//   4       u32   weights: Format::id
//   8       u32   layout: Layout::id
//   12      u32   scale scheme: 0 tensor, 1 row, 2 group, 3 group in halves
//   16      u64   rows
//   24      u64   cols
//   32      u32   group: columns per scale with schemes 2 and 3, else 0
//   36      u32   1 with bias, else 0
//   40..63        zero
//   64            scales, float: 16 equal ones (tensor), padded rows (row), or for each block of 16
//                 rows, for each group, 16 (group); or as many IEEE 754 halves, then zeros up to
//                 a multiple of 64 bytes
//                 bias, float: padded rows
//                 codes: mapping.bytes() bytes
// Rows pad to 16 with zeros, so every part starts at a multiple of 64 bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

#include <bitnet/config.hpp>
#include <bitnet/errors.hpp>
#include <bitnet/image/image_floats.hpp>
#include <bitnet/kernels/scales.hpp>
#include <bitnet/little_endian.hpp>
#include <bitnet/pack.hpp>
#include <bitnet/result.hpp>
#include <bitnet/simd/float_bits.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE {

namespace detail {

struct LayerHeader {
    std::uint32_t magic, format, layout;
    ScaleScheme scheme;
    std::uint64_t rows, cols;
    std::uint32_t group, has_bias;
    std::uint32_t zero[6];
};
static_assert(sizeof(LayerHeader) == 64);
inline constexpr std::uint32_t layer_magic = 0x314c4e42; // "BNL1"

/// A header in the CPU's byte order as one in that of an image, or back.
BITNET_INLINE constexpr LayerHeader little(LayerHeader h) noexcept {
    for (std::uint32_t* field : {&h.magic, &h.format, &h.layout, &h.group, &h.has_bias}) {
        *field = little(*field);
    }
    h.scheme = static_cast<ScaleScheme>(little(static_cast<std::uint32_t>(h.scheme)));
    h.rows = little(h.rows);
    h.cols = little(h.cols);
    return h;
}

/// Offsets of the parts of an image with this header. pre: check_shape(rows, cols)
struct LayerParts {
    std::size_t scales = 0, bias = 0, codes = 0, total = 0;
    std::size_t halves = 0; ///< bytes of scales that are halves

    BITNET_INLINE constexpr LayerParts() noexcept = default;

    template <class Weights, class Layout>
    static BITNET_INLINE LayerParts of(const LayerHeader& h) noexcept {
        const std::size_t rows = to_size(h.rows);
        const std::size_t cols = to_size(h.cols);
        const std::size_t padded = round_up(rows, layout::tile_rows);
        LayerParts p{};
        p.scales = sizeof(LayerHeader);
        p.bias = p.scales + scale_bytes(h.scheme, rows, cols, h.group);
        p.halves = h.scheme == ScaleScheme::group_half ? p.bias - p.scales : 0;
        p.codes = p.bias + (h.has_bias ? padded * sizeof(float) : 0);
        p.total = p.codes + typename Layout::template mapping<Weights>{rows, cols}.bytes();
        return p;
    }
};

/// An image, owned or mapped, whose header has been checked; or empty: no bytes, no rows.
class LayerImage {
public:
    /// err: out_of_memory, on big-endian CPUs alone: they read a copy of scales and bias.
    static BITNET_INLINE Result<LayerImage> make(std::span<const std::byte> bytes,
                                                 const LayerParts& parts,
                                                 AlignedBytes owned = {}) noexcept {
        ImageFloats<> floats;
        if (!floats.read(bytes.data() + parts.scales, parts.halves, parts.codes - parts.scales)) {
            return Error{Errc::out_of_memory};
        }
        return LayerImage(bytes, parts, std::move(owned), std::move(floats));
    }
    BITNET_INLINE LayerImage() noexcept = default;
    /// A moved-from image is empty.
    BITNET_INLINE LayerImage(LayerImage&& other) noexcept { take(other); }
    BITNET_INLINE LayerImage& operator=(LayerImage&& other) noexcept {
        if (this != &other) take(other);
        return *this;
    }
    BITNET_INLINE ~LayerImage() = default;

    BITNET_INLINE std::span<const std::byte> bytes() const noexcept {
        return {data_, parts_.total};
    }
    BITNET_INLINE std::size_t rows() const noexcept { return to_size(header_.rows); }
    BITNET_INLINE std::size_t cols() const noexcept { return to_size(header_.cols); }
    BITNET_INLINE std::size_t group() const noexcept { return header_.group; }
    BITNET_INLINE const std::uint8_t* codes() const noexcept {
        return as<std::uint8_t>(data_ + parts_.codes);
    }
    BITNET_INLINE const float* bias() const noexcept {
        return header_.has_bias ? floats(parts_.bias) : nullptr;
    }
    BITNET_INLINE ScaleView scales() const noexcept {
        if (header_.scheme == ScaleScheme::group_half) {
            return view_halves(as<std::uint16_t>(numbers()), cols(), group());
        }
        return view_scales(header_.scheme, floats(parts_.scales), cols(), group());
    }
    /// Where in the image one of its scales or a value of its bias is.
    BITNET_INLINE std::size_t byte_of(const void* value) const noexcept {
        return parts_.scales +
               static_cast<std::size_t>(static_cast<const std::byte*>(value) - numbers());
    }
    /// The bytes after the last scale, up to the bias: zeros.
    BITNET_INLINE std::span<const std::byte> after_scales() const noexcept {
        const std::size_t halves = scale_floats(header_.scheme, rows(), cols(), group());
        const std::size_t used = parts_.halves != 0 ? halves * 2 : parts_.bias - parts_.scales;
        return bytes().subspan(parts_.scales + used, parts_.bias - parts_.scales - used);
    }

private:
    BITNET_INLINE LayerImage(std::span<const std::byte> bytes, const LayerParts& parts,
                             AlignedBytes owned, ImageFloats<> floats) noexcept
        : owned_(std::move(owned)), floats_(std::move(floats)), data_(bytes.data()), parts_(parts) {
        std::memcpy(&header_, data_, sizeof header_);
        header_ = little(header_);
    }
    /// Scales and bias.
    BITNET_INLINE const std::byte* numbers() const noexcept {
        return floats_.data(data_ + parts_.scales);
    }
    BITNET_INLINE const float* floats(std::size_t at) const noexcept {
        return as<float>(numbers() + (at - parts_.scales));
    }
    // Not std::exchange: of a struct it is a symbol that holds this unit's vector instructions.
    BITNET_INLINE void take(LayerImage& other) noexcept {
        owned_ = std::move(other.owned_);
        floats_ = std::move(other.floats_);
        data_ = other.data_;
        header_ = other.header_;
        parts_ = other.parts_;
        other.data_ = nullptr;
        other.header_ = {};
        other.parts_ = {};
    }

    AlignedBytes owned_;
    ImageFloats<> floats_;
    const std::byte* data_ = nullptr;
    LayerHeader header_{};
    LayerParts parts_;
};

/// Checks header, size, scales and bias of an image.
template <class Weights, class Layout, class Isa>
BITNET_HIDDEN Result<LayerParts> check_image(std::span<const std::byte> bytes) noexcept {
    LayerHeader h;
    if (bytes.size() < sizeof h) {
        return wrong_size(bytes.size(), sizeof h, "bytes end within the header");
    }
    std::memcpy(&h, bytes.data(), sizeof h);
    h = little(h);
    if (h.magic != layer_magic) {
        return Error{Errc::bad_header, offsetof(LayerHeader, magic), "bytes are no packed layer"};
    }
    if (h.format != Weights::id) {
        return Error{Errc::bad_header, offsetof(LayerHeader, format), "weights of another format"};
    }
    if (h.layout != Layout::id) {
        return Error{Errc::bad_header, offsetof(LayerHeader, layout), "codes in another layout"};
    }
    if (h.scheme > ScaleScheme::group_half) {
        return Error{Errc::bad_header, offsetof(LayerHeader, scheme), "unknown scheme of scales"};
    }
    const bool grouped = h.scheme >= ScaleScheme::group;
    if (grouped ? !is_group(h.group) : h.group != 0) {
        return Error{Errc::bad_header, offsetof(LayerHeader, group),
                     grouped ? bad_group().text : "a group without scales per group"};
    }
    if (h.has_bias > 1) {
        return Error{Errc::bad_header, offsetof(LayerHeader, has_bias), "unknown kind of bias"};
    }
    for (std::size_t i = 0; i < sizeof h.zero; ++i) {
        const std::size_t at = offsetof(LayerHeader, zero) + i;
        if (bytes[at] != std::byte{0}) return Error{Errc::bad_header, at, "header is not zero"};
    }
    // In 64 bits first: size_t may have fewer.
    if (h.rows != to_size(h.rows)) return Error{Errc::too_large};
    if (h.cols > max_cols_of<Weights>) return too_many_cols<max_cols_of<Weights>>();
    if (Result<void> shape = check_shape<max_cols_of<Weights>>(to_size(h.rows), to_size(h.cols));
        !shape) {
        return shape.error();
    }
    const LayerParts parts = LayerParts::of<Weights, Layout>(h);
    if (bytes.size() != parts.total) {
        return wrong_size(bytes.size(), parts.total, "number of bytes is not that of the header");
    }
    const auto finite = [&](std::size_t begin, std::size_t end) noexcept {
        for (std::size_t at = begin; at < end; at += sizeof(float)) {
            if ((load32(bytes.data() + at) & magnitude_bits) >= inf_bits) return at;
        }
        return end;
    };
    const std::size_t floats = parts.scales + parts.halves;
    for (std::size_t at = parts.scales; at < floats; at += sizeof(std::uint16_t)) {
        if (!is_finite_half(load16(bytes.data() + at))) return Error{Errc::bad_scale, at};
    }
    if (const std::size_t at = finite(floats, parts.bias); at != parts.bias) {
        return Error{Errc::bad_scale, at};
    }
    if (const std::size_t at = finite(parts.bias, parts.codes); at != parts.codes) {
        return Error{Errc::bad_bias, at};
    }
    return parts;
}

template <class Weights, class Layout, class Isa>
BITNET_HIDDEN Result<LayerImage> copy_image(std::span<const std::byte> bytes) noexcept {
    auto parts = check_image<Weights, Layout, Isa>(bytes);
    if (!parts) return parts.error();
    AlignedBytes memory(bytes.size());
    if (!memory) return Error{Errc::out_of_memory};
    std::memcpy(memory.data(), bytes.data(), bytes.size());
    const std::span<const std::byte> copy{memory.data(), bytes.size()};
    return LayerImage::make(copy, *parts, std::move(memory));
}

template <class Weights, class Layout, class Isa>
BITNET_HIDDEN Result<LayerImage> map_image(std::span<const std::byte> bytes) noexcept {
    if (reinterpret_cast<std::uintptr_t>(bytes.data()) % AlignedBytes::alignment != 0) {
        return Error{Errc::misaligned};
    }
    auto parts = check_image<Weights, Layout, Isa>(bytes);
    if (!parts) return parts.error();
    return LayerImage::make(bytes, *parts);
}

/// Whether scales and bias hold what make_image() writes beyond the rows: zeros, or for one scale
/// of the tensor the same sixteen times. where: byte of the image
template <class Isa>
BITNET_HIDDEN Result<void> verify_padding(const LayerImage& image) noexcept {
    using layout::tile_rows;
    if (image.rows() == 0) return {}; // an empty layer
    const ScaleView scales = image.scales();
    const std::size_t padded = round_up(image.rows(), tile_rows), blocks = padded / tile_rows;
    const std::size_t last = image.rows() - (blocks - 1) * tile_rows;
    const std::size_t groups = groups_of(image.cols(), scales.group);
    const bool tensor = scales.block_stride == 0;
    const std::size_t width = scales.halves ? sizeof *scales.halves : sizeof *scales.data;
    const auto* const data = scales.halves ? static_cast<const void*>(scales.halves) : scales.data;
    const std::byte zero[sizeof(float)] = {};
    for (std::size_t g = 0; g < groups; ++g) {
        const std::byte* const line =
            static_cast<const std::byte*>(data) + scales.offset(blocks - 1, g) * width;
        const std::byte* const wanted = tensor ? line : zero;
        for (std::size_t i = tensor ? 1 : last; i < tile_rows; ++i) {
            if (std::memcmp(line + i * width, wanted, width) != 0) {
                return Error{Errc::bad_padding, image.byte_of(line + i * width)};
            }
        }
    }
    for (const std::byte& byte : image.after_scales()) {
        if (byte != std::byte{0}) {
            return Error{Errc::bad_padding, static_cast<std::size_t>(&byte - image.bytes().data())};
        }
    }
    for (std::size_t r = image.rows(); image.bias() && r < padded; ++r) {
        if (std::memcmp(image.bias() + r, zero, sizeof zero) != 0) {
            return Error{Errc::bad_padding, image.byte_of(image.bias() + r)};
        }
    }
    return {};
}

template <class Weights, class Layout, class Isa>
BITNET_HIDDEN Result<void> verify_image(const LayerImage& image) noexcept {
    if (Result<void> padding = verify_padding<Isa>(image); !padding) return padding;
    const PackedView<Weights, Layout> codes{image.codes(), image.rows(), image.cols()};
    const Result<void> found = verify<Isa>(codes);
    if (found || found.error().code != Errc::bad_padding) return found;
    return Error{Errc::bad_padding, image.bytes().size() - codes.bytes() + found.error().where};
}

} // namespace detail
} // namespace BITNET_NAMESPACE
