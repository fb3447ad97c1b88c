// SPDX-License-Identifier: MIT
// limits_table<Cluster>(): defined once per cluster in limits.cpp. The scalar cluster has none.
#pragma once

#include <bitnet/isa.hpp>

#include "limits.hpp"

namespace bench {

template <class Cluster>
const Limits& limits_table() noexcept;
template <>
const Limits& limits_table<bitnet::isa::baseline128>() noexcept;
template <>
const Limits& limits_table<bitnet::isa::haswell>() noexcept;
template <>
const Limits& limits_table<bitnet::isa::alderlake>() noexcept;
template <>
const Limits& limits_table<bitnet::isa::skylakex>() noexcept;
template <>
const Limits& limits_table<bitnet::isa::icelake>() noexcept;

} // namespace bench
