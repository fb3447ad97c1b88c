// SPDX-License-Identifier: MIT
// Where the system's files say that a cgroup is.
#include "cgroup.hpp"

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

namespace bitnet::example {
namespace {

namespace fs = std::filesystem;

// Whether `word` is one of the words of `list`, which commas divide.
bool contains(std::string_view list, std::string_view word) {
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(','), list.size());
        if (list.substr(0, end) == word) return true;
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return false;
}

// A hierarchy of cgroups that has the controller, where it is mounted.
struct Hierarchy {
    bool version_1 = false;
    fs::path mount; // folder of the group `top`
    fs::path top;   // in a container often the container's own group
};

// A line of /proc/self/mountinfo:
//   33 31 0:30 TOP MOUNT OPTIONS [MORE]... - TYPE SOURCE OPTIONS
std::optional<Hierarchy> parse_mount(const std::string& line, std::string_view controller) {
    std::istringstream words(line);
    std::string skipped, top, mount, type, options;
    words >> skipped >> skipped >> skipped >> top >> mount;
    while (words >> skipped && skipped != "-") {
    }
    words >> type >> skipped >> options;
    const bool version_1 = type == "cgroup" && contains(options, controller);
    if (!words || (!version_1 && type != "cgroup2")) return std::nullopt;
    return Hierarchy{version_1, mount, top};
}

// This process's group in a hierarchy, "/a/b", from the lines of /proc/self/cgroup:
//   0::/a/b  in version 2,  4:cpu,cpuacct:/a/b  in version 1
fs::path own_group(const fs::path& root, bool version_1, std::string_view controller) {
    std::ifstream file(root / "proc/self/cgroup");
    for (std::string line; std::getline(file, line);) {
        const std::size_t first = line.find(':');
        const std::size_t second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos) continue;
        const std::string_view controllers =
            std::string_view(line).substr(first + 1, second - first - 1);
        if (version_1 ? contains(controllers, controller) : controllers.empty()) {
            return line.substr(second + 1);
        }
    }
    return "/";
}

} // namespace

void for_each_cgroup(const fs::path& root, std::string_view controller,
                     const std::function<void(const fs::path& folder, bool version_1)>& f) {
    std::ifstream mounts(root / "proc/self/mountinfo");
    for (std::string line; std::getline(mounts, line);) {
        const std::optional<Hierarchy> hierarchy = parse_mount(line, controller);
        if (!hierarchy) continue;
        fs::path below =
            own_group(root, hierarchy->version_1, controller).lexically_relative(hierarchy->top);
        if (!below.empty() && *below.begin() == "..") { // outside of what is mounted here
            below.clear();
        }
        fs::path folder = root / hierarchy->mount.relative_path();
        f(folder, hierarchy->version_1);
        for (const fs::path& step : below) f(folder /= step, hierarchy->version_1);
    }
}

} // namespace bitnet::example
