// SPDX-License-Identifier: MIT
// table_of<Cluster>(): instantiated once per cluster by kernels.cpp, used by dispatch.cpp.
#pragma once

#include <bitnet/table.hpp>

namespace BITNET_NAMESPACE::dispatch {

template <class Cluster>
BITNET_HIDDEN const Table& table_of() noexcept;

} // namespace BITNET_NAMESPACE::dispatch
