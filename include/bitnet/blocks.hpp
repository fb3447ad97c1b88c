// SPDX-License-Identifier: MIT
// The low-bit blocks of other programs' files: what BitLinear::from_blocks() takes. Each is exact:
// its codes and scales are those that the file's own program reads.
#pragma once

#include <bitnet/blocks/hf_ternary.hpp>
#include <bitnet/blocks/i2_s.hpp>
#include <bitnet/blocks/ptq1_0.hpp>
#include <bitnet/blocks/q1_0.hpp>
#include <bitnet/blocks/q2_0.hpp>
#include <bitnet/blocks/tq1_0.hpp>
#include <bitnet/blocks/tq2_0.hpp>
#include <bitnet/blocks/view.hpp>
#include <bitnet/config.hpp>
#include <bitnet/type_list.hpp>

namespace BITNET_NAMESPACE {

/// All types of blocks. Each is a struct with
///   name
///   rows, cols, bytes       of a block
///   scale_at                the byte of a block at which its scale is, a half; or no_scale
///   tail_bytes              after the blocks of a matrix: where there are any, the first four are
///                           the scale of all weights, a float
///   decode(block, codes)    the codes of a block, where it is one row high
///   decode_row(data, rows, cols, row, codes)
///                           the codes of a row of a matrix
/// Codes are -1, 0, 1, and 2 where two bits are 3, which no ternary weight is.
using block_types =
    type_list<blocks::I2_S, blocks::TQ1_0, blocks::TQ2_0, blocks::Q1_0, blocks::Q2_0<64>,
              blocks::Q2_0<128>, blocks::PTQ1_0, blocks::HfTernary>;

} // namespace BITNET_NAMESPACE
