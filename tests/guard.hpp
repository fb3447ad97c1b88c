// SPDX-License-Identifier: MIT
// Memory with an inaccessible page on either side: a kernel that reads or writes one byte too far
// ends the program.
#pragma once

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#if !defined(NOMINMAX)
#define NOMINMAX
#endif
#include <windows.h>
#else
#include <sys/mman.h>
#include <unistd.h>
#endif

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

namespace support {

/// Pages of the system's: at first nobody may touch them.
class Pages {
public:
    enum class Access { read, write };

#if defined(_WIN32)
    explicit Pages(std::size_t bytes)
        : data_(static_cast<std::byte*>(
              ::VirtualAlloc(nullptr, bytes, MEM_RESERVE | MEM_COMMIT, PAGE_NOACCESS))) {
        if (data_ == nullptr) std::abort();
    }
    ~Pages() {
        ::VirtualFree(data_, 0, MEM_RELEASE);
    }
    void allow(std::size_t offset, std::size_t bytes, Access access) const {
        DWORD before = 0;
        const DWORD now = access == Access::read ? PAGE_READONLY : PAGE_READWRITE;
        if (!::VirtualProtect(data_ + offset, bytes, now, &before)) std::abort();
    }
    static std::size_t size() {
        SYSTEM_INFO info{};
        ::GetSystemInfo(&info);
        return info.dwPageSize;
    }
#else
    explicit Pages(std::size_t bytes) : bytes_(bytes) {
        void* p = ::mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED) std::abort();
        data_ = static_cast<std::byte*>(p);
    }
    ~Pages() {
        ::munmap(data_, bytes_);
    }
    void allow(std::size_t offset, std::size_t bytes, Access access) const {
        const int now = access == Access::read ? PROT_READ : PROT_READ | PROT_WRITE;
        if (::mprotect(data_ + offset, bytes, now) != 0) std::abort();
    }
    static std::size_t size() {
        return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    }
#endif
    Pages(const Pages&) = delete;
    Pages& operator=(const Pages&) = delete;

    std::byte* data() const {
        return data_;
    }

private:
    std::byte* data_ = nullptr;
#if !defined(_WIN32)
    std::size_t bytes_;
#endif
};

/// Which guard page the bytes touch.
enum class Edge { front, back };

/// `size` bytes that start just after a guard page (front) or end just before one (back).
class Guarded {
public:
    Guarded(std::size_t size, Edge edge) : size_(size), pages_(inner() + 2 * Pages::size()) {
        pages_.allow(Pages::size(), inner(), Pages::Access::write);
        std::byte* const first = pages_.data() + Pages::size();
        data_ = first + (edge == Edge::back ? inner() - size : 0);
        std::memset(first, 0xa5, inner()); // what lies beside the bytes looks like nothing
    }
    /// A copy of values, that nobody may write to.
    template <class T>
    Guarded(const std::vector<T>& values, Edge edge) : Guarded(values.size() * sizeof(T), edge) {
        if (size_) std::memcpy(data_, values.data(), size_);
        pages_.allow(Pages::size(), inner(), Pages::Access::read);
    }

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
    // Bytes of the pages between the guards.
    std::size_t inner() const {
        const std::size_t page = Pages::size();
        return size_ == 0 ? page : (size_ + page - 1) / page * page;
    }

    std::size_t size_;
    Pages pages_;
    std::byte* data_ = nullptr;
};

} // namespace support
