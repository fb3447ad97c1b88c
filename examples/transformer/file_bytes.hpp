// SPDX-License-Identifier: MIT
// A whole file as read-only bytes, 64-byte aligned: read into memory of large pages, or mapped.
#pragma once

#include <bitnet/tensor.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace bitnet::example {

/// How a file comes to memory.
///   read: into memory of its own, in large pages where the system has them: decoding is faster,
///         and the start takes longer
///   map:  the file's pages in the system's cache, which all processes that use the file share
enum class Loading { read, map };

class FileBytes {
public:
    FileBytes() = default;
    /// Maps in place of reading what is small, or more than half of the memory that is free, where
    /// files can be mapped; reads in place of mapping where they cannot. UserError when the file is
    /// missing, unreadable or no regular file, or shrinks while it is read.
    FileBytes(const std::string& path, Loading wanted);
    ~FileBytes();
    FileBytes(FileBytes&& other) noexcept;
    FileBytes& operator=(FileBytes&& other) noexcept;

    std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }
    /// What happened.
    Loading loading() const noexcept { return read_ ? Loading::read : Loading::map; }

private:
    const std::byte* data_ = nullptr;
    std::size_t size_ = 0;
    AlignedBytes read_; // empty: mapped
};

/// For a program, at its start: what is read of a mapped file and is no longer there, since another
/// process cut the file or its disk failed, ends the program with a line that begins with its
/// `name` on stderr and with exit code 1. Without this it dies of SIGBUS. Nothing is done where
/// files are not mapped.
void report_lost_files(std::string_view name);

} // namespace bitnet::example
