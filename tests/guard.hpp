// SPDX-License-Identifier: MIT
// Memory with an inaccessible page on either side: a kernel that reads or writes one byte too far
// ends the program.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

namespace support {

/// Which guard page the bytes touch.
enum class Edge { front, back };

/// `size` bytes that start just after a guard page (front) or end just before one (back).
class Guarded {
public:
    Guarded(std::size_t size, Edge edge) : size_(size) {
        const std::size_t page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
        inner_ = (size + page - 1) / page * page;
        if (inner_ == 0) inner_ = page;
        total_ = inner_ + 2 * page;
        void* p = ::mmap(nullptr, total_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED) std::abort();
        base_ = static_cast<std::byte*>(p);
        if (::mprotect(base_ + page, inner_, PROT_READ | PROT_WRITE) != 0) std::abort();
        data_ = base_ + page + (edge == Edge::back ? inner_ - size : 0);
        std::memset(base_ + page, 0xa5, inner_); // what lies beside the bytes looks like nothing
        inner_base_ = base_ + page;
    }
    /// A copy of values, that nobody may write to.
    template <class T>
    Guarded(const std::vector<T>& values, Edge edge) : Guarded(values.size() * sizeof(T), edge) {
        if (size_) std::memcpy(data_, values.data(), size_);
        if (::mprotect(inner_base_, inner_, PROT_READ) != 0) std::abort();
    }
    Guarded(const Guarded&) = delete;
    Guarded& operator=(const Guarded&) = delete;
    ~Guarded() { ::munmap(base_, total_); }

    std::byte* data() const { return data_; }
    template <class T>
    T* as() const {
        return reinterpret_cast<T*>(data_);
    }
    template <class T>
    std::span<T> span() const {
        return {as<T>(), size_ / sizeof(T)};
    }

private:
    std::byte *base_ = nullptr, *inner_base_ = nullptr, *data_ = nullptr;
    std::size_t size_, inner_ = 0, total_ = 0;
};

} // namespace support
