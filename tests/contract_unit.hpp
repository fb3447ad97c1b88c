// SPDX-License-Identifier: MIT
// Everything with floats in it, computed by one unit of contract_unit.cpp and returned as bytes, to
// be compared with what other flags give.
#pragma once

#include <cstddef>
#include <vector>

namespace contract {

struct Input {
    std::size_t rows, cols, tokens;
    std::vector<float> weights, bias, x, other; // other: as many as x
    float bad = 0.0f;                           // what layers are offered, to be refused
};

/// Bit patterns, named by what made them.
struct Output {
    const char* name;
    std::vector<unsigned> bits;
};
using Unit = std::vector<Output>(const Input& in);

Unit plain, fma, fast, fast_fma, without_asm;

} // namespace contract
