// SPDX-License-Identifier: MIT
// All primitives. Start reading at generic.hpp.
#pragma once

#include <bitnet/simd/alderlake.hpp>
#include <bitnet/simd/f32x16.hpp>
#include <bitnet/simd/generic.hpp>
#include <bitnet/simd/haswell.hpp>
#include <bitnet/simd/i32x16.hpp>
#include <bitnet/simd/icelake.hpp>
#include <bitnet/simd/neon.hpp>
#include <bitnet/simd/neon_dotprod.hpp>
#include <bitnet/simd/neon_i8mm.hpp>
#include <bitnet/simd/scalar.hpp>
#include <bitnet/simd/skylakex.hpp>
#include <bitnet/simd/wasm_relaxed.hpp>
#include <bitnet/simd/wasm_simd128.hpp>
#include <bitnet/simd/westmere.hpp>
#include <bitnet/simd/zen5.hpp>
