// SPDX-License-Identifier: MIT
// A whole file mapped into memory, read-only, and shared with whoever else maps it.
#pragma once

#include "input_file.hpp"

#include <cstddef>
#include <span>
#include <string_view>

namespace bitnet::example {

class MappedFile {
public:
    MappedFile() = default;
    /// UserError when the system refuses.
    explicit MappedFile(const InputFile& file);
    ~MappedFile();
    MappedFile(MappedFile&& other) noexcept;
    MappedFile& operator=(MappedFile&& other) noexcept;

    std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }

private:
    const std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

/// For a program, at its start: what is read of a mapped file and is no longer there, since another
/// process cut the file or its disk failed, ends the program with a line that begins with its
/// `name` on stderr and with exit code 1. Without this it dies of SIGBUS, or on Windows of
/// EXCEPTION_IN_PAGE_ERROR.
void report_lost_files(std::string_view name);

} // namespace bitnet::example
