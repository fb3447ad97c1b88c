// SPDX-License-Identifier: MIT
// The cgroups that limit this process.
#pragma once

#include <filesystem>
#include <functional>
#include <string_view>

namespace bitnet::example {

/// Calls f with the folder of this process's cgroup and with those of the groups above it, as far
/// up as they are mounted, in each hierarchy of version 1 that has the controller ("cpu",
/// "memory") and in version 2. `root` is the folder that holds proc and sys.
void for_each_cgroup(
    const std::filesystem::path& root, std::string_view controller,
    const std::function<void(const std::filesystem::path& folder, bool version_1)>& f);

} // namespace bitnet::example
