// SPDX-License-Identifier: MIT
// The clusters to measure, each with its limits.
#include <algorithm>
#include <string_view>

#include "limits_tables.hpp"
#include "rows.hpp"

namespace bench {
namespace {

/// The limits of a cluster that this CPU runs, or nullptr.
template <class... Cluster>
const Limits* limits_of(std::string_view name, bitnet::type_list<Cluster...>) noexcept {
    const Limits* found = nullptr;
    if (!bitnet::dispatch::runs_here(name)) return found;
    ((found = name == Cluster::name ? &limits_table<Cluster>() : found), ...);
    return found;
}

} // namespace

std::vector<Contender> contenders(const std::vector<std::string>& list) {
    using namespace bitnet::isa;
    std::vector<Contender> all, few;
    for (const char* cluster : bitnet::dispatch::built()) {
        if (const Limits* limits = limits_of(cluster, bitnet::type_list<BITNET_BUILT_CLUSTERS>{})) {
            all.push_back({bitnet::dispatch::find(cluster), limits});
        }
    }
    if (list.empty()) return all;
    const auto listed = [&](const char* cluster) {
        return std::find(list.begin(), list.end(), cluster) != list.end();
    };
    for (const Contender& c : all) {
        const bool best = &c == &all.back();
        if (listed(c.kernels->name) || (best && listed("best"))) few.push_back(c);
    }
    return few;
}

std::optional<Contender> chosen_contender(const std::vector<std::string>& list) {
    for (const Contender& c : contenders(list)) {
        if (c.kernels->name == bitnet::dispatch::name()) return c;
    }
    return std::nullopt;
}

} // namespace bench
