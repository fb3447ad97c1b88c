// SPDX-License-Identifier: MIT
// MappedFile for POSIX (mmap) and, untested, for everything else (one aligned read).
#include "mapped_file.hpp"

#include "error.hpp"

#include <cerrno>
#include <cstring>
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
#include <new>
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

MappedFile::MappedFile(const std::string& path) {
    // O_NONBLOCK: a named pipe must be refused below, not waited for.
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) throw UserError(path + ": " + std::strerror(errno));
    struct stat info {};
    std::string problem;
    if (::fstat(file, &info) != 0) {
        problem = std::strerror(errno);
    } else if (!S_ISREG(info.st_mode)) {
        problem = "not a regular file";
    } else if (info.st_size > 0) {
        size_ = static_cast<std::size_t>(info.st_size);
        void* memory = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
        if (memory == MAP_FAILED) {
            problem = std::strerror(errno);
        } else {
            data_ = static_cast<const std::byte*>(memory);
        }
    }
    ::close(file);
    if (!problem.empty()) throw UserError(path + ": " + problem);
}

MappedFile::~MappedFile() {
    if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

#else

void report_lost_files(std::string_view) {}

MappedFile::MappedFile(const std::string& path) {
    if (!std::filesystem::is_regular_file(path)) {
        throw UserError(path + ": missing, or not a regular file");
    }
    size_ = static_cast<std::size_t>(std::filesystem::file_size(path));
    if (size_ == 0) return;
    void* memory = ::operator new (size_, std::align_val_t{64});
    data_ = static_cast<const std::byte*>(memory);
    std::ifstream file(path, std::ios::binary);
    if (!file.read(static_cast<char*>(memory), static_cast<std::streamsize>(size_))) {
        ::operator delete (memory, std::align_val_t{64});
        throw UserError(path + ": could not be read");
    }
}

MappedFile::~MappedFile() {
    if (data_ != nullptr) ::operator delete (const_cast<std::byte*>(data_), std::align_val_t{64});
}

#endif

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
}

} // namespace bitnet::example
