// SPDX-License-Identifier: MIT
// Table: a cluster's functions as pointers, one for each row of functions.hpp.
#pragma once

#include <bitnet/config.hpp>
#include <bitnet/functions.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/type_list.hpp>

namespace BITNET_NAMESPACE {

namespace isa {
/// A function's place in the table.
template <class F>
struct Slot {
    decltype(&F::template run<scalar>) function;
};
} // namespace isa

namespace dispatch {

namespace detail {
template <class Functions>
struct Slots;
template <class... F>
struct Slots<type_list<F...>> : isa::Slot<F>... {};
} // namespace detail

/// Everything that one cluster compiles.
struct Table : detail::Slots<all_functions> {
    const char* name; ///< of the cluster

    /// The cluster's F: `table.get<functions::Softmax>()(x, n)`.
    template <class F>
    BITNET_INLINE auto get() const noexcept {
        return static_cast<const isa::Slot<F>&>(*this).function;
    }
};

namespace detail {
template <class Isa, class... F>
consteval Table compile(type_list<F...>) noexcept {
    return {{isa::Slot<F>{&F::template run<Isa>}...}, isa::cluster_of<Isa>::name};
}
} // namespace detail

/// The functions of Isa, as this unit compiles them.
template <class Isa>
BITNET_HIDDEN inline constexpr Table compiled = detail::compile<Isa>(all_functions{});

} // namespace dispatch
} // namespace BITNET_NAMESPACE
