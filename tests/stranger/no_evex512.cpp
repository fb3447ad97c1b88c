// SPDX-License-Identifier: MIT
// Compiled, never run, with AVX-512 that may not use its registers of 512 bits.
#include "instances.cpp"

static_assert(std::is_same_v<bitnet::isa::best, bitnet::isa::haswell>);
