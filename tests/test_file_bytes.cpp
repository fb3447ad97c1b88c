// SPDX-License-Identifier: MIT
// Files in memory: read or mapped, the same bytes; and files that are none, or change.
#include "file_bytes.hpp"
#include "folder.hpp"
#include "input_file.hpp"
#include "memory.hpp"
#include "refusal.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#if defined(__unix__) || defined(__APPLE__)
#include <sys/stat.h>
#endif

using namespace bitnet::example;
using bitnet::large_page;
using support::refusal;

namespace {

// Bytes of which no two blocks are alike.
std::vector<std::byte> some_bytes(std::size_t size) {
    std::vector<std::byte> bytes(size);
    std::uint32_t state = 1;
    for (std::byte& byte : bytes) {
        state = state * 1664525 + 1013904223;
        byte = static_cast<std::byte>(state >> 24);
    }
    return bytes;
}

class Files {
public:
    std::string write(const std::string& name, const std::vector<std::byte>& bytes) const {
        const std::string path = (folder_.path / name).string();
        std::ofstream(path, std::ios::binary)
            .write(reinterpret_cast<const char*>(bytes.data()),
                   static_cast<std::streamsize>(bytes.size()));
        return path;
    }
    std::string folder() const { return folder_.path.string(); }

private:
    support::Folder folder_;
};

bool same(std::span<const std::byte> a, const std::vector<std::byte>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

} // namespace

TEST_CASE("all bytes are read, in one block and in many, by any number of threads") {
    const Files files;
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{100}, 2 * large_page,
                                   4 * large_page + 1, 5 * large_page + 12345}) {
        const std::vector<std::byte> bytes = some_bytes(size);
        const std::string path = files.write("f", bytes);
        for (const std::size_t threads : {1u, 2u, 5u}) {
            CAPTURE(size, threads);
            const InputFile file(path);
            REQUIRE(file.size() == size);
            std::vector<std::byte> got(size, std::byte{0x55});
            file.read(got, threads);
            CHECK(got == bytes);
        }
    }
}

TEST_CASE("a file that changes its size while it is read is refused") {
    const Files files;
    const std::vector<std::byte> bytes = some_bytes(4 * large_page);
    const std::string path = files.write("f", bytes);
    std::vector<std::byte> got(bytes.size());
    const std::string expected = path + ": the file changed its size while it was read";
    for (const std::size_t size : {bytes.size() - 1, std::size_t{1000}, std::size_t{0},
                                   bytes.size() + 1, 2 * bytes.size()}) {
        CAPTURE(size);
        files.write("f", bytes);
        const InputFile file(path);
        std::filesystem::resize_file(path, size);
        CHECK(refusal([&] { file.read(got, 2); }) == expected);
    }
}

TEST_CASE("what is no regular file is refused") {
    const Files files;
    CHECK(refusal([&] { InputFile(files.folder() + "/none"); }).starts_with(files.folder()));
    CHECK_FALSE(refusal([&] { InputFile file(files.folder()); }).empty());
#if defined(__unix__) || defined(__APPLE__)
    const std::string pipe = files.folder() + "/pipe";
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    CHECK(refusal([&] { InputFile file(pipe); }) == pipe + ": not a regular file");
    CHECK(refusal([&] { FileBytes file(pipe, {}); }) == pipe + ": not a regular file");
#endif
#if defined(__linux__) // a file whose system calls fail: a process's memory, at address 0
    const InputFile memory("/proc/self/mem");
    std::vector<std::byte> got(100);
    CHECK(refusal([&] { memory.read(got, 2); }) == "/proc/self/mem: Input/output error");
#endif
}

TEST_CASE("read or mapped, the bytes are the same", "[system]") {
    const Files files;
    const std::vector<std::byte> bytes = some_bytes(10 * large_page + 77);
    const std::string path = files.write("f", bytes);
    const FileBytes mapped(path, {.map = true, .smallest_read = 0});
    const FileBytes by_size(path, {.smallest_read = bytes.size() + 1});
    const FileBytes read(path, {.threads = 2, .smallest_read = bytes.size()});
    for (const FileBytes* file : {&mapped, &by_size, &read}) {
        CHECK(same(file->bytes(), bytes));
        CHECK(reinterpret_cast<std::uintptr_t>(file->bytes().data()) % 64 == 0);
    }
    CHECK(mapped.mapped());
    CHECK_FALSE(FileBytes().mapped());
    CHECK(by_size.mapped());
    CHECK(mapped.description().starts_with("21.0 MB mapped"));
    if (gives_large_pages() && available_memory_bytes().value_or(0) > 8 * bytes.size()) {
        // Read, or on a file system that has large pages mapped in them.
        CHECK(large_page_bytes(read.bytes()).value() >= 8 * large_page);
        if (!read.mapped()) CHECK(read.description().starts_with("21.0 MB read into memory, "));
    } else {
        CHECK(read.mapped());
    }

    const FileBytes empty(files.write("empty", {}), {.smallest_read = 0});
    CHECK(empty.bytes().empty());
}
