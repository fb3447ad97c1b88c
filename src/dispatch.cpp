// SPDX-License-Identifier: MIT
// Chooses a cluster's table, once. Compiled with the target's baseline flags; the build defines
// BITNET_BUILT_CLUSTERS, the clusters that kernels.cpp was compiled for, worst first.
#include <bitnet/dispatch.hpp>
#include <bitnet/self_test.hpp>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <span>
#include <string_view>

#include "cpu.hpp"
#include "tables.hpp"

namespace BITNET_NAMESPACE::isa {
using built_clusters = type_list<BITNET_BUILT_CLUSTERS>;
}

namespace BITNET_NAMESPACE::dispatch {
namespace {

struct Choice {
    const char* name;
    isa::Features needs;
    const Table& (*table)() noexcept;
};

template <class... Cluster>
constexpr std::array<Choice, sizeof...(Cluster)> choices_of(type_list<Cluster...>) noexcept {
    return {{{Cluster::name, Cluster::needs, &table_of<Cluster>}...}};
}
constexpr auto choices = choices_of(isa::built_clusters{});

/// Whether the choices are clusters of this list, in its order, and begin with its first, the
/// scalar one, which every CPU runs.
template <class First, class... Rest>
constexpr bool follow(type_list<First, Rest...>) noexcept {
    std::size_t i = 0;
    const auto meet = [&](const char* name) {
        if (i < choices.size() && std::string_view(choices[i].name) == name) ++i;
    };
    meet(First::name);
    const bool begins = i == 1;
    (meet(Rest::name), ...);
    return begins && i == choices.size();
}
static_assert(follow(isa::clusters{}), "BITNET_CLUSTERS: scalar, then others in isa.hpp's order");

/// Asked for once: in a virtual machine each CPUID is slow.
isa::Features this_cpu_has() noexcept {
    static const isa::Features features = features_of_cpu();
    return features;
}

struct Chosen {
    const Table* table = nullptr;
    char request[32] = {}; // a copy: the environment may change
    std::string_view unusable;

    Chosen() noexcept {
        const isa::Features here = this_cpu_has();
        if (const char* asked = std::getenv("BITNET_ISA")) {
            for (std::size_t i = 0; i + 1 < sizeof request && asked[i]; ++i) request[i] = asked[i];
        }
        const std::string_view wanted = request;
        for (const Choice& choice : choices) {
            if (here.contains(choice.needs)) table = &choice.table();
        }
        if (wanted.empty()) return;
        if (const Table* asked = find(wanted)) {
            table = asked;
        } else {
            unusable = wanted;
        }
    }
};

const Chosen& chosen_once() noexcept {
    static const Chosen once;
    return once;
}

} // namespace

const Table* find(std::string_view cluster) noexcept {
    const isa::Features here = this_cpu_has();
    for (const Choice& choice : choices) {
        if (cluster == choice.name && here.contains(choice.needs)) return &choice.table();
    }
    return nullptr;
}

const Table& table() noexcept {
    return *chosen_once().table;
}
std::string_view unusable_request() noexcept {
    return chosen_once().unusable;
}
std::string_view name() noexcept {
    return table().name;
}
const char* self_test(const Table& tested) noexcept {
    return bitnet::detail::SelfTest<isa::native>(tested, table_of<isa::scalar>()).run();
}
bool runs_here(std::string_view cluster) noexcept {
    return find(cluster) != nullptr;
}

std::span<const char* const> built() noexcept {
    static constexpr auto names = [] {
        std::array<const char*, choices.size()> all{};
        for (std::size_t i = 0; i < all.size(); ++i) all[i] = choices[i].name;
        return all;
    }();
    return names;
}

} // namespace BITNET_NAMESPACE::dispatch
