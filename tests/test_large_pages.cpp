// SPDX-License-Identifier: MIT
// Large pages: where AlignedBytes begins, what it refuses, and, on Linux, that it gets them.
#include <bitnet/large_pages.hpp>
#include <bitnet/tensor.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <new>
#include <sstream>
#include <string>
#include <utility>

#include "own_memory.hpp"

using namespace bitnet;

// AlignedBytes asks the program's own operators, which here write down what they are asked for.
namespace {

std::size_t asked_size = 0;
std::size_t asked_alignment = 0; // of the last allocation, and what the last one was freed with
std::size_t freed_alignment = 0;

} // namespace

void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
    asked_size = size;
    asked_alignment = static_cast<std::size_t>(alignment);
    return support::take(size, asked_alignment);
}
void operator delete(void* p, std::align_val_t alignment) noexcept {
    freed_alignment = static_cast<std::size_t>(alignment);
    support::give_back(p);
}

namespace {

std::size_t past(const void* p, std::size_t alignment) {
    return reinterpret_cast<std::uintptr_t>(p) % alignment;
}

// "AnonHugePages" of the mapping that holds p, in bytes.
std::size_t large_page_bytes_at(const void* p) {
    const auto address = reinterpret_cast<std::uintptr_t>(p);
    std::ifstream smaps("/proc/self/smaps");
    bool here = false;
    for (std::string line; std::getline(smaps, line);) {
        std::istringstream words(line);
        std::uintptr_t begin = 0, end = 0;
        char dash = 0;
        std::string key;
        std::size_t kilobytes = 0;
        if (words >> std::hex >> begin >> dash >> end && dash == '-') {
            here = begin <= address && address < end;
        } else if (std::istringstream field(line);
                   here && field >> key >> kilobytes && key == "AnonHugePages:") {
            return kilobytes * 1024;
        }
    }
    return 0;
}

bool system_has_large_pages() {
    std::ifstream file("/sys/kernel/mm/transparent_hugepage/enabled");
    std::string modes;
    return std::getline(file, modes) && modes.find("[never]") == std::string::npos;
}

} // namespace

TEST_CASE("memory begins at a cache line, from 4 MiB on at a large page") {
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, std::size_t{64}, large_page, 2 * large_page - 1,
          2 * large_page, 2 * large_page + 1, 9 * large_page + 12345}) {
        CAPTURE(size);
        const AlignedBytes memory(size);
        REQUIRE(memory);
        CHECK(memory.size() == size);
        CHECK(past(memory.data(), size >= 2 * large_page ? large_page : 64) == 0);
        if (size != 0) {
            memory.data()[0] = std::byte{1};
            memory.data()[size - 1] = std::byte{2};
            CHECK(memory.data()[size - 1] == std::byte{2});
        }
    }
}

TEST_CASE("memory comes from operator new, and goes with the alignment that it came with") {
    for (const std::size_t size : {std::size_t{1}, 2 * large_page - 1, 2 * large_page}) {
        CAPTURE(size);
        { const AlignedBytes memory(size); }
        CHECK(asked_size == size);
        CHECK(asked_alignment == (size < 2 * large_page ? 64 : large_page));
        CHECK(freed_alignment == asked_alignment);
    }
}

TEST_CASE("large memory moves and is freed once") {
    AlignedBytes first(3 * large_page);
    std::byte* const data = first.data();
    AlignedBytes second(std::move(first));
    CHECK_FALSE(first); // NOLINT: what a move leaves is the point
    CHECK(first.size() == 0);
    CHECK(second.data() == data);
    AlignedBytes small(10);
    small = std::move(second);
    CHECK(small.data() == data);
    CHECK(small.size() == 3 * large_page);
    small = AlignedBytes(20);
    CHECK(small.size() == 20);
}

TEST_CASE("a size that no memory has gives none") {
    constexpr auto most = static_cast<std::size_t>(-1);
    for (const std::size_t size : {most, most - 1, most - 63, most - 64, most - large_page,
                                   most - 2 * large_page, most / 2 + 1}) {
        CAPTURE(size);
        asked_size = 0;
        const AlignedBytes memory(size);
        CHECK(asked_size == 0); // not even asked for: an allocator might round it up to nothing
        CHECK_FALSE(memory);
        CHECK(memory.size() == 0);
    }
}

TEST_CASE("only whole pages inside the range are asked for") {
    const auto at = [](std::size_t address, std::size_t bytes) {
        const detail::LargePages pages =
            detail::large_pages_in(reinterpret_cast<void*>(std::uintptr_t{address}), bytes);
        return std::pair(reinterpret_cast<std::uintptr_t>(pages.data), pages.size);
    };
    using Range = std::pair<std::uintptr_t, std::size_t>;
    constexpr std::size_t p = large_page;
    CHECK(at(4 * p, p) == Range(4 * p, p));
    CHECK(at(4 * p, 3 * p + 5) == Range(4 * p, 3 * p));
    CHECK(at(4 * p + 1, 3 * p) == Range(5 * p, 2 * p));
    CHECK(at(4 * p - 1, 3 * p) == Range(4 * p, 2 * p));
    CHECK(at(4 * p + 1, 2 * p - 1) == Range(5 * p, p));
    CHECK(at(4 * p + 1, 2 * p - 2).second == 0);
    CHECK(at(4 * p + 1, 5).second == 0);
    CHECK(at(4 * p, p - 1).second == 0);
    CHECK(at(4 * p, 0).second == 0);
    CHECK_FALSE(advise_large_pages(nullptr, 0));
    std::byte few[100];
    CHECK_FALSE(advise_large_pages(few, sizeof few));
}

TEST_CASE("Linux gives large pages, to AlignedBytes and to memory that is advised", "[system]") {
    if (!system_has_large_pages()) SKIP("no transparent huge pages");
    constexpr std::size_t size = 32 * large_page;
    const AlignedBytes memory(size);
    REQUIRE(memory);
    std::memset(memory.data(), 1, size);
    // The kernel may be short of them, but hardly of all.
    CHECK(large_page_bytes_at(memory.data()) >= large_page);

    void* const own = ::operator new(size);
    CHECK(advise_large_pages(own, size));
    std::memset(own, 1, size);
    CHECK(large_page_bytes_at(static_cast<std::byte*>(own) + size / 2) >= large_page);
    ::operator delete(own);
}
