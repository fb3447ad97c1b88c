// SPDX-License-Identifier: MIT
// The scales and the bias of a layer's image as this CPU reads them: where they are, or on a
// big-endian CPU a copy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <bitnet/config.hpp>
#include <bitnet/little_endian.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE::detail {

/// Numbers of this width from one byte order to the other, in place, on a big-endian CPU; elsewhere
/// nothing.
template <class Unsigned>
BITNET_INLINE void to_other_order(std::byte* data, std::size_t bytes) noexcept {
    for (std::size_t at = 0; !is_little_endian && at < bytes; at += sizeof(Unsigned)) {
        Unsigned v;
        std::memcpy(&v, data + at, sizeof v);
        v = little(v);
        std::memcpy(data + at, &v, sizeof v);
    }
}
/// The same of a part of an image: first halves, then floats.
BITNET_INLINE void to_other_order(std::byte* data, std::size_t half_bytes,
                                  std::size_t bytes) noexcept {
    to_other_order<std::uint16_t>(data, half_bytes);
    to_other_order<std::uint32_t>(data + half_bytes, bytes - half_bytes);
}

template <bool InPlace = is_little_endian>
class ImageFloats {
public:
    BITNET_INLINE bool read(const std::byte*, std::size_t, std::size_t) noexcept { return true; }
    BITNET_INLINE const std::byte* data(const std::byte* in_image) const noexcept {
        return in_image;
    }
};
template <>
class ImageFloats<false> {
public:
    /// False when the allocation failed. half_bytes: of the bytes, those that begin with halves
    BITNET_INLINE bool read(const std::byte* from, std::size_t half_bytes,
                            std::size_t bytes) noexcept {
        copy_ = AlignedBytes(bytes);
        if (!copy_) return false;
        std::memcpy(copy_.data(), from, bytes);
        to_other_order(copy_.data(), half_bytes, bytes);
        return true;
    }
    BITNET_INLINE const std::byte* data(const std::byte*) const noexcept { return copy_.data(); }

private:
    AlignedBytes copy_;
};

} // namespace BITNET_NAMESPACE::detail
