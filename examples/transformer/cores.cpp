// SPDX-License-Identifier: MIT
// What Linux tells about cores, affinity and cgroups; elsewhere, what the standard library knows.
#include "cores.hpp"

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
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

// Whether `word` is one of the words of `list`, which commas divide.
bool contains(std::string_view list, std::string_view word) {
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(','), list.size());
        if (list.substr(0, end) == word) return true;
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return false;
}

// A hierarchy of cgroups that can limit the CPU, where it is mounted.
struct Hierarchy {
    bool version_1 = false;
    fs::path mount; // folder of the group `top`
    fs::path top;   // in a container often the container's own group
};

// A line of /proc/self/mountinfo:
//   33 31 0:30 TOP MOUNT OPTIONS [MORE]... - TYPE SOURCE OPTIONS
std::optional<Hierarchy> parse_mount(const std::string& line) {
    std::istringstream words(line);
    std::string skipped, top, mount, type, options;
    words >> skipped >> skipped >> skipped >> top >> mount;
    while (words >> skipped && skipped != "-") {
    }
    words >> type >> skipped >> options;
    const bool version_1 = type == "cgroup" && contains(options, "cpu");
    if (!words || (!version_1 && type != "cgroup2")) return std::nullopt;
    return Hierarchy{version_1, mount, top};
}

// This process's group in a hierarchy, "/a/b", from the lines of /proc/self/cgroup:
//   0::/a/b  in version 2,  4:cpu,cpuacct:/a/b  in version 1
fs::path own_group(const fs::path& root, bool version_1) {
    std::ifstream file(root / "proc/self/cgroup");
    for (std::string line; std::getline(file, line);) {
        const std::size_t first = line.find(':');
        const std::size_t second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos) continue;
        const std::string_view controllers =
            std::string_view(line).substr(first + 1, second - first - 1);
        if (version_1 ? contains(controllers, "cpu") : controllers.empty()) {
            return line.substr(second + 1);
        }
    }
    return "/";
}

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

// The smallest of the group's quotas and those above it, up to where the hierarchy is mounted.
double smallest_quota(const fs::path& root, const Hierarchy& hierarchy) {
    fs::path below = own_group(root, hierarchy.version_1).lexically_relative(hierarchy.top);
    if (!below.empty() && *below.begin() == "..") { // outside of what is mounted here
        below.clear();
    }
    fs::path folder = root / hierarchy.mount.relative_path();
    double smallest = granted_cpus(folder, hierarchy.version_1);
    for (const fs::path& step : below) {
        folder /= step;
        smallest = std::min(smallest, granted_cpus(folder, hierarchy.version_1));
    }
    return smallest;
}

} // namespace

std::size_t quota_cores(const fs::path& root) {
    constexpr double none = std::numeric_limits<double>::infinity();
    double cpus = none;
    std::ifstream mounts(root / "proc/self/mountinfo");
    for (std::string line; std::getline(mounts, line);) {
        if (const std::optional<Hierarchy> hierarchy = parse_mount(line)) {
            cpus = std::min(cpus, smallest_quota(root, *hierarchy));
        }
    }
    return cpus == none ? 0 : std::max<std::size_t>(1, static_cast<std::size_t>(cpus));
}

std::size_t physical_cores() {
    std::size_t cores = allowed_cores();
    if (cores == 0) cores = std::max(1u, std::thread::hardware_concurrency());
    const std::size_t quota = quota_cores();
    return quota != 0 ? std::min(cores, quota) : cores;
}

} // namespace bitnet::example
