// SPDX-License-Identifier: MIT
// All functions of one cluster. The build compiles this file once per cluster, with that cluster's
// flags and BITNET_KERNEL_ISA set to its tag.
#include <bitnet/detail/cluster_table.hpp>

#include "tables.hpp"

namespace BITNET_NAMESPACE::dispatch {

template <>
const Table& table_of<isa::BITNET_KERNEL_ISA>() noexcept {
    return detail::cluster_table<isa::here<isa::BITNET_KERNEL_ISA>>;
}

} // namespace BITNET_NAMESPACE::dispatch
