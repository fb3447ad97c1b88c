// SPDX-License-Identifier: MIT
// limits_of(): the built clusters' limits by name.
#include <bitnet/dispatch.hpp>

#include "limits_tables.hpp"

namespace bench {

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

} // namespace bench
