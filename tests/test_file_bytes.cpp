// SPDX-License-Identifier: MIT
// Files as bytes: read or mapped, the same bytes.
#include "file_bytes.hpp"

#include "error.hpp"
#include "folder.hpp"
#include "stats.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

using namespace bitnet::example;

namespace {

// A file of `size` bytes, zero but for one in each 3 MB, whose value is its place.
void write(const std::filesystem::path& path, std::size_t size) {
    std::ofstream file(path, std::ios::binary);
    for (std::size_t at = 0; at < size; at += 3'000'000) {
        file.seekp(static_cast<std::streamoff>(at));
        file.put(static_cast<char>(at / 3'000'000 + 1));
    }
    file.seekp(static_cast<std::streamoff>(size - 1));
    file.put('!');
}

} // namespace

TEST_CASE("a large file is read, a small one is mapped, to the same bytes") {
    const support::Folder folder;
    const std::string path = (folder.path / "file").string();
    for (const std::size_t size :
         {std::size_t{1}, std::size_t{5'000'000}, std::size_t{70'000'001}}) {
        write(path, size);
        const FileBytes mapped(path, Loading::map);
        FileBytes file(path, Loading::read);
        REQUIRE(file.bytes().size() == size);
        CHECK(std::ranges::equal(file.bytes(), mapped.bytes()));
        CHECK(file.bytes().back() == std::byte{'!'});
#if defined(__linux__)
        CHECK(mapped.loading() == Loading::map);
        if (free_memory_bytes() > 200'000'000) {
            CHECK((file.loading() == Loading::read) == (size > 64'000'000));
        }
#endif
        const std::byte* const data = file.bytes().data();
        const FileBytes moved = std::move(file);
        CHECK(moved.bytes().data() == data);
        CHECK(file.bytes().empty()); // NOLINT(bugprone-use-after-move): that is the point
    }
}

TEST_CASE("bytes in large pages are counted") {
    bitnet::AlignedBytes bytes(3 * bitnet::large_page_bytes);
    REQUIRE(bytes);
    std::fill_n(bytes.data(), bytes.size(), std::byte{1});
    CHECK(bytes_in_large_pages({}) == 0);
    const std::size_t large = bytes_in_large_pages({bytes.data(), bytes.size()});
    CHECK(large <= bytes.size());
    if (large > 0) { // a part of the block counts for no more than it is
        CHECK(bytes_in_large_pages({bytes.data(), 4096}) == 4096);
    }
}

TEST_CASE("what is no file is refused, however it is loaded") {
    const support::Folder folder;
    for (const Loading loading : {Loading::read, Loading::map}) {
        CHECK_THROWS_AS(FileBytes(folder.path.string(), loading), UserError);
        CHECK_THROWS_AS(FileBytes((folder.path / "none").string(), loading), UserError);
        std::ofstream(folder.path / "empty").flush();
        CHECK(FileBytes((folder.path / "empty").string(), loading).bytes().empty());
    }
}
