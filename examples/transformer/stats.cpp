// SPDX-License-Identifier: MIT
// What the system tells about memory.
#include "stats.hpp"

#include <cstdio>

#if defined(__unix__) || defined(__APPLE__)
#include <sys/resource.h>
#include <unistd.h>
#endif

namespace bitnet::example {

std::size_t peak_memory_bytes() noexcept {
#if defined(__linux__)
    // getrusage would report the parent's peak where that was higher: it survives exec.
    if (std::FILE* status = std::fopen("/proc/self/status", "r")) {
        char line[256];
        unsigned long long kilobytes = 0;
        while (std::fgets(line, sizeof line, status) &&
               std::sscanf(line, "VmHWM: %llu", &kilobytes) != 1) {
        }
        std::fclose(status);
        if (kilobytes != 0) return static_cast<std::size_t>(kilobytes) * 1024;
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
