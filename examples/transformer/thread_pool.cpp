// SPDX-License-Identifier: MIT
// How many threads a process should start: what the hardware has, the affinity mask allows and, in
// a container, the CPU quota grants.
#include "thread_pool.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>
#include <string>
#include <utility>

#if defined(__linux__)
#include <sched.h>
#endif

namespace bitnet::example {
namespace {

#if defined(__linux__)

std::size_t allowed_cores() {
    cpu_set_t allowed;
    if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) {
        return 0;
    }
    std::set<std::pair<int, int>> cores; // (package, core)
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (!CPU_ISSET(static_cast<std::size_t>(cpu), &allowed)) {
            continue;
        }
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

// The cgroup (version 2) of this process; empty where there is none.
std::string own_group() {
    std::ifstream file("/proc/self/cgroup");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("0::/")) {
            return line.substr(3);
        }
    }
    return {};
}

} // namespace

std::size_t quota_cores(const std::filesystem::path& root, const std::string& group) {
    constexpr double none = std::numeric_limits<double>::infinity();
    double cores = none;
    std::filesystem::path folder = std::filesystem::path(group).relative_path();
    for (bool more = true; more; folder = folder.parent_path()) {
        std::ifstream file(root / folder / "cpu.max"); // "max 100000" or "quota period"
        double quota = 0;
        double period = 0;
        if (file >> quota >> period && period > 0) {
            cores = std::min(cores, quota / period);
        }
        more = !folder.empty();
    }
    return cores == none ? 0 : std::max<std::size_t>(1, static_cast<std::size_t>(cores));
}

std::size_t physical_cores() {
    std::size_t cores = allowed_cores();
    if (cores == 0) {
        cores = std::max(1u, std::thread::hardware_concurrency());
    }
    const std::size_t quota = quota_cores("/sys/fs/cgroup", own_group());
    return quota != 0 ? std::min(cores, quota) : cores;
}

} // namespace bitnet::example
