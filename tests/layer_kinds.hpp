// SPDX-License-Identifier: MIT
// The kinds of BitLinear, for the tests of bitlinear.hpp.
#pragma once

#include <bitnet/bitlinear.hpp>

#include <cstddef>
#include <tuple>

namespace support {

template <class W, class A, class L = bitnet::preferred_layout<W, A>>
struct Kind {
    using Weights = W;
    using Activations = A;
    using Layer = bitnet::BitLinear<W, A, L>;
};
template <class... Activations>
using Kinds = std::tuple<Kind<bitnet::Ternary, Activations>...,
                         Kind<bitnet::Binary, Activations>..., Kind<bitnet::Int8, bitnet::Int8>,
                         Kind<bitnet::Int6, bitnet::Int8>, Kind<bitnet::Int4, bitnet::Int8>,
                         Kind<bitnet::Ternary, bitnet::Int8, bitnet::layout::Dense16>>;
/// Whether layers of a kind take scales per group of this many columns; 0 = all.
template <class K>
constexpr bool takes_group(std::size_t group) {
    return group == 0 || bitnet::has_groups<typename K::Layer::Layout>;
}

/// Those that take floats, and those that differ in their bytes.
using FloatKinds = Kinds<bitnet::Int8, bitnet::Int4, bitnet::Int2, bitnet::Sign, bitnet::SignNorm,
                         bitnet::SignMean>;
using ByteKinds = Kinds<bitnet::Int8, bitnet::Sign, bitnet::Ternary>;

} // namespace support
