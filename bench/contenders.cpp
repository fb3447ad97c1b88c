// SPDX-License-Identifier: MIT
// The clusters to measure, each with its limits.
#include <string_view>

#include "limits_tables.hpp"
#include "rows.hpp"

namespace bench {
namespace {

/// The limits of a cluster that this CPU runs, or nullptr.
const Limits* limits_of(std::string_view cluster) noexcept {
    if (!bitnet::dispatch::runs_here(cluster)) return nullptr;
    using Table = const Limits& (*)() noexcept;
    constexpr Table tables[] = {
        nullptr, // the scalar cluster's
#if defined(BITNET_BUILT_BASELINE128)
        &limits_table<bitnet::isa::baseline128>,
#endif
#if defined(BITNET_BUILT_HASWELL)
        &limits_table<bitnet::isa::haswell>,
#endif
#if defined(BITNET_BUILT_ALDERLAKE)
        &limits_table<bitnet::isa::alderlake>,
#endif
#if defined(BITNET_BUILT_SKYLAKEX)
        &limits_table<bitnet::isa::skylakex>,
#endif
#if defined(BITNET_BUILT_ICELAKE)
        &limits_table<bitnet::isa::icelake>,
#endif
    };
    for (Table table : tables) {
        if (table && cluster == table().name) return &table();
    }
    return nullptr;
}

} // namespace

std::vector<Contender> contenders(bool quick) {
    std::vector<Contender> all, few;
    for (const char* cluster : bitnet::dispatch::built()) {
        if (const Limits* limits = limits_of(cluster)) {
            all.push_back({bitnet::dispatch::find(cluster), limits});
        }
    }
    if (!quick) return all;
    for (const Contender& c : all) {
        if (&c == &all.back() || std::string_view(c.kernels->name) == "haswell") few.push_back(c);
    }
    return few;
}

} // namespace bench
