// SPDX-License-Identifier: MIT
// The kinds of BitLinear, for the tests of bitlinear.hpp.
#pragma once

#include <bitnet/bitlinear.hpp>

#include <tuple>

namespace support {

template <class W, class A>
struct Kind {
    using Weights = W;
    using Activations = A;
    using Layer = bitnet::BitLinear<W, A>;
};
template <class... Activations>
using Kinds =
    std::tuple<Kind<bitnet::Ternary, Activations>..., Kind<bitnet::Binary, Activations>...,
               Kind<bitnet::Int8, bitnet::Int8>, Kind<bitnet::Int6, bitnet::Int8>>;

/// Those that take floats, and those that differ in their bytes.
using FloatKinds = Kinds<bitnet::Int8, bitnet::Sign, bitnet::SignNorm, bitnet::SignMean>;
using ByteKinds = Kinds<bitnet::Int8, bitnet::Sign, bitnet::Ternary>;

} // namespace support
