// SPDX-License-Identifier: MIT
// Every format of weights in every layout that holds it, for the tests of layout.hpp and pack.hpp.
#pragma once

#include <bitnet/format.hpp>
#include <bitnet/layout.hpp>
#include <bitnet/type_list.hpp>

#include <type_traits>

namespace support {

template <class F, class L>
struct FormatCase {
    using Format = F;
    using Layout = L;
};

template <class Format, class... Layout>
bitnet::joined<
    std::conditional_t<Layout::template holds<Format>,
                       bitnet::type_list<FormatCase<Format, Layout>>, bitnet::type_list<>>...>
    cases_of(bitnet::type_list<Layout...>);
template <class... Format>
bitnet::joined<decltype(cases_of<Format>(bitnet::layouts{}))...>
    all_cases(bitnet::type_list<Format...>);

/// Whether values have no bits of their own: a layout of less than Format::bits a value.
template <class Format, class Layout>
constexpr bool shares_bits = [] {
    const typename Layout::template mapping<Format> map{16, 320};
    return map.bytes() * 8 < map.padded_rows() * map.padded_cols() * Format::bits;
}();

using FormatCases = decltype(all_cases(bitnet::weight_formats{}));

template <class... Format>
bitnet::joined<
    std::conditional_t<(Format::bits > 2), bitnet::type_list<Format>, bitnet::type_list<>>...>
    wide_of(bitnet::type_list<Format...>);
/// The formats of more bits than ternary ones: those of heads.
using WideFormats = decltype(wide_of(bitnet::weight_formats{}));

} // namespace support
