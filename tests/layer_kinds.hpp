// SPDX-License-Identifier: MIT
// The kinds of BitLinear, from the lists of products and activation kinds, for the tests of
// bitlinear.hpp.
#pragma once

#include <bitnet/bitlinear.hpp>
#include <bitnet/products.hpp>
#include <bitnet/type_list.hpp>

#include <cstddef>
#include <type_traits>

namespace support {

template <class W, class A, class L = bitnet::preferred_layout<W, A>>
struct Kind {
    using Weights = W;
    using Activations = A;
    using Layer = bitnet::BitLinear<W, A, L>;
};

template <class P, class A>
using kind_of =
    std::conditional_t<std::is_same_v<typename P::Codes, bitnet::codes_of<A>>,
                       bitnet::type_list<Kind<typename P::Weights, A, typename P::Layout>>,
                       bitnet::type_list<>>;
template <class P, class... A>
bitnet::joined<kind_of<P, A>...> kinds_of(bitnet::type_list<A...>);
template <class Activations, class... P>
bitnet::joined<decltype(kinds_of<P>(Activations{}))...> all_kinds(bitnet::type_list<P...>);
template <class... P>
bitnet::type_list<Kind<typename P::Weights, typename P::Codes, typename P::Layout>...>
    kinds_by_bytes(bitnet::type_list<P...>);

/// Those that take floats, and those that differ in their bytes.
using FloatKinds = decltype(all_kinds<bitnet::activation_kinds>(bitnet::products{}));
using ByteKinds = decltype(kinds_by_bytes(bitnet::products{}));

/// Some of them, with tokens of each form, for what does not depend on formats and takes long to
/// compile for all.
using FewKinds =
    bitnet::type_list<Kind<bitnet::Ternary, bitnet::Int2>, Kind<bitnet::Ternary, bitnet::Int8>,
                      Kind<bitnet::Ternary, bitnet::Int8, bitnet::layout::Dense16>,
                      Kind<bitnet::Ternary, bitnet::Int8Groups<64>>,
                      Kind<bitnet::Binary, bitnet::SignNorm>>;

} // namespace support
