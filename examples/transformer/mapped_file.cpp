// SPDX-License-Identifier: MIT
// MappedFile for POSIX (mmap); no other system's mappings are used yet.
#include "mapped_file.hpp"

#include "error.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#if defined(__unix__) || defined(__APPLE__)
#include <csignal>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
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

const bool MappedFile::possible = true;

MappedFile::MappedFile(const InputFile& file) {
    if (file.size() == 0) return;
    void* memory = ::mmap(nullptr, file.size(), PROT_READ, MAP_PRIVATE, file.descriptor(), 0);
    if (memory == MAP_FAILED) throw UserError(file.path() + ": " + std::strerror(errno));
    data_ = static_cast<const std::byte*>(memory);
    size_ = file.size();
}

MappedFile::~MappedFile() {
    if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

#else

void report_lost_files(std::string_view) {}

const bool MappedFile::possible = false;
MappedFile::MappedFile(const InputFile& file) {
    throw UserError(file.path() + ": files cannot be mapped on this system");
}
MappedFile::~MappedFile() = default;

#endif

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
}

} // namespace bitnet::example
