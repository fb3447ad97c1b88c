// SPDX-License-Identifier: MIT
// type_list: a list of types as a value, for the lists of clusters, formats, layouts and functions.
#pragma once

#include <bitnet/config.hpp>

namespace BITNET_NAMESPACE {

template <class... T>
struct type_list {};

namespace detail {
template <class... Lists>
struct joined;
template <class... T>
struct joined<type_list<T...>> {
    using type = type_list<T...>;
};
template <class... A, class... B, class... Rest>
struct joined<type_list<A...>, type_list<B...>, Rest...> {
    using type = typename joined<type_list<A..., B...>, Rest...>::type;
};
} // namespace detail

/// The types of all lists, in order.
template <class... Lists>
using joined = typename detail::joined<type_list<>, Lists...>::type;

/// Calls f.template operator()<T>() for each T of a list, in order.
template <class... T, class F>
BITNET_INLINE constexpr void for_each_type(type_list<T...>, F&& f) {
    (f.template operator()<T>(), ...);
}

} // namespace BITNET_NAMESPACE
