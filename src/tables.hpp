// SPDX-License-Identifier: MIT
// table_of<Cluster>(): defined once per cluster in kernels.cpp, used by dispatch.cpp.
#pragma once

#include <bitnet/dispatch.hpp>

namespace BITNET_NAMESPACE::dispatch {

template <class Cluster>
const Table& table_of() noexcept;
template <>
const Table& table_of<isa::scalar>() noexcept;
template <>
const Table& table_of<isa::baseline128>() noexcept;
template <>
const Table& table_of<isa::haswell>() noexcept;
template <>
const Table& table_of<isa::alderlake>() noexcept;
template <>
const Table& table_of<isa::skylakex>() noexcept;
template <>
const Table& table_of<isa::icelake>() noexcept;

} // namespace BITNET_NAMESPACE::dispatch
