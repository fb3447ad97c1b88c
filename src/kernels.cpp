// SPDX-License-Identifier: MIT
// All functions of one cluster. The build compiles this file once per cluster, with that cluster's
// flags and BITNET_KERNEL_ISA set to its tag.
#include <bitnet/isa.hpp>
#include <bitnet/table.hpp>

#include "tables.hpp"

namespace BITNET_NAMESPACE::dispatch {

static_assert(isa::features_of_flags.contains(isa::BITNET_KERNEL_ISA::needs),
              "the flags of this file lack what the cluster needs");

template <class Cluster>
const Table& table_of() noexcept {
    return compiled<isa::here<Cluster>>;
}
template const Table& table_of<isa::BITNET_KERNEL_ISA>() noexcept;

} // namespace BITNET_NAMESPACE::dispatch
