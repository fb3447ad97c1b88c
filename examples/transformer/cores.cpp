// SPDX-License-Identifier: MIT
// What Linux tells about cores, affinity and cgroups; elsewhere, what the standard library knows.
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
