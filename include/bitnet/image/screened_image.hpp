// SPDX-License-Identifier: MIT
// The bytes of a ScreenedHead; little-endian.
//
//   offset  type  field
//   0       u32   magic "BNS1"
//   4       u32   zero
//   8       u64   rows
//   16      u64   cols
//   24      u64   seed of the dither
//   32..63        zero
//   64            the first pass: bytes of a BitLinear<Int4, Int8> of codes u with a scale per
//                 row, no bias
//                 nibbles e: for each row, lines of 64 bytes that hold 128 columns: byte i has
//                 column i in its low and column 64 + i in its high four bits; zeros beyond cols
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

#include <bitnet/config.hpp>
#include <bitnet/errors.hpp>
#include <bitnet/format.hpp>
#include <bitnet/image/layer_image.hpp>
#include <bitnet/image/new_image.hpp>
#include <bitnet/kernels/screen.hpp>
#include <bitnet/layout.hpp>
#include <bitnet/little_endian.hpp>
#include <bitnet/random.hpp>
#include <bitnet/result.hpp>
#include <bitnet/tensor.hpp>
#include <bitnet/text.hpp>

namespace BITNET_NAMESPACE {
namespace detail {

struct ScreenedHeader {
    std::uint32_t magic, zero;
    std::uint64_t rows, cols, seed;
    std::uint64_t zeros[4];
};
static_assert(sizeof(ScreenedHeader) == 64);

/// A header in the CPU's byte order as one in that of an image, or back.
BITNET_INLINE constexpr ScreenedHeader little(ScreenedHeader h) noexcept {
    return {little(h.magic), h.zero, little(h.rows), little(h.cols), little(h.seed), {}};
}

/// The codes that a screened head is made of: int8 in [-112, 112], so that w + d is in 16 [-7, 8).
struct ScreenedCodes {
    static constexpr int max_code = 112;
    static constexpr FloatRule float_rule = FloatRule::absmax;
};

} // namespace detail

/// 16 (sum of u q) stays below 2^31.
template <>
inline constexpr std::size_t max_cols_of<detail::ScreenedCodes> = (std::size_t{1} << 16) - 1;

namespace detail {

/// An image, owned or mapped, whose header has been checked; or empty: no bytes, no rows.
class ScreenedImage {
public:
    using Weights = Int4; // of the first pass
    using Layout = layout::Rows16;
    static constexpr std::uint32_t magic = 0x31534e42; // "BNS1"
    static constexpr int max_code = ScreenedCodes::max_code;
    static constexpr std::size_t max_cols = max_cols_of<ScreenedCodes>;
    static constexpr std::uint64_t max_rows = 0xffffffff; // Logit::row
    BITNET_HIDDEN static constexpr Text bad_code_text{"codes of a screened head are ", -max_code,
                                                      " to ", max_code};

    /// Codes are scanned unless they are known to be sound.
    template <class Isa, bool CodesAreSound = false>
    BITNET_HIDDEN static Result<ScreenedImage>
    make(std::span<const std::int8_t> codes, std::size_t rows, std::size_t cols,
         std::span<const float> scales, std::uint64_t seed) noexcept {
        if (Result<void> shape = check_size(rows, cols); !shape) return shape.error();
        if (codes.size() != rows * cols) {
            return wrong_size(codes.size(), rows * cols, "number of codes is not rows * cols");
        }
        if (scales.size() != rows) {
            return wrong_size(scales.size(), rows, "number of scales is not rows");
        }
        for (std::size_t i = 0; !CodesAreSound && i < codes.size(); ++i) {
            if (codes[i] < -max_code || codes[i] > max_code) {
                return Error{Errc::bad_code, i, bad_code_text.characters};
            }
        }
        const ScreenedHeader header{magic, 0, rows, cols, seed, {}};
        AlignedBytes dither = make_dither(header), upper(codes.size());
        if (!dither || !upper) return Error{Errc::out_of_memory};
        const auto* const d = reinterpret_cast<const std::uint8_t*>(dither.data());
        auto* const u = reinterpret_cast<std::int8_t*>(upper.data());
        for (std::size_t i = 0; i < codes.size(); ++i) {
            u[i] = static_cast<std::int8_t>((codes[i] + d[i % cols] + 128) / 16 - 8);
        }
        auto first = make_image<Weights, Layout, Isa>({u, codes.size()}, rows, cols, scales, {}, 0);
        if (!first) return first.error();

        const std::size_t row_bytes = padded(cols) / 2, size = first->bytes().size();
        const std::size_t total = sizeof header + size + rows * row_bytes;
        AlignedBytes memory(total);
        if (!memory) return Error{Errc::out_of_memory};
        std::memset(memory.data(), 0, total);
        const ScreenedHeader written = little(header);
        std::memcpy(memory.data(), &written, sizeof written);
        std::memcpy(memory.data() + sizeof header, first->bytes().data(), size);
        auto* line = reinterpret_cast<std::uint8_t*>(memory.data() + sizeof header + size);
        for (std::size_t r = 0; r < rows; ++r, line += row_bytes) {
            for (std::size_t c = 0; c < cols; ++c) {
                std::uint8_t& byte = line[byte_of(c)];
                const int e = (codes[r * cols + c] + d[c] + 128) % 16;
                byte = static_cast<std::uint8_t>(byte | e << shift_of(c));
            }
        }
        auto image = map<Isa>({memory.data(), total});
        if (image) image->owned_ = std::move(memory);
        return image;
    }

    template <class Isa>
    BITNET_HIDDEN static Result<ScreenedImage> map(std::span<const std::byte> bytes) noexcept {
        if (reinterpret_cast<std::uintptr_t>(bytes.data()) % AlignedBytes::alignment != 0) {
            return Error{Errc::misaligned};
        }
        ScreenedHeader h;
        if (bytes.size() < sizeof h) {
            return wrong_size(bytes.size(), sizeof h, "bytes end within the header");
        }
        std::memcpy(&h, bytes.data(), sizeof h);
        h = little(h);
        if (h.magic != magic) {
            return Error{Errc::bad_header, offsetof(ScreenedHeader, magic),
                         "bytes are no screened head"};
        }
        for (std::size_t at = 0; at < sizeof h; ++at) {
            const bool unused =
                (at >= offsetof(ScreenedHeader, zero) && at < offsetof(ScreenedHeader, rows)) ||
                at >= offsetof(ScreenedHeader, zeros);
            if (unused && bytes[at] != std::byte{0}) {
                return Error{Errc::bad_header, at, "header is not zero"};
            }
        }
        // In 64 bits first: size_t may have fewer.
        if (h.rows > max_rows) return too_many_rows();
        if (h.cols > max_cols) return too_many_cols<max_cols>();
        const std::size_t rows = to_size(h.rows);
        const std::size_t cols = to_size(h.cols);
        if (Result<void> shape = check_size(rows, cols); !shape) return shape.error();
        const std::size_t lower = rows * (padded(cols) / 2);
        if (bytes.size() - sizeof h < lower) {
            return wrong_size(bytes.size(), sizeof h + lower,
                              "number of bytes is not that of the header");
        }
        auto first = map_image<Weights, Layout, Isa>(
            bytes.subspan(sizeof h, bytes.size() - sizeof h - lower));
        if (!first) {
            Error error = after_header(first.error());
            if (error.code == Errc::wrong_size) error.where += lower;
            return error;
        }
        const bool row_scales = first->scales().block_stride != 0 || rows == 1;
        if (first->rows() != rows || first->cols() != cols || first->group() != 0 ||
            first->bias() || !row_scales) {
            return Error{Errc::bad_header, sizeof h, "first pass is that of another head"};
        }
        AlignedBytes dither = make_dither(h);
        if (!dither) return Error{Errc::out_of_memory};
        return ScreenedImage(bytes, std::move(*first), std::move(dither));
    }

    BITNET_INLINE ScreenedImage() noexcept = default;
    /// A moved-from image is empty.
    BITNET_INLINE ScreenedImage(ScreenedImage&& other) noexcept { take(other); }
    BITNET_INLINE ScreenedImage& operator=(ScreenedImage&& other) noexcept {
        if (this != &other) take(other);
        return *this;
    }
    BITNET_INLINE ~ScreenedImage() = default;

    BITNET_INLINE std::span<const std::byte> bytes() const noexcept { return bytes_; }
    BITNET_INLINE std::size_t rows() const noexcept { return first_.rows(); }
    BITNET_INLINE std::size_t cols() const noexcept { return first_.cols(); }
    BITNET_INLINE PackedView<Weights, Layout> weights() const noexcept {
        return {first_.codes(), rows(), cols()};
    }
    BITNET_INLINE ScaleView scales() const noexcept { return first_.scales(); }
    BITNET_INLINE float scale(std::size_t row) const noexcept {
        return scales().at(row / layout::tile_rows, 0)[row % layout::tile_rows];
    }
    BITNET_INLINE const std::uint8_t* nibbles() const noexcept {
        const std::byte* const end = bytes_.data() + bytes_.size();
        return reinterpret_cast<const std::uint8_t*>(end - rows() * padded_cols() / 2);
    }
    BITNET_INLINE int nibble(std::size_t row, std::size_t col) const noexcept {
        return nibbles()[row * padded_cols() / 2 + byte_of(col)] >> shift_of(col) & 15;
    }
    BITNET_INLINE int code(std::size_t row, std::size_t col) const noexcept {
        return 16 * weights()(row, col) + nibble(row, col) - dither()[col];
    }
    /// (cols) in [0, 15]
    BITNET_INLINE const std::uint8_t* dither() const noexcept {
        return reinterpret_cast<const std::uint8_t*>(dither_.data());
    }
    BITNET_INLINE std::size_t padded_cols() const noexcept { return padded(cols()); }
    BITNET_INLINE float largest_scale() const noexcept { return largest_scale_; }

    template <class Isa>
    BITNET_HIDDEN Result<void>(verify)() const noexcept {
        const auto at = [&](const void* p) noexcept {
            return static_cast<std::size_t>(static_cast<const std::byte*>(p) - bytes_.data());
        };
        if (Result<void> first = verify_image<Weights, Layout, Isa>(first_); !first) {
            return after_header(first.error());
        }
        for (std::size_t r = 0; r < rows(); ++r) {
            for (std::size_t c = cols(); c < padded_cols(); ++c) {
                if (nibble(r, c) == 0) continue;
                return Error{Errc::bad_padding, at(nibbles() + r * padded_cols() / 2 + byte_of(c))};
            }
        }
        return {};
    }

private:
    BITNET_INLINE ScreenedImage(std::span<const std::byte> bytes, LayerImage first,
                                AlignedBytes dither) noexcept
        : bytes_(bytes), first_(std::move(first)), dither_(std::move(dither)) {
        for (std::size_t r = 0; r < rows(); ++r) {
            const float size = scale(r) < 0 ? -scale(r) : scale(r);
            if (size > largest_scale_) largest_scale_ = size;
        }
    }
    BITNET_INLINE void take(ScreenedImage& other) noexcept {
        owned_ = std::move(other.owned_);
        bytes_ = other.bytes_;
        first_ = std::move(other.first_);
        dither_ = std::move(other.dither_);
        largest_scale_ = other.largest_scale_;
        other.bytes_ = {};
        other.largest_scale_ = 0;
    }
    static BITNET_INLINE Result<void> check_size(std::size_t rows, std::size_t cols) noexcept {
        if (rows > max_rows) return too_many_rows();
        return check_shape<max_cols>(rows, cols);
    }
    static BITNET_INLINE Error too_many_rows() noexcept {
        return {Errc::too_large, 0, "shape is too large: rows must be below 2^32"};
    }
    /// An error of the first pass, whose bytes follow the header.
    static BITNET_INLINE Error after_header(Error error) noexcept {
        if (text_of(error.code).has_position) error.where += sizeof(ScreenedHeader);
        return error;
    }
    static BITNET_INLINE AlignedBytes make_dither(const ScreenedHeader& h) noexcept {
        const std::size_t cols = to_size(h.cols);
        AlignedBytes dither(cols);
        for (std::size_t c = 0; c < cols && dither; ++c) {
            const std::uint32_t bits = random_bits(h.seed, static_cast<std::uint32_t>(c), 0, 0);
            dither.data()[c] = static_cast<std::byte>(bits >> 28);
        }
        return dither;
    }
    static BITNET_INLINE constexpr std::size_t padded(std::size_t cols) noexcept {
        return round_up(cols, nibble_cols);
    }
    static BITNET_INLINE constexpr std::size_t byte_of(std::size_t col) noexcept {
        return col / nibble_cols * 64 + col % 64;
    }
    static BITNET_INLINE constexpr unsigned shift_of(std::size_t col) noexcept {
        return static_cast<unsigned>(col % nibble_cols / 64 * 4);
    }

    AlignedBytes owned_;
    std::span<const std::byte> bytes_;
    LayerImage first_;
    AlignedBytes dither_;
    float largest_scale_ = 0;
};

} // namespace detail
} // namespace BITNET_NAMESPACE
