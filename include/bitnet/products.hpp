// SPDX-License-Identifier: MIT
// THE list of products: the pairs of formats, and the layouts of the weights, that have kernels. A
// row here is all that a kernel file needs to be compiled for every cluster, chosen at run time,
// self-tested, tested, fuzzed and measured.
#pragma once

#include <type_traits>

#include <bitnet/config.hpp>
#include <bitnet/format.hpp>
#include <bitnet/kernels/w158a1.hpp>
#include <bitnet/kernels/w158a158.hpp>
#include <bitnet/kernels/w158a8.hpp>
#include <bitnet/kernels/w158a8_dense.hpp>
#include <bitnet/kernels/w1a1.hpp>
#include <bitnet/kernels/w1a158.hpp>
#include <bitnet/kernels/w1a8.hpp>
#include <bitnet/kernels/w4a8.hpp>
#include <bitnet/kernels/w6a8.hpp>
#include <bitnet/kernels/w8a8.hpp>
#include <bitnet/layout.hpp>
#include <bitnet/text.hpp>
#include <bitnet/type_list.hpp>

namespace BITNET_NAMESPACE {

/// Weights times quantized tokens, with a kernel Tile<Weights, Codes, Layout>.
template <class W, class C, class L>
struct Product {
    using Weights = W;
    using Codes = C;
    using Layout = L;
    BITNET_HIDDEN static constexpr Text text{"w", W::digits, "a", C::digits, L::kernel_suffix};
    BITNET_HIDDEN static constexpr const char* name = text.characters; ///< "w158a8", say
};

/// Of several layouts for one pair of formats the first is preferred.
using products = type_list<Product<Ternary, Int8, layout::Rows16>,   //
                           Product<Ternary, Int8, layout::Dense16>,  //
                           Product<Binary, Int8, layout::Rows16>,    //
                           Product<Ternary, Sign, layout::Planes16>, //
                           Product<Binary, Sign, layout::Rows16>,    //
                           Product<Ternary, Ternary, layout::Planes16>,
                           Product<Binary, Ternary, layout::Rows16>, //
                           Product<Int8, Int8, layout::Rows16>,      //
                           Product<Int6, Int8, layout::Six16>,       //
                           Product<Int4, Int8, layout::Rows16>>;

/// What a layer's activations may be. Int4 and Int8Groups have the codes of Int8, and so its
/// kernels; Int2 those of Ternary; the sign kinds differ in their scale alone.
using activation_kinds = type_list<Int8, Int8Groups<32>, Int8Groups<64>, Int8Groups<128>, Int4,
                                   Int2, Sign, SignNorm, SignMean>;

namespace detail {
template <class Weights, class Codes, class... P>
struct preferred {
    static_assert(sizeof...(P) != 0,
                  "no kernel multiplies these weights with these activations: see products.hpp");
};
template <class Weights, class Codes, class First, class... Rest>
struct preferred<Weights, Codes, First, Rest...> : preferred<Weights, Codes, Rest...> {};
template <class Weights, class Codes, class L, class... Rest>
struct preferred<Weights, Codes, Product<Weights, Codes, L>, Rest...> {
    using type = L;
};
template <class Weights, class Codes, class... P>
preferred<Weights, Codes, P...> preferred_of(type_list<P...>);
} // namespace detail

/// The layout in which kernels read Weights when they meet Activations, unless another is asked
/// for.
template <class Weights, class Activations>
using preferred_layout =
    typename decltype(detail::preferred_of<Weights, codes_of<Activations>>(products{}))::type;

} // namespace BITNET_NAMESPACE
