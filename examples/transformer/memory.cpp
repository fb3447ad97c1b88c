// SPDX-License-Identifier: MIT
// What the system tells about memory.
#include "memory.hpp"

#include "cgroup.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <string_view>

#if defined(_WIN32)
#include "windows_api.hpp"

#include <psapi.h>
#else
#include <sys/resource.h>
#include <unistd.h>
#endif

namespace bitnet::example {
namespace {

namespace fs = std::filesystem;

// The number behind `key` in a file of lines "key number"; none where there is no such line.
std::optional<std::uint64_t> value_of(const fs::path& path, const std::string& key) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        std::string word;
        std::uint64_t value = 0;
        if (words >> word >> value && word == key) return value;
    }
    return std::nullopt;
}

// The number that a file holds; none where it holds another word, such as "max".
std::optional<std::uint64_t> number_in(const fs::path& path) {
    std::uint64_t number = 0;
    if (std::ifstream(path) >> number) return number;
    return std::nullopt;
}

// What the limit of one cgroup leaves. The kernel drops cached files before it refuses memory.
std::optional<std::uint64_t> left_in_group(const fs::path& folder, bool version_1) {
    const auto limit = number_in(folder / (version_1 ? "memory.limit_in_bytes" : "memory.max"));
    const auto used = number_in(folder / (version_1 ? "memory.usage_in_bytes" : "memory.current"));
    if (!limit || !used) return std::nullopt;
    const std::string prefix = version_1 ? "total_" : "";
    const fs::path stat = folder / "memory.stat";
    const std::uint64_t cached = value_of(stat, prefix + "inactive_file").value_or(0) +
                                 value_of(stat, prefix + "active_file").value_or(0);
    const std::uint64_t held = *used - std::min(*used, cached);
    return *limit - std::min(*limit, held);
}

#if defined(_WIN32)

MEMORYSTATUSEX memory_status() noexcept {
    MEMORYSTATUSEX status{};
    status.dwLength = sizeof status;
    return ::GlobalMemoryStatusEx(&status) ? status : MEMORYSTATUSEX{};
}

#endif

// Windows answers by calls. It has no such files but in a made-up system, or where a program runs
// on a Linux that plays Windows.
bool answers_by_files([[maybe_unused]] const fs::path& root) {
#if defined(_WIN32)
    return root != "/";
#else
    return true;
#endif
}

} // namespace

std::uint64_t peak_memory_bytes() noexcept {
#if defined(_WIN32)
    PROCESS_MEMORY_COUNTERS counters{};
    return ::GetProcessMemoryInfo(::GetCurrentProcess(), &counters, sizeof counters)
               ? counters.PeakWorkingSetSize
               : 0;
#else
#if defined(__linux__)
    // getrusage would report the parent's peak where that was higher: it survives exec.
    if (std::FILE* status = std::fopen("/proc/self/status", "r")) {
        char line[256];
        unsigned long long kilobytes = 0;
        while (std::fgets(line, sizeof line, status) &&
               std::sscanf(line, "VmHWM: %llu", &kilobytes) != 1) {
        }
        std::fclose(status);
        if (kilobytes != 0) return static_cast<std::uint64_t>(kilobytes) * 1024;
    }
#endif
    rusage usage{};
    if (::getrusage(RUSAGE_SELF, &usage) != 0) return 0;
#if defined(__APPLE__)
    return static_cast<std::uint64_t>(usage.ru_maxrss); // bytes there
#else
    return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024; // kilobytes here
#endif
#endif
}

std::uint64_t machine_memory_bytes() noexcept {
#if defined(_WIN32)
    return memory_status().ullTotalPhys;
#else
    const long pages = ::sysconf(_SC_PHYS_PAGES);
    const long bytes = ::sysconf(_SC_PAGESIZE);
    return pages > 0 && bytes > 0
               ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(bytes)
               : 0;
#endif
}

std::optional<std::uint64_t> available_memory_bytes(const fs::path& root) {
#if defined(_WIN32)
    if (!answers_by_files(root)) {
        return std::uint64_t{memory_status().ullAvailPhys};
    }
#endif
    constexpr std::uint64_t none = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t available = none;
    if (const auto kilobytes = value_of(root / "proc/meminfo", "MemAvailable:")) {
        available = *kilobytes * 1024;
    }
    for_each_cgroup(root, "memory", [&](const fs::path& folder, bool version_1) {
        available = std::min(available, left_in_group(folder, version_1).value_or(none));
    });
    return available == none ? std::nullopt : std::optional(available);
}

std::uint64_t obtainable_memory_bytes([[maybe_unused]] const fs::path& root) {
    constexpr std::uint64_t addresses = std::numeric_limits<std::size_t>::max();
    const std::uint64_t machine = machine_memory_bytes();
    std::uint64_t available = addresses;
#if !defined(__EMSCRIPTEN__) // a page has no such files, and streams are a tenth of its module
    available = available_memory_bytes(root).value_or(addresses);
#endif
    return std::min({addresses, machine == 0 ? addresses : machine, available});
}

bool gives_large_pages(const fs::path& root) {
    if (!answers_by_files(root)) return false;
    std::ifstream file(root / "sys/kernel/mm/transparent_hugepage/enabled");
    std::string modes; // "always [madvise] never"
    return std::getline(file, modes) && modes.find("[never]") == std::string::npos;
}

// /proc/self/smaps: for each mapping a line "BEGIN-END ..." in hexadecimal, and lines "KEY: N kB".
std::optional<std::size_t> large_page_bytes(std::span<const std::byte> bytes) {
    std::ifstream smaps("/proc/self/smaps");
    if (!smaps || !answers_by_files("/")) return std::nullopt;
    const auto first = reinterpret_cast<std::uintptr_t>(bytes.data());
    const std::uintptr_t last = first + bytes.size();
    std::size_t total = 0;
    std::size_t shared = 0; // bytes of the mapping at hand that are asked for
    std::size_t large = 0;  // bytes of it in large pages
    const auto finish_mapping = [&] { total += std::min(shared, large); };
    for (std::string line; std::getline(smaps, line);) {
        unsigned long long begin = 0;
        unsigned long long end = 0;
        char key[32];
        unsigned long long kilobytes = 0;
        if (std::sscanf(line.c_str(), "%llx-%llx ", &begin, &end) == 2) {
            finish_mapping();
            const auto from = std::max<unsigned long long>(begin, first);
            const auto to = std::min<unsigned long long>(end, last);
            shared = from < to ? static_cast<std::size_t>(to - from) : 0;
            large = 0;
        } else if (std::sscanf(line.c_str(), "%31[^:]: %llu kB", key, &kilobytes) == 2) {
            const std::string_view name = key;
            if (name == "AnonHugePages" || name == "ShmemPmdMapped" || name == "FilePmdMapped") {
                large += static_cast<std::size_t>(kilobytes) * 1024;
            }
        }
    }
    finish_mapping();
    return total;
}

} // namespace bitnet::example
