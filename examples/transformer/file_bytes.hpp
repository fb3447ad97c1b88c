// SPDX-License-Identifier: MIT
// A whole file as read-only bytes, 64-byte aligned: in memory of its own in large pages, or mapped.
#pragma once

#include "mapped_file.hpp"

#include <bitnet/tensor.hpp>

#include <cstddef>
#include <span>
#include <string>

namespace bitnet::example {

/// How a file comes into memory.
struct Loading {
    bool map = false;                                  // map it in any case
    std::size_t threads = 1;                           // that read it, and compare its checksums
    std::size_t smallest_read = std::size_t{16} << 20; // bytes of a file that is worth reading
};

/// A file is read into large pages where the system gives such, since then it is faster to use; and
/// mapped where it is small, where it would take more than half of the memory that is left, and
/// where its mapping is in large pages anyway, as on a tmpfs with huge=always.
class FileBytes {
public:
    FileBytes() = default;
    /// UserError when the file is missing, unreadable or no regular file, or changes its size.
    FileBytes(const std::string& path, const Loading& loading);

    std::span<const std::byte> bytes() const noexcept {
        return memory_ ? std::span<const std::byte>(memory_.data(), memory_.size())
                       : mapping_.bytes();
    }
    bool mapped() const noexcept { return !mapping_.bytes().empty() && !memory_; }

    /// "748 MB read into memory, 746 MB of it in large pages"
    std::string description() const;

private:
    MappedFile mapping_;
    AlignedBytes memory_;
};

} // namespace bitnet::example
