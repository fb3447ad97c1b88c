// SPDX-License-Identifier: MIT
// One program, units compiled with different flags. Each unit of odr_unit.cpp tells what it was
// compiled as, where its own copies of some functions are, and runs layers that another unit made.
#pragma once

#include <bitnet/bitlinear.hpp>

#include <cstddef>
#include <span>
#include <string_view>

namespace odr {

using Int8Layer = bitnet::BitLinear<bitnet::Ternary, bitnet::Int8>;
using SignLayer = bitnet::BitLinear<bitnet::Binary, bitnet::SignNorm>;

struct Input {
    const Int8Layer& int8;
    const SignLayer& sign;
    std::span<const float> x, weights;
    std::size_t tokens;
    std::span<std::byte> scratch;
};

struct Report {
    std::string_view cluster;
    unsigned long long flags = 0;
    bool same_bytes = false;       ///< its own from_float gave int8's bytes, its head the best
    const void* functions[6] = {}; ///< instantiated for native: never shared
    const void* dynamic_functions[3] = {}; ///< for dynamic: they run this unit's instructions too
};

/// y: native int8, native sign, dynamic int8, dynamic sign; each (tokens, rows)
using Unit = Report(const Input& in, std::span<float> (&y)[4]);

Unit zen5, sapphire, icelake, cannonlake, skylakex, haswell, haswell_movbe_off, sse42, plain;
Unit i8mm, dotprod, sve, fp16;

/// Flag sets, of flag_set_unit.cpp.
extern const unsigned long long bdver4, no_xop, no_fma4, no_tbm, no_sse4a;

} // namespace odr
