// SPDX-License-Identifier: MIT
// The errors whose sentence follows the format or a list. The sentences are made at compile
// time.
#pragma once

#include <cstddef>

#include <bitnet/config.hpp>
#include <bitnet/layout.hpp>
#include <bitnet/result.hpp>
#include <bitnet/text.hpp>

namespace BITNET_NAMESPACE::detail {

/// where: the first element that is missing or too many.
BITNET_INLINE constexpr Error wrong_size(std::size_t given, std::size_t wanted,
                                         const char* text) noexcept {
    return {Errc::wrong_size, given < wanted ? given : wanted, text};
}

template <std::size_t MostCols>
BITNET_HIDDEN inline constexpr Text too_many_cols_text{"shape is too large: cols must be at most ",
                                                       MostCols};
template <std::size_t MostCols>
BITNET_INLINE constexpr Error too_many_cols() noexcept {
    return {Errc::too_large, 0, too_many_cols_text<MostCols>.characters};
}

template <class Format>
BITNET_HIDDEN inline constexpr Text bad_code_text =
    Format::count == 2
        ? Text{Format::name, " codes are ", Format::minimum, " and ", Format::maximum}
        : Text{Format::name, " codes are ", Format::minimum, " to ", Format::maximum};
template <class Format>
BITNET_INLINE constexpr Error bad_code(std::size_t where) noexcept {
    return {Errc::bad_code, where, bad_code_text<Format>.characters};
}

static_assert(sizeof group_sizes / sizeof group_sizes[0] == 4, "the text below names four");
BITNET_HIDDEN inline constexpr Text bad_group_text{
    "group must be 0, ", group_sizes[0], ", ",          group_sizes[1], ", ",
    group_sizes[2],      " or ",         group_sizes[3]};
BITNET_INLINE constexpr Error bad_group() noexcept {
    return {Errc::bad_group, 0, bad_group_text.characters};
}

} // namespace BITNET_NAMESPACE::detail
