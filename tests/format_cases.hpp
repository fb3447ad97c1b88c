// SPDX-License-Identifier: MIT
// The pairs of a format and a layout that exist, for the tests of layout.hpp and pack.hpp.
#pragma once

#include <bitnet/format.hpp>
#include <bitnet/layout.hpp>

#include <tuple>

namespace support {

template <class F, class L>
struct FormatCase {
    using Format = F;
    using Layout = L;
};
using FormatCases = std::tuple<FormatCase<bitnet::Binary, bitnet::layout::RowMajor>,
                               FormatCase<bitnet::Binary, bitnet::layout::Rows16>,
                               FormatCase<bitnet::Ternary, bitnet::layout::RowMajor>,
                               FormatCase<bitnet::Ternary, bitnet::layout::Rows16>,
                               FormatCase<bitnet::Ternary, bitnet::layout::Planes16>,
                               FormatCase<bitnet::Ternary, bitnet::layout::Dense16>,
                               FormatCase<bitnet::Int8, bitnet::layout::RowMajor>,
                               FormatCase<bitnet::Int8, bitnet::layout::Rows16>,
                               FormatCase<bitnet::Int4, bitnet::layout::Rows16>,
                               FormatCase<bitnet::Int6, bitnet::layout::Six16>>;

} // namespace support
