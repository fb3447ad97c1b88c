// SPDX-License-Identifier: MIT
// MappedFile for POSIX (mmap) and for Windows (file mapping objects).
#include "mapped_file.hpp"

#include "error.hpp"
#include "system_text.hpp"

#include <string>
#include <utility>

#if defined(_WIN32)
#include "windows_api.hpp"
#else
#include <csignal>
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace bitnet::example {
namespace {

// What a lost file makes the program write: made beforehand, since little may be called then.
std::string lost_file_line;

#if defined(_WIN32)

LONG WINAPI lost_file(EXCEPTION_POINTERS* exception) {
    if (exception->ExceptionRecord->ExceptionCode == EXCEPTION_IN_PAGE_ERROR) {
        DWORD written = 0;
        const HANDLE out = ::GetStdHandle(STD_ERROR_HANDLE);
        const auto bytes = static_cast<DWORD>(lost_file_line.size());
        ::WriteFile(out, lost_file_line.data(), bytes, &written, nullptr);
        ::TerminateProcess(::GetCurrentProcess(), written == bytes ? 1 : 2);
    }
    return EXCEPTION_CONTINUE_SEARCH; // any other cause is the system's to report
}

void watch() {
    ::SetUnhandledExceptionFilter(&lost_file);
}

const std::byte* map(const InputFile& file) noexcept {
    const HANDLE mapping =
        ::CreateFileMappingW(file.handle(), nullptr, PAGE_READONLY, 0, 0, nullptr);
    if (mapping == nullptr) return nullptr;
    const void* memory = ::MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, file.size());
    const DWORD cause = ::GetLastError();
    ::CloseHandle(mapping); // the view keeps it
    ::SetLastError(cause);
    return static_cast<const std::byte*>(memory);
}

void unmap(const std::byte* data, std::size_t) noexcept {
    ::UnmapViewOfFile(data);
}

#else

extern "C" void lost_file(int signal, siginfo_t* info, void*) {
    if (info->si_code == BUS_ADRERR) { // a page that no longer has a file behind it
        const ssize_t written =
            ::write(STDERR_FILENO, lost_file_line.data(), lost_file_line.size());
        ::_exit(written < 0 ? 2 : 1);
    }
    ::signal(signal, SIG_DFL); // any other cause: the same instruction once more, and its death
}

void watch() {
    struct sigaction action {};
    action.sa_sigaction = &lost_file;
    action.sa_flags = SA_SIGINFO;
    ::sigaction(SIGBUS, &action, nullptr);
}

const std::byte* map(const InputFile& file) noexcept {
    void* memory = ::mmap(nullptr, file.size(), PROT_READ, MAP_PRIVATE, file.handle(), 0);
    return memory == MAP_FAILED ? nullptr : static_cast<const std::byte*>(memory);
}

void unmap(const std::byte* data, std::size_t size) noexcept {
    ::munmap(const_cast<std::byte*>(data), size);
}

#endif

} // namespace

void report_lost_files(std::string_view name) {
    lost_file_line = std::string(name) +
                     ": a part of the model file is gone: it was cut while in use, or cannot be "
                     "read\n";
    watch();
}

MappedFile::MappedFile(const InputFile& file) {
    if (file.size() == 0) return;
    data_ = map(file);
    if (data_ == nullptr) throw UserError(file.path() + ": " + error_text(last_error()));
    size_ = file.size();
}

MappedFile::~MappedFile() {
    if (data_ != nullptr) unmap(data_, size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
}

} // namespace bitnet::example
