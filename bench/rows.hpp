// SPDX-License-Identifier: MIT
// The rows of the suite, by the file that registers them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <bitnet/dispatch.hpp>

#include "arena.hpp"
#include "limits.hpp"
#include "report.hpp"

namespace bench {

void add_limit_rows(Report& report);     // limit_rows.cpp
void add_gemm_rows(Report& report);      // gemm_rows.cpp
void add_float_rows(Report& report);     // float_rows.cpp
void add_head_rows(Report& report);      // head_rows.cpp
void add_layer_rows(Report& report);     // layer_rows.cpp
void add_attention_rows(Report& report); // attention_rows.cpp
void add_pool_row(Report& report);       // pool_row.cpp

/// A cluster that rows measure.
struct Contender {
    const bitnet::dispatch::Table* kernels;
    const Limits* limits;
};

/// The clusters that were built and that this CPU runs, worst first; not the scalar one, which is a
/// definition. Of a list not empty, "haswell,best" say, only those in it.
std::vector<Contender> contenders(const std::vector<std::string>& list);

/// The one of them that isa::dynamic takes; none if it is not in the list, or is the scalar one.
std::optional<Contender> chosen_contender(const std::vector<std::string>& list);

} // namespace bench
