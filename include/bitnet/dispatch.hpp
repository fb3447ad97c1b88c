// SPDX-License-Identifier: MIT
// Runtime choice of the ISA cluster. These are declarations: link bitnet::dispatch to use them.
//
// Pass `bitnet::isa::dynamic` as Isa wherever a function takes one:
//     layer.forward(x, y, tokens, scratch);                    // the flags of this file decide
//     layer.forward<isa::dynamic>(x, y, tokens, scratch);      // this CPU decides, once
// The environment variable BITNET_ISA names another cluster among those that the CPU can run.
#pragma once

#include <span>
#include <string_view>

#include <bitnet/config.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/table.hpp>

namespace BITNET_NAMESPACE {

namespace dispatch {

/// The table of the chosen cluster: the best that was built and that this CPU runs, or the one that
/// BITNET_ISA names. Resolved once, thread-safe.
BITNET_HIDDEN const Table& table() noexcept;

/// What BITNET_ISA asked for could not be had (unknown name, not built, or this CPU lacks it): the
/// name, for a message; empty when all is well. The best cluster is in use then.
BITNET_HIDDEN std::string_view unusable_request() noexcept;

/// The name of the cluster in use.
BITNET_HIDDEN std::string_view name() noexcept;

/// The clusters that were built, worst first; and whether this CPU runs one.
BITNET_HIDDEN std::span<const char* const> built() noexcept;
BITNET_HIDDEN bool runs_here(std::string_view cluster) noexcept;

/// The table of a built cluster that runs here, or nullptr. For tests and benchmarks.
BITNET_HIDDEN const Table* find(std::string_view cluster) noexcept;

/// Compares a cluster's functions with the scalar ones on small inputs, see self_test.hpp.
/// Returns the name of the first that disagrees, or nullptr.
BITNET_HIDDEN const char* self_test(const Table& tested = table()) noexcept;

} // namespace dispatch

namespace isa {
/// For isa::call() with `dynamic`.
template <class F>
BITNET_INLINE auto chosen(const Slot<F>*) noexcept {
    return dispatch::table().template get<F>();
}
} // namespace isa

} // namespace BITNET_NAMESPACE
