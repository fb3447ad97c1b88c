// SPDX-License-Identifier: MIT
// A regular file, open to be read.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace bitnet::example {

class InputFile {
public:
#if defined(_WIN32)
    using Handle = void*; // HANDLE
#else
    using Handle = int; // a file descriptor
#endif

    /// UserError when the file is missing, unreadable or no regular file.
    explicit InputFile(const std::string& path);
    ~InputFile();
    InputFile(const InputFile&) = delete;
    InputFile& operator=(const InputFile&) = delete;

    const std::string& path() const noexcept {
        return path_;
    }
    std::size_t size() const noexcept {
        return size_;
    } // in bytes, when it was opened
    Handle handle() const noexcept {
        return handle_;
    }

    /// All of the file, by that many threads. UserError when that fails, or when the file no longer
    /// has size() bytes. pre: all.size() == size()
    void read(std::span<std::byte> all, std::size_t threads) const;

private:
    std::string path_;
    std::size_t size_ = 0;
    Handle handle_;
};

} // namespace bitnet::example
