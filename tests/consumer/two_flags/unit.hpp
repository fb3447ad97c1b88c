// SPDX-License-Identifier: MIT
// What the units share: the layer's type, which carries no instruction set, and their names.
#pragma once

#include <bitnet/bitlinear.hpp>

#include <cstddef>
#include <span>

using Layer = bitnet::BitLinear<bitnet::Ternary, bitnet::Int8>;
using Run = void(const Layer&, std::span<const float>, std::span<float>, std::span<std::byte>);

Run icelake_amx, icelake, haswell_movbe, haswell, sse42, baseline;
