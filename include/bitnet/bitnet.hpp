// SPDX-License-Identifier: MIT
// Everything. Most users need bitlinear.hpp alone.
#pragma once

#include <bitnet/activation.hpp>
#include <bitnet/bitlinear.hpp>
#include <bitnet/blocks.hpp>
#include <bitnet/coded_rows.hpp>
#include <bitnet/gemm.hpp>
#include <bitnet/hadamard.hpp>
#include <bitnet/large_pages.hpp>
#include <bitnet/math.hpp>
#include <bitnet/pack.hpp>
#include <bitnet/quantize.hpp>
#include <bitnet/quantize_weights.hpp>
#include <bitnet/random.hpp>
#include <bitnet/rope.hpp>
#include <bitnet/screened_head.hpp>
#include <bitnet/self_test.hpp>
#include <bitnet/stochastic.hpp>
#include <bitnet/version.hpp>
