// SPDX-License-Identifier: MIT
// The rows of the suite, by the file that registers them.
#pragma once

#include "report.hpp"

namespace bench {

void add_limit_rows(Report& report); // limit_rows.cpp
void add_gemm_rows(Report& report);  // gemm_rows.cpp
void add_float_rows(Report& report); // float_rows.cpp

/// Bytes that surely do not fit the last cache: what a row called "cold" walks through.
std::size_t cold_bytes();

} // namespace bench
