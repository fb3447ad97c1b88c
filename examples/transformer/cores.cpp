// SPDX-License-Identifier: MIT
// What Linux tells about cores, affinity and cgroups, and Windows about cores and affinity;
// elsewhere, what the standard library knows.
#include "cores.hpp"

#include "cgroup.hpp"

#include <algorithm>
#include <fstream>
#include <limits>
#include <set>
#include <string>
#include <thread>
#include <utility>

#if defined(__linux__)
#include <sched.h>
#elif defined(_WIN32)
#include "windows_api.hpp"

#include <cstddef>
#include <vector>
#endif

namespace bitnet::example {
namespace {

namespace fs = std::filesystem;

#if defined(__linux__)

std::size_t allowed_cores() {
    cpu_set_t allowed;
    if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 0;
    std::set<std::pair<int, int>> cores; // (package, core)
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (!CPU_ISSET(static_cast<std::size_t>(cpu), &allowed)) continue;
        const std::string topology =
            "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
        int package = 0;
        int core = 0;
        if (!(std::ifstream(topology + "physical_package_id") >> package) ||
            !(std::ifstream(topology + "core_id") >> core)) {
            return static_cast<std::size_t>(CPU_COUNT(&allowed));
        }
        cores.emplace(package, core);
    }
    return cores.size();
}

#elif defined(_WIN32)

std::size_t allowed_cores() {
    // The mask is that of the one group of CPUs that the process is in, and zero if it is in many.
    DWORD_PTR allowed = 0;
    DWORD_PTR present = 0;
    if (!::GetProcessAffinityMask(::GetCurrentProcess(), &allowed, &present)) return 0;
    USHORT groups[64];
    USHORT group_count = 64;
    if (!::GetProcessGroupAffinity(::GetCurrentProcess(), &group_count, groups)) return 0;
    DWORD bytes = 0;
    ::GetLogicalProcessorInformationEx(RelationProcessorCore, nullptr, &bytes);
    std::vector<std::byte> all(bytes);
    const auto at = [&](DWORD offset) {
        return reinterpret_cast<SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX*>(all.data() + offset);
    };
    if (!::GetLogicalProcessorInformationEx(RelationProcessorCore, at(0), &bytes)) return 0;
    std::size_t cores = 0;
    for (DWORD offset = 0; offset < bytes; offset += at(offset)->Size) {
        const GROUP_AFFINITY& core = at(offset)->Processor.GroupMask[0];
        const bool in_group =
            std::find(groups, groups + group_count, core.Group) != groups + group_count;
        if (in_group && (allowed == 0 || (core.Mask & allowed) != 0)) ++cores;
    }
    return cores;
}

#else

std::size_t allowed_cores() {
    return 0;
}

#endif

// CPUs that the quota of the group in `folder` grants; infinity where it has none.
double granted_cpus(const fs::path& folder, bool version_1) {
    double quota = 0; // microseconds of CPU time in a period
    double period = 0;
    bool limited = false;
    if (version_1) { // a quota of -1 is none
        std::ifstream(folder / "cpu.cfs_period_us") >> period;
        limited = std::ifstream(folder / "cpu.cfs_quota_us") >> quota && quota > 0;
    } else { // "max 100000" is none
        limited = static_cast<bool>(std::ifstream(folder / "cpu.max") >> quota >> period);
    }
    return limited && period > 0 ? quota / period : std::numeric_limits<double>::infinity();
}

} // namespace

std::size_t quota_cores(const fs::path& root) {
    constexpr double none = std::numeric_limits<double>::infinity();
    double cpus = none;
    for_each_cgroup(root, "cpu", [&](const fs::path& folder, bool version_1) {
        cpus = std::min(cpus, granted_cpus(folder, version_1));
    });
    return cpus == none ? 0 : std::max<std::size_t>(1, static_cast<std::size_t>(cpus));
}

std::size_t physical_cores() {
    std::size_t cores = allowed_cores();
    if (cores == 0) cores = std::max(1u, std::thread::hardware_concurrency());
    const std::size_t quota = quota_cores();
    return quota != 0 ? std::min(cores, quota) : cores;
}

} // namespace bitnet::example
