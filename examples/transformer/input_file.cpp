// SPDX-License-Identifier: MIT
// InputFile for POSIX (pread) and, untested, for everything else (a stream).
#include "input_file.hpp"

#include "error.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include "on_threads.hpp"
#include "progress.hpp"
#include "text.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#else
#include <filesystem>
#include <fstream>
#endif

namespace bitnet::example {
namespace {

constexpr const char* changed_size = ": the file changed its size while it was read";

} // namespace

#if defined(__unix__) || defined(__APPLE__)

namespace {

// What one call of the system reads: far more than the call costs, and little enough that all
// threads end at about the same time.
constexpr std::size_t block_bytes = std::size_t{4} << 20;

constexpr int too_short = -1; // what is no errno

// Bytes from `offset` on; 0, or errno, or too_short.
int read_block(int file, std::span<std::byte> block, std::size_t offset) noexcept {
    while (!block.empty()) {
        const ssize_t got = ::pread(file, block.data(), block.size(), static_cast<off_t>(offset));
        if (got == 0) return too_short;
        if (got < 0) {
            if (errno == EINTR) continue;
            return errno;
        }
        block = block.subspan(static_cast<std::size_t>(got));
        offset += static_cast<std::size_t>(got);
    }
    return 0;
}

} // namespace

InputFile::InputFile(const std::string& path) : path_(path) {
    // O_NONBLOCK: a named pipe must be refused below, not waited for.
    descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor_ < 0) throw UserError(path + ": " + std::strerror(errno));
    struct stat info {};
    std::string problem;
    if (::fstat(descriptor_, &info) != 0) {
        problem = std::strerror(errno);
    } else if (!S_ISREG(info.st_mode)) {
        problem = "not a regular file";
    }
    if (!problem.empty()) {
        ::close(descriptor_);
        throw UserError(path + ": " + problem);
    }
    size_ = static_cast<std::size_t>(info.st_size);
}

InputFile::~InputFile() {
    ::close(descriptor_);
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
        if (const int found = read_block(descriptor_, all.subspan(offset, bytes), offset)) {
            problem = found;
        }
        done += bytes;
        if (std::this_thread::get_id() == caller) progress.show(done, all.size());
    });
    std::byte more{};
    const bool grown = ::pread(descriptor_, &more, 1, static_cast<off_t>(all.size())) > 0;
    if (problem == too_short || grown) throw UserError(path_ + changed_size);
    if (problem != 0) throw UserError(path_ + ": " + std::strerror(problem));
}

#else

InputFile::InputFile(const std::string& path) : path_(path) {
    if (!std::filesystem::is_regular_file(path)) {
        throw UserError(path + ": missing, or not a regular file");
    }
    size_ = static_cast<std::size_t>(std::filesystem::file_size(path));
}

InputFile::~InputFile() = default;

void InputFile::read(std::span<std::byte> all, std::size_t) const {
    std::ifstream file(path_, std::ios::binary);
    if (!file) throw UserError(path_ + ": could not be read");
    file.read(reinterpret_cast<char*>(all.data()), static_cast<std::streamsize>(all.size()));
    if (!file || file.peek() != std::ifstream::traits_type::eof()) {
        throw UserError(path_ + changed_size);
    }
}

#endif

} // namespace bitnet::example
