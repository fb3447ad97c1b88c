// SPDX-License-Identifier: MIT
// InputFile: the calls of POSIX and of Windows, and reading by blocks, which is the same for both.
#include "input_file.hpp"

#include "console.hpp"
#include "error.hpp"
#include "on_threads.hpp"
#include "progress.hpp"
#include "system_text.hpp"
#include "text.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <thread>

#if defined(_WIN32)
#include "windows_api.hpp"
#else
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace bitnet::example {
namespace {

// What one call of the system reads: far more than the call costs, and little enough that all
// threads end at about the same time.
constexpr std::size_t block_bytes = std::size_t{4} << 20;

constexpr int too_short = -1; // what is no error of the system

constexpr const char* not_regular = "not a regular file";

// What one call of the system read: no bytes at the end of the file, and where it failed.
struct Got {
    std::size_t bytes = 0;
    int error = 0;
};

// Empty where so many bytes have addresses here.
std::string take_size(std::uint64_t bytes, std::size_t& size) {
    size = static_cast<std::size_t>(bytes);
    return size == bytes ? "" : "too large for the addresses of this system";
}

#if defined(_WIN32)

Got read_at(HANDLE file, std::span<std::byte> block, std::size_t offset) noexcept {
    OVERLAPPED place{};
    place.Offset = static_cast<DWORD>(offset & 0xFFFFFFFF);
    place.OffsetHigh = static_cast<DWORD>(std::uint64_t{offset} >> 32);
    const auto bytes = static_cast<DWORD>(std::min(block.size(), block_bytes));
    DWORD got = 0;
    if (::ReadFile(file, block.data(), bytes, &got, &place)) return {got, 0};
    const int error = last_error();
    return {0, error == ERROR_HANDLE_EOF ? 0 : error};
}

// Empty where the file is a regular one, whose size it sets.
std::string problem_of(HANDLE file, std::size_t& size) {
    BY_HANDLE_FILE_INFORMATION info{};
    if (::GetFileType(file) != FILE_TYPE_DISK) return not_regular;
    if (!::GetFileInformationByHandle(file, &info)) return error_text(last_error());
    if ((info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0) return not_regular;
    return take_size(std::uint64_t{info.nFileSizeHigh} << 32 | info.nFileSizeLow, size);
}

// FILE_FLAG_BACKUP_SEMANTICS opens folders too, which then are refused by their name.
HANDLE open(const std::string& path) {
    return ::CreateFileW(as_path(path).c_str(), GENERIC_READ,
                         FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr,
                         OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, nullptr);
}

const HANDLE none = INVALID_HANDLE_VALUE;

void close(HANDLE file) noexcept {
    ::CloseHandle(file);
}

#else

Got read_at(int file, std::span<std::byte> block, std::size_t offset) noexcept {
    for (;;) {
        const ssize_t got = ::pread(file, block.data(), block.size(), static_cast<off_t>(offset));
        if (got >= 0) return {static_cast<std::size_t>(got), 0};
        if (errno != EINTR) return {0, errno};
    }
}

std::string problem_of(int file, std::size_t& size) {
    struct stat info {};
    if (::fstat(file, &info) != 0) return error_text(last_error());
    if (!S_ISREG(info.st_mode)) return not_regular;
    return take_size(static_cast<std::uint64_t>(info.st_size), size);
}

// O_NONBLOCK: a named pipe must be refused, not waited for.
int open(const std::string& path) {
    return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

constexpr int none = -1;

void close(int file) noexcept {
    ::close(file);
}

#endif

// Bytes from `offset` on; 0, or the system's error, or too_short.
int read_block(InputFile::Handle file, std::span<std::byte> block, std::size_t offset) noexcept {
    while (!block.empty()) {
        const Got got = read_at(file, block, offset);
        if (got.error != 0) return got.error;
        if (got.bytes == 0) return too_short;
        block = block.subspan(got.bytes);
        offset += got.bytes;
    }
    return 0;
}

} // namespace

InputFile::InputFile(const std::string& path) : path_(path), handle_(open(path)) {
    if (handle_ == none) throw UserError(path + ": " + error_text(last_error()));
    if (const std::string problem = problem_of(handle_, size_); !problem.empty()) {
        close(handle_);
        throw UserError(path + ": " + problem);
    }
}

InputFile::~InputFile() {
    close(handle_);
}

void InputFile::read(std::span<std::byte> all, std::size_t threads) const {
    std::atomic<int> problem{0};
    std::atomic<std::size_t> done{0};
    const std::thread::id caller = std::this_thread::get_id();
    Progress progress("reading " + printable(path_), stderr, is_terminal(stderr));
    on_threads((all.size() + block_bytes - 1) / block_bytes, threads, [&](std::size_t i) noexcept {
        if (problem != 0) return;
        const std::size_t offset = i * block_bytes;
        const std::size_t bytes = std::min(block_bytes, all.size() - offset);
        if (const int found = read_block(handle_, all.subspan(offset, bytes), offset)) {
            problem = found;
        }
        done += bytes;
        if (std::this_thread::get_id() == caller) progress.show(done, all.size());
    });
    std::byte more{};
    const bool grown = read_at(handle_, {&more, 1}, all.size()).bytes > 0;
    if (problem == too_short || grown) {
        throw UserError(path_ + ": the file changed its size while it was read");
    }
    if (problem != 0) throw UserError(path_ + ": " + error_text(problem));
}

} // namespace bitnet::example
