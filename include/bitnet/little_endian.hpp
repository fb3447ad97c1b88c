// SPDX-License-Identifier: MIT
// Words in memory that has one byte order on every CPU: packed codes, images, files. It is
// little-endian.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <bitnet/config.hpp>

namespace BITNET_NAMESPACE::detail {

static_assert(std::endian::native == std::endian::little || std::endian::native == std::endian::big,
              "a CPU has its bytes in one of two orders");
inline constexpr bool is_little_endian = std::endian::native == std::endian::little;

/// A number in the CPU's byte order as one in little-endian order, or back.
template <class Unsigned>
BITNET_INLINE constexpr Unsigned little(Unsigned v) noexcept {
    if constexpr (is_little_endian) return v;
    Unsigned reversed = 0;
    for (std::size_t i = 0; i < sizeof v; ++i) {
        reversed = static_cast<Unsigned>(reversed << 8 | (v >> 8 * i & 0xff));
    }
    return reversed;
}

BITNET_INLINE std::uint16_t load16(const void* p) noexcept {
    std::uint16_t v;
    std::memcpy(&v, p, sizeof v);
    return little(v);
}
BITNET_INLINE std::uint32_t load32(const void* p) noexcept {
    std::uint32_t v;
    std::memcpy(&v, p, sizeof v);
    return little(v);
}
BITNET_INLINE std::uint64_t load64(const void* p) noexcept {
    std::uint64_t v;
    std::memcpy(&v, p, sizeof v);
    return little(v);
}
BITNET_INLINE void store32(void* p, std::uint32_t v) noexcept {
    v = little(v);
    std::memcpy(p, &v, sizeof v);
}
BITNET_INLINE void store64(void* p, std::uint64_t v) noexcept {
    v = little(v);
    std::memcpy(p, &v, sizeof v);
}

} // namespace BITNET_NAMESPACE::detail
