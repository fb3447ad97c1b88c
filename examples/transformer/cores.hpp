// SPDX-License-Identifier: MIT
// How many threads a process should start.
#pragma once

#include <cstddef>
#include <filesystem>

namespace bitnet::example {

/// Cores that this process may use: those of the hardware, hyper-threads of one core counted once,
/// that the affinity mask allows, and no more than quota_cores(). At least 1.
std::size_t physical_cores();

/// CPUs that the quotas of this process's cgroups and of those above them leave, in version 1 and
/// 2 of cgroups: at least 1, or 0 where there is no quota. `root` is the folder that holds proc and
/// sys: another one than / for tests.
std::size_t quota_cores(const std::filesystem::path& root = "/");

} // namespace bitnet::example
