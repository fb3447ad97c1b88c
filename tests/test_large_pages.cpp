// SPDX-License-Identifier: MIT
// Large pages: what AlignedBytes asks for, and what the system gives.
#include <bitnet/large_pages.hpp>
#include <bitnet/tensor.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>

using bitnet::AlignedBytes;
using bitnet::large_page_bytes;

namespace {

std::size_t past(const void* memory, std::size_t alignment) {
    return reinterpret_cast<std::uintptr_t>(memory) % alignment;
}

// Whether Linux gives large pages to who asks.
bool has_large_pages() {
    std::ifstream file("/sys/kernel/mm/transparent_hugepage/enabled");
    std::ifstream size("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size");
    std::string line;
    std::size_t bytes = 0;
    return std::getline(file, line) && line.find("[never]") == std::string::npos && size >> bytes &&
           bytes == large_page_bytes;
}

// Kilobytes in large pages in the mapping that holds `at`.
unsigned long large_kilobytes(const void* at) {
    std::ifstream maps("/proc/self/smaps");
    const auto address = reinterpret_cast<std::uintptr_t>(at);
    bool inside = false;
    for (std::string line; std::getline(maps, line);) {
        const std::size_t dash = line.find('-');
        if (dash != std::string::npos && line.find_first_not_of("0123456789abcdef") == dash) {
            inside = std::stoull(line, nullptr, 16) <= address &&
                     address < std::stoull(line.substr(dash + 1), nullptr, 16);
        } else if (inside && line.starts_with("AnonHugePages:")) {
            return std::stoul(line.substr(line.find(':') + 1));
        }
    }
    return 0;
}

} // namespace

TEST_CASE("aligned bytes are aligned to large pages from two of them on") {
    for (const std::size_t size :
         {std::size_t{1}, std::size_t{63}, std::size_t{1} << 20, 2 * large_page_bytes - 1}) {
        const AlignedBytes bytes(size);
        REQUIRE(bytes.size() == size);
        CHECK(past(bytes.data(), 64) == 0);
        std::memset(bytes.data(), 1, size);
    }
    for (const std::size_t size : {2 * large_page_bytes, 3 * large_page_bytes + 1}) {
        AlignedBytes bytes(size);
        REQUIRE(bytes.size() == size);
        CHECK(past(bytes.data(), large_page_bytes) == 0);
        std::memset(bytes.data(), 1, size);
        const std::byte* const data = bytes.data();
        const AlignedBytes moved = std::move(bytes);
        CHECK(moved.data() == data);
        CHECK(moved.size() == size);
    }
}

TEST_CASE("aligned bytes are empty where the memory does not suffice") {
    constexpr std::size_t most = static_cast<std::size_t>(-1);
    for (const std::size_t size : {most, most - 62, most - large_page_bytes, most / 2 + 1}) {
        const AlignedBytes bytes(size);
        CHECK_FALSE(bytes);
        CHECK(bytes.size() == 0);
    }
}

TEST_CASE("the system gives large pages") {
    if (!has_large_pages()) SKIP("no transparent huge pages");
    const AlignedBytes bytes(4 * large_page_bytes);
    REQUIRE(bytes);
    std::memset(bytes.data(), 1, bytes.size());
    // Of four, since memory may be in pieces.
    CHECK(large_kilobytes(bytes.data()) > 0);
}

TEST_CASE("large pages are asked for whole ones only") {
    const AlignedBytes bytes(4 * large_page_bytes);
    REQUIRE(bytes);
    errno = 42;
    CHECK_FALSE(bitnet::advise_large_pages(bytes.data(), 0));
    CHECK_FALSE(bitnet::advise_large_pages(bytes.data(), large_page_bytes - 1));
    CHECK_FALSE(bitnet::advise_large_pages(bytes.data() + 1, 2 * large_page_bytes - 2));
    if (has_large_pages()) {
        CHECK(bitnet::advise_large_pages(bytes.data(), large_page_bytes));
        CHECK(bitnet::advise_large_pages(bytes.data() + 1, 2 * large_page_bytes - 1));
    }
    CHECK(errno == 42);
}
