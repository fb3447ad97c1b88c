// SPDX-License-Identifier: MIT
// How much memory is left, from a made-up system; and what of a buffer is in large pages.
#include "memory.hpp"
#include "state.hpp"
#include "system_files.hpp"

#include <bitnet/tensor.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>

using namespace bitnet::example;

namespace {

struct System : support::SystemFiles {
    std::optional<std::uint64_t> available() const { return available_memory_bytes(root()); }
};

const std::string meminfo = "MemTotal:  16000 kB\nMemFree:  10 kB\nMemAvailable:   8000 kB\n";

} // namespace

TEST_CASE("what the machine has left") {
    const System system;
    CHECK_FALSE(system.available());
    system.write("proc/meminfo", "MemTotal:  16000 kB\nMemAvailable: some\n");
    CHECK_FALSE(system.available());
    system.write("proc/meminfo", meminfo);
    CHECK(system.available() == 8000 * 1024);
}

TEST_CASE("version 2: the smallest limit of a cgroup and those above it leaves the rest") {
    const System system;
    system.write("proc/meminfo", meminfo);
    system.write("proc/self/mountinfo",
                 "29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n");
    system.write("proc/self/cgroup", "0::/a/b\n");
    const std::string a = "sys/fs/cgroup/a/";
    CHECK(system.available() == 8000 * 1024);
    system.write(a + "b/memory.max", "max\n");
    system.write(a + "b/memory.current", "5000000\n");
    CHECK(system.available() == 8000 * 1024);
    system.write(a + "memory.max", "6000000\n");
    CHECK(system.available() == 8000 * 1024); // nobody says what is used
    system.write(a + "memory.current", "5000000\n");
    CHECK(system.available() == 1000000);
    CHECK(obtainable_memory_bytes(system.root()) == 1000000);
    // Cached files go when memory is short.
    system.write(a + "memory.stat", "anon 1\ninactive_file 300000\nactive_file 20000\nshmem 9\n");
    CHECK(system.available() == 1320000);
    system.write(a + "memory.current", "7000000\n"); // for a moment that happens
    CHECK(system.available() == 0);
    system.write(a + "memory.current", "100\n");
    CHECK(system.available() == 6000000);
}

TEST_CASE("version 1: the same from other files") {
    const System system;
    system.write("proc/meminfo", meminfo);
    system.write("proc/self/mountinfo",
                 "33 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
                 "34 31 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
    system.write("proc/self/cgroup", "4:cpu:/c\n5:memory:/m\n");
    const std::string m = "sys/fs/cgroup/memory/m/";
    system.write(m + "memory.limit_in_bytes", "9223372036854771712\n"); // none
    system.write(m + "memory.usage_in_bytes", "5000000\n");
    CHECK(system.available() == 8000 * 1024);
    system.write(m + "memory.limit_in_bytes", "6000000\n");
    system.write(m + "memory.stat", "inactive_file 7\ntotal_inactive_file 2000\n"
                                    "total_active_file 300\n");
    CHECK(system.available() == 1002300);
}

TEST_CASE("whether the system gives large pages") {
    const System system;
    CHECK_FALSE(gives_large_pages(system.root()));
    const std::string path = "sys/kernel/mm/transparent_hugepage/enabled";
    system.write(path, "always [madvise] never\n");
    CHECK(gives_large_pages(system.root()));
    system.write(path, "[always] madvise never\n");
    CHECK(gives_large_pages(system.root()));
    system.write(path, "always madvise [never]\n");
    CHECK_FALSE(gives_large_pages(system.root()));
}

TEST_CASE("a State's buffers begin at a cache line, large ones at a large page and in such",
          "[system]") {
    using bitnet::large_page;
    for (const std::size_t bytes : {std::size_t{4}, large_page, 2 * large_page, 16 * large_page}) {
        const Floats floats(bytes / sizeof(float));
        const auto address = reinterpret_cast<std::uintptr_t>(floats.data());
        CHECK(address % (bytes < 2 * large_page ? 64 : large_page) == 0);
        const auto large = large_page_bytes(std::as_bytes(std::span(floats)));
        if (gives_large_pages() && large && bytes > 2 * large_page) CHECK(*large >= large_page);
    }
}

TEST_CASE("what of a buffer is in large pages", "[system]") {
    using bitnet::large_page;
    const bitnet::AlignedBytes memory(16 * large_page);
    std::memset(memory.data(), 1, memory.size());
    const auto large = large_page_bytes({memory.data(), memory.size()});
    if (!large) SKIP("this system does not tell");
    CHECK(*large <= memory.size());
    CHECK(*large % large_page == 0);
    if (gives_large_pages()) CHECK(*large >= large_page);
    const auto part = large_page_bytes({memory.data() + 5, 100});
    CHECK(part.value() <= 100); // of a part no more than it has
    if (gives_large_pages()) CHECK(part.value() == 100);
    CHECK(large_page_bytes({}).value() == 0);
}
