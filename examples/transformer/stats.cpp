// SPDX-License-Identifier: MIT
// What the system tells about memory.
#include "stats.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>

#if defined(__unix__) || defined(__APPLE__)
#include <sys/resource.h>
#include <unistd.h>
#endif

namespace bitnet::example {

#if defined(__linux__)
namespace {

// The number of the line "name:  1234 kB" of a file of /proc; 0: there is none.
std::size_t kilobytes_after(const char* name, const char* path) noexcept {
    std::size_t kilobytes = 0;
    if (std::FILE* file = std::fopen(path, "r")) {
        char line[256];
        const std::size_t length = std::strlen(name);
        while (kilobytes == 0 && std::fgets(line, sizeof line, file)) {
            if (std::strncmp(line, name, length) == 0 && line[length] == ':') {
                kilobytes = std::strtoul(line + length + 1, nullptr, 10);
            }
        }
        std::fclose(file);
    }
    return kilobytes;
}

// What the process's cgroup (version 2) and those above it leave; the largest number: no limit.
std::size_t cgroup_memory_bytes() noexcept {
    std::size_t left = static_cast<std::size_t>(-1);
    try {
        std::string path;
        std::ifstream groups("/proc/self/cgroup");
        for (std::string line; std::getline(groups, line);) {
            if (line.starts_with("0::")) path = line.substr(3);
        }
        for (std::filesystem::path group = path; !path.empty(); group = group.parent_path()) {
            const std::string folder = "/sys/fs/cgroup" + group.string();
            std::size_t most = 0, used = 0;
            if (std::ifstream(folder + "/memory.max") >> most &&
                std::ifstream(folder + "/memory.current") >> used) {
                left = std::min(left, most > used ? most - used : 0);
            }
            if (group == group.parent_path()) break;
        }
    } catch (const std::exception&) { // a path that cannot be held: no limit is known
    }
    return left;
}

} // namespace
#endif

std::size_t peak_memory_bytes() noexcept {
#if defined(__linux__)
    // getrusage would report the parent's peak where that was higher: it survives exec.
    if (const std::size_t kilobytes = kilobytes_after("VmHWM", "/proc/self/status")) {
        return kilobytes * 1024;
    }
#endif
#if defined(__unix__) || defined(__APPLE__)
    rusage usage{};
    if (::getrusage(RUSAGE_SELF, &usage) != 0) return 0;
#if defined(__APPLE__)
    return static_cast<std::size_t>(usage.ru_maxrss); // bytes there
#else
    return static_cast<std::size_t>(usage.ru_maxrss) * 1024; // kilobytes here
#endif
#else
    return 0;
#endif
}

std::size_t free_memory_bytes() noexcept {
    std::size_t free = 0;
#if defined(__linux__)
    free = kilobytes_after("MemAvailable", "/proc/meminfo") * 1024;
    free = std::min(free, cgroup_memory_bytes());
#endif
    return free;
}

std::size_t bytes_in_large_pages([[maybe_unused]] std::span<const std::byte> bytes) {
    std::size_t large = 0;
#if defined(__linux__)
    std::ifstream maps("/proc/self/smaps");
    const auto begin = reinterpret_cast<std::uintptr_t>(bytes.data());
    bool inside = false;
    std::uint64_t overlap = 0; // of the mapping and the bytes
    for (std::string line; std::getline(maps, line);) {
        unsigned long long first = 0, last = 0, kilobytes = 0;
        if (std::sscanf(line.c_str(), "%llx-%llx ", &first, &last) == 2) {
            const std::uint64_t end = begin + bytes.size();
            inside = first < end && begin < last;
            overlap =
                inside ? std::min<std::uint64_t>(last, end) - std::max<std::uint64_t>(first, begin)
                       : 0;
        } else if (inside && (std::sscanf(line.c_str(), "AnonHugePages: %llu", &kilobytes) == 1 ||
                              std::sscanf(line.c_str(), "ShmemPmdMapped: %llu", &kilobytes) == 1 ||
                              std::sscanf(line.c_str(), "FilePmdMapped: %llu", &kilobytes) == 1)) {
            large += static_cast<std::size_t>(std::min<std::uint64_t>(kilobytes * 1024, overlap));
        }
    }
#endif
    return std::min(large, bytes.size());
}

std::size_t machine_memory_bytes() noexcept {
#if defined(_SC_PHYS_PAGES) && defined(_SC_PAGESIZE)
    const long pages = ::sysconf(_SC_PHYS_PAGES);
    const long bytes = ::sysconf(_SC_PAGESIZE);
    return pages > 0 && bytes > 0
               ? static_cast<std::size_t>(pages) * static_cast<std::size_t>(bytes)
               : 0;
#else
    return 0;
#endif
}

} // namespace bitnet::example
