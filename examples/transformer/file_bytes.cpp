// SPDX-License-Identifier: MIT
// FileBytes for POSIX (parallel reads, mmap) and, untested, for everything else (one read).
#include "file_bytes.hpp"

#include "cores.hpp"
#include "error.hpp"
#include "stats.hpp"
#include "thread_pool.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <utility>

#if defined(__unix__) || defined(__APPLE__)
#include <csignal>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#else
#include <filesystem>
#include <fstream>
#endif

namespace bitnet::example {

#if defined(__unix__) || defined(__APPLE__)

namespace {

// What the handler writes: made beforehand, since a signal handler may call next to nothing.
std::string lost_file_line;

extern "C" void lost_file(int signal, siginfo_t* info, void*) {
    if (info->si_code == BUS_ADRERR) { // a page that no longer has a file behind it
        const ssize_t written =
            ::write(STDERR_FILENO, lost_file_line.data(), lost_file_line.size());
        ::_exit(written < 0 ? 2 : 1);
    }
    ::signal(signal, SIG_DFL); // any other cause: the same instruction once more, and its death
}

// Below this a start is what counts: the shipped models are some MB.
constexpr std::size_t large_file = std::size_t{64} << 20;
constexpr std::size_t block = std::size_t{8} << 20; // that a task reads
constexpr std::size_t most_readers = 8;

bool worth_reading(std::size_t size) noexcept {
    const std::size_t free = free_memory_bytes();
    return size >= large_file && (free == 0 || size <= free / 2);
}

// One block; 0, or an error number; -1: the file ended.
int read_block(int file, std::byte* to, std::size_t offset, std::size_t size) noexcept {
    while (size > 0) {
        const ssize_t got = ::pread(file, to, size, static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return got == 0 ? -1 : errno;
        to += got;
        offset += static_cast<std::size_t>(got);
        size -= static_cast<std::size_t>(got);
    }
    return 0;
}

// Fills `to` from the file; what went wrong, or nothing. Says on a terminal how far it is when that
// takes more than a second.
std::string read_whole(int file, const AlignedBytes& to, const ThreadPool& readers) {
    const std::size_t blocks = (to.size() + block - 1) / block;
    const bool terminal = ::isatty(STDERR_FILENO) == 1;
    const Stopwatch watch;
    std::atomic<std::size_t> done{0};
    std::atomic<bool> said{false};
    std::atomic<int> failed{0};
    readers.parallel_for(blocks, [&](std::size_t task) noexcept {
        if (failed != 0) return;
        const std::size_t offset = task * block;
        const std::size_t size = std::min(block, to.size() - offset);
        if (const int error = read_block(file, to.data() + offset, offset, size)) failed = error;
        const std::size_t count = ++done;
        if (terminal && watch.seconds() > 1) {
            said = true;
            std::fprintf(stderr, "\rloading %3zu %%", 100 * count / blocks);
        }
    });
    if (said) std::fprintf(stderr, "\r             \r");
    if (failed == 0) return {};
    return failed < 0 ? "became shorter while it was read" : std::strerror(failed);
}

// The same on as many threads as there are, or on this one.
std::string read_whole(int file, const AlignedBytes& to) {
    std::optional<ThreadPool> readers;
    try {
        readers.emplace(std::min(physical_cores(), most_readers));
    } catch (const UserError&) { // no more threads to be had
        readers.emplace(1);
    }
    return read_whole(file, to, *readers);
}

// Closes the file, whatever happens.
struct Descriptor {
    int value;
    explicit Descriptor(int descriptor) noexcept : value(descriptor) {}
    ~Descriptor() {
        if (value >= 0) ::close(value);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
};

} // namespace

void report_lost_files(std::string_view name) {
    lost_file_line = std::string(name) +
                     ": a part of the model file is gone: it was cut while in use, or cannot be "
                     "read\n";
    struct sigaction action {};
    action.sa_sigaction = &lost_file;
    action.sa_flags = SA_SIGINFO;
    ::sigaction(SIGBUS, &action, nullptr);
}

FileBytes::FileBytes(const std::string& path, Loading wanted) {
    // O_NONBLOCK: a named pipe must be refused below, not waited for.
    const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    const int file = descriptor.value;
    if (file < 0) throw UserError(path + ": " + std::strerror(errno));
    struct stat info {};
    std::string problem;
    if (::fstat(file, &info) != 0) {
        problem = std::strerror(errno);
    } else if (!S_ISREG(info.st_mode)) {
        problem = "not a regular file";
    } else if (info.st_size > 0) {
        size_ = static_cast<std::size_t>(info.st_size);
        if (wanted == Loading::read && worth_reading(size_)) read_ = AlignedBytes(size_);
        if (read_) {
            data_ = read_.data();
            problem = read_whole(file, read_);
        } else if (void* memory = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
                   memory == MAP_FAILED) {
            problem = std::strerror(errno);
        } else {
            data_ = static_cast<const std::byte*>(memory);
        }
    }
    if (!problem.empty()) throw UserError(path + ": " + problem);
}

FileBytes::~FileBytes() {
    if (data_ != nullptr && !read_) ::munmap(const_cast<std::byte*>(data_), size_);
}

#else

void report_lost_files(std::string_view) {}

FileBytes::FileBytes(const std::string& path, Loading) {
    if (!std::filesystem::is_regular_file(path)) {
        throw UserError(path + ": missing, or not a regular file");
    }
    size_ = static_cast<std::size_t>(std::filesystem::file_size(path));
    if (size_ == 0) return;
    read_ = AlignedBytes(size_);
    if (!read_) throw UserError(path + ": does not fit the memory");
    data_ = read_.data();
    std::ifstream file(path, std::ios::binary);
    if (!file.read(reinterpret_cast<char*>(read_.data()), static_cast<std::streamsize>(size_))) {
        throw UserError(path + ": could not be read");
    }
}

FileBytes::~FileBytes() = default;

#endif

FileBytes::FileBytes(FileBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)),
      read_(std::move(other.read_)) {}

FileBytes& FileBytes::operator=(FileBytes&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(read_, other.read_);
    return *this;
}

} // namespace bitnet::example
