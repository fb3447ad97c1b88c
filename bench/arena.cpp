// SPDX-License-Identifier: MIT
#include "arena.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <new>

#include <bitnet/large_pages.hpp>

#include <sys/mman.h>
#include <unistd.h>

namespace bench {
namespace {

using bitnet::large_page;

#if defined(MADV_HUGEPAGE)
void advise(std::span<std::byte> memory, Pages pages) {
    const int advice = pages == Pages::large ? MADV_HUGEPAGE : MADV_NOHUGEPAGE;
    madvise(memory.data(), memory.size(), advice); // what came of it is seen later
}
std::vector<Pages> sizes_on_demand() {
    std::ifstream file("/sys/kernel/mm/transparent_hugepage/enabled");
    std::string choices;
    std::getline(file, choices);
    if (choices.empty() || choices.find("[never]") != std::string::npos) return {Pages::small};
    return {Pages::small, Pages::large};
}
#else
void advise(std::span<std::byte>, Pages) {}
std::vector<Pages> sizes_on_demand() {
    return {Pages::small};
}
#endif

/// Bytes of this process in large pages.
std::size_t bytes_in_large_pages() {
    std::ifstream file("/proc/self/smaps_rollup");
    for (std::string line; std::getline(file, line);) {
        if (line.rfind("AnonHugePages:", 0) == 0) return std::stoull(line.substr(14)) * 1024;
    }
    return 0;
}

} // namespace

std::string name_of(Pages pages) {
    if (pages == Pages::large) return "2m";
    return std::to_string(sysconf(_SC_PAGESIZE) / 1024) + "k";
}

const std::vector<Pages>& page_sizes() {
    static const std::vector<Pages> sizes = sizes_on_demand();
    return sizes;
}

Arena& Arena::of(Pages pages) {
    static Arena small(Pages::small), large(Pages::large);
    return pages == Pages::large ? large : small;
}

std::span<std::byte> Arena::claim(std::size_t bytes) {
    ++claims_; // first: what grow() frees is nobody's any more, even where it then fails
    if (bytes > block_.size()) grow(bytes);
    return block_.first(bytes);
}

std::span<const std::byte> Arena::cold() {
    if (cold_bytes() > block_.size()) claim(cold_bytes());
    return block_.first(cold_bytes());
}

void Arena::grow(std::size_t bytes) {
    if (!mapping_.empty()) munmap(mapping_.data(), mapping_.size());
    mapping_ = block_ = {};
    bytes = std::max(cold_bytes(), (bytes + large_page - 1) / large_page * large_page);
    const std::size_t size = bytes + large_page;
    void* start = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
    if (start == MAP_FAILED) throw std::bad_alloc();
    mapping_ = {static_cast<std::byte*>(start), size};
    advise(mapping_, pages_);
    const std::size_t past = reinterpret_cast<std::uintptr_t>(start) % large_page;
    block_ = mapping_.subspan((large_page - past) % large_page, bytes);

    const std::size_t before = bytes_in_large_pages();
    std::memset(block_.data(), 1, block_.size()); // a page that was never written is no memory yet
    const std::size_t after = bytes_in_large_pages();
    const std::size_t large = after - std::min(after, before);
    const bool as_asked = pages_ == Pages::large ? large >= bytes / 10 * 9 : large <= bytes / 10;
    if (!as_asked) {
        std::fprintf(stderr, "bench_kernels: of %zu MiB asked for in pages of %s %zu are large\n",
                     bytes >> 20, name_of(pages_).c_str(), large >> 20);
    }
}

std::size_t cold_bytes() {
    std::size_t cache = 0;
#if defined(_SC_LEVEL3_CACHE_SIZE)
    cache = static_cast<std::size_t>(std::max(0L, sysconf(_SC_LEVEL3_CACHE_SIZE)));
#endif
    return std::clamp<std::size_t>(4 * cache, std::size_t{1} << 29, std::size_t{1} << 31);
}

} // namespace bench
