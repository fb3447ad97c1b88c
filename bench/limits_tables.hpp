// SPDX-License-Identifier: MIT
// limits_table<Cluster>(): instantiated once per cluster by limits.cpp. The scalar cluster has
// none.
#pragma once

#include "limits.hpp"

namespace bench {

template <class Cluster>
const Limits& limits_table() noexcept;

} // namespace bench
