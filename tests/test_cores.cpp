// SPDX-License-Identifier: MIT
// How many threads to start: CPU quotas of both versions of cgroups, read from a made-up system.
#include "cores.hpp"
#include "system_files.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif

using namespace bitnet::example;

namespace {

struct System : support::SystemFiles {
    std::size_t quota() const { return quota_cores(root()); }
};

const std::string version_2 =
    "29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n";

} // namespace

TEST_CASE("there is a core, and a mask of one CPU leaves one", "[system]") {
    CHECK(physical_cores() >= 1);
    CHECK(physical_cores() <= std::max(1u, std::thread::hardware_concurrency()));
#if defined(__linux__)
    cpu_set_t all, one;
    REQUIRE(::sched_getaffinity(0, sizeof all, &all) == 0);
    std::size_t first = 0;
    while (!CPU_ISSET(first, &all)) ++first;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    REQUIRE(::sched_setaffinity(0, sizeof one, &one) == 0);
    CHECK(physical_cores() == 1);
    REQUIRE(::sched_setaffinity(0, sizeof all, &all) == 0);
#endif
}

TEST_CASE("no quota where nothing is mounted, and where no number can be read") {
    const System system;
    CHECK(system.quota() == 0);
    system.write("proc/self/mountinfo",
                 "22 1 8:1 / / rw - ext4 /dev/root rw\nno mount\n\n" + version_2);
    CHECK(system.quota() == 0);
    system.write("proc/self/cgroup", "nothing\n0::/a\n");
    CHECK(system.quota() == 0);
    for (const char* none : {"max 100000\n", "", "many", "100000", "100000 0"}) {
        system.write("sys/fs/cgroup/a/cpu.max", none);
        CHECK(system.quota() == 0);
    }
}

TEST_CASE("version 2: the smallest quota of a cgroup and those above it counts") {
    const System system;
    system.write("proc/self/mountinfo", version_2);
    system.write("sys/fs/cgroup/cpu.max", "max 100000\n");
    system.write("sys/fs/cgroup/a/cpu.max", "350000 100000\n");
    system.write("sys/fs/cgroup/a/b/cpu.max", "800000 100000\n");
    system.write("sys/fs/cgroup/a/b/c/cpu.max", "50000 100000\n");
    const auto quota_of = [&](const std::string& group) {
        system.write("proc/self/cgroup", "4:cpu:/elsewhere\n0::" + group + "\n");
        return system.quota();
    };
    CHECK(quota_of("/") == 0);
    CHECK(quota_of("/a") == 3);
    CHECK(quota_of("/a/b") == 3);
    CHECK(quota_of("/a/b/c") == 1); // half a CPU is one thread
    CHECK(quota_of("/gone/since") == 0);
    CHECK(quota_of("/../outside") == 0);
}

TEST_CASE("version 1: the same, from two files, wherever the controller cpu is mounted") {
    const System system;
    // As systemd mounts them: cpu and cpuacct together, others beside, version 2 for its own use.
    system.write("proc/self/mountinfo",
                 "32 31 0:28 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
                 "33 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
                 "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
    system.write("proc/self/cgroup", "3:cpuset:/s\n2:cpu,cpuacct:/a/b\n1:name=systemd:/x\n0::/x\n");
    const std::string cpu = "sys/fs/cgroup/cpu,cpuacct/";
    system.write(cpu + "a/b/cpu.cfs_period_us", "100000\n");
    system.write(cpu + "a/b/cpu.cfs_quota_us", "-1\n");
    CHECK(system.quota() == 0);
    system.write(cpu + "a/b/cpu.cfs_quota_us", "600000\n");
    CHECK(system.quota() == 6);
    system.write(cpu + "a/cpu.cfs_period_us", "50000\n");
    system.write(cpu + "a/cpu.cfs_quota_us", "125000\n");
    CHECK(system.quota() == 2);
    // Both versions at once: the smaller.
    system.write("sys/fs/cgroup/unified/x/cpu.max", "100000 100000\n");
    CHECK(system.quota() == 1);
}

TEST_CASE("version 1 in a container: its group is where the hierarchy is mounted") {
    const System system;
    system.write("proc/self/mountinfo",
                 "33 31 0:29 /docker/0a1b /sys/fs/cgroup/cpu ro master:9 - cgroup cgroup rw,cpu\n");
    system.write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    system.write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "400000\n");
    system.write("sys/fs/cgroup/cpu/sub/cpu.cfs_period_us", "100000\n");
    system.write("sys/fs/cgroup/cpu/sub/cpu.cfs_quota_us", "200000\n");
    const auto quota_of = [&](const std::string& group) {
        system.write("proc/self/cgroup", "4:cpu:" + group + "\n");
        return system.quota();
    };
    CHECK(quota_of("/docker/0a1b") == 4);
    CHECK(quota_of("/docker/0a1b/sub") == 2);
    CHECK(quota_of("/docker/other") == 4); // not seen from here
    CHECK(quota_of("/") == 4);
}
