// SPDX-License-Identifier: MIT
// Chooses a cluster's table, once. Compiled with the target's baseline flags; the build defines
// BITNET_BUILT_<CLUSTER> for each cluster that kernels.cpp was compiled for.
#include <bitnet/dispatch.hpp>
#include <bitnet/self_test.hpp>

#include <cstddef>
#include <cstdlib>
#include <span>
#include <string_view>

#include "cpu.hpp"
#include "tables.hpp"

namespace BITNET_NAMESPACE::dispatch {
namespace {

struct Choice {
    const char* name;
    const Table& (*table)() noexcept;
    bool (*runs)(const Cpu&) noexcept;
};

/// Built clusters, worst first. The scalar one is always there.
constexpr Choice choices[] = {
    {isa::scalar::name, &table_of<isa::scalar>, [](const Cpu&) noexcept { return true; }},
#if defined(BITNET_BUILT_BASELINE128)
    {isa::baseline128::name, &table_of<isa::baseline128>, [](const Cpu&) noexcept { return true; }},
#endif
#if defined(BITNET_BUILT_HASWELL)
    {isa::haswell::name, &table_of<isa::haswell>, [](const Cpu& c) noexcept { return c.haswell; }},
#endif
#if defined(BITNET_BUILT_ALDERLAKE)
    {isa::alderlake::name, &table_of<isa::alderlake>,
     [](const Cpu& c) noexcept { return c.alderlake; }},
#endif
#if defined(BITNET_BUILT_SKYLAKEX)
    {isa::skylakex::name, &table_of<isa::skylakex>,
     [](const Cpu& c) noexcept { return c.skylakex; }},
#endif
#if defined(BITNET_BUILT_ICELAKE)
    {isa::icelake::name, &table_of<isa::icelake>, [](const Cpu& c) noexcept { return c.icelake; }},
#endif
};
constexpr std::size_t count = sizeof choices / sizeof choices[0];

/// Whether the choices are clusters of this list, in its order.
template <class... Clusters>
constexpr bool follow(isa::list<Clusters...>) noexcept {
    std::size_t i = 0;
    ((i += i < count && std::string_view(choices[i].name) == Clusters::name), ...);
    return i == count;
}
static_assert(follow(isa::clusters{}), "choices stand in the order of isa::clusters");

struct Chosen {
    const Table* table = nullptr;
    char request[32] = {}; // a copy: the environment may change
    std::string_view unusable;

    Chosen() noexcept {
        const Cpu cpu = this_cpu();
        if (const char* asked = std::getenv("BITNET_ISA")) {
            for (std::size_t i = 0; i + 1 < sizeof request && asked[i]; ++i) request[i] = asked[i];
        }
        const std::string_view wanted = request;
        for (const Choice& choice : choices) {
            if (choice.runs(cpu)) table = &choice.table();
        }
        if (wanted.empty()) return;
        if (const Table* asked = find(wanted)) {
            table = asked;
        } else {
            unusable = wanted;
        }
    }
};

const Chosen& chosen() noexcept {
    static const Chosen once;
    return once;
}

} // namespace

const Table* find(std::string_view cluster) noexcept {
    const Cpu cpu = this_cpu();
    for (const Choice& choice : choices) {
        if (cluster == choice.name && choice.runs(cpu)) return &choice.table();
    }
    return nullptr;
}

const Table& table() noexcept {
    return *chosen().table;
}
std::string_view unusable_request() noexcept {
    return chosen().unusable;
}
std::string_view name() noexcept {
    return table().name;
}
const char* self_test(const Table& tested) noexcept {
    return detail::SelfTest<isa::native>(tested, table_of<isa::scalar>()).run();
}
bool runs_here(std::string_view cluster) noexcept {
    return find(cluster) != nullptr;
}

std::span<const char* const> built() noexcept {
    static constexpr auto names = [] {
        struct Names {
            const char* name[count];
        } all{};
        for (std::size_t i = 0; i < count; ++i) all.name[i] = choices[i].name;
        return all;
    }();
    return {names.name, count};
}

} // namespace BITNET_NAMESPACE::dispatch
