// SPDX-License-Identifier: MIT
// A whole file as read-only bytes, 64-byte aligned: mapped where the system can, else read.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace bitnet::example {

class MappedFile {
public:
    MappedFile() = default;
    /// UserError when the file is missing, unreadable or no regular file.
    explicit MappedFile(const std::string& path);
    ~MappedFile();
    MappedFile(MappedFile&& other) noexcept;
    MappedFile& operator=(MappedFile&& other) noexcept;

    std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }

private:
    const std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

} // namespace bitnet::example
