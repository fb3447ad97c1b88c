// SPDX-License-Identifier: MIT
// Vectors that begin at a cache line: where rows are whole lines too, no load of a register takes
// two of them. Large ones are in large pages where the system grants them.
#pragma once

#include <bitnet/large_pages.hpp>

#include <cstddef>
#include <new>
#include <vector>

namespace bitnet::example {

template <class T>
struct LineAllocator {
    using value_type = T;

    LineAllocator() = default;
    template <class U>
    LineAllocator(const LineAllocator<U>&) noexcept {}
    T* allocate(std::size_t n) {
        void* const p = ::operator new(n * sizeof(T), alignment(n));
        if (n * sizeof(T) >= 2 * large_page) advise_large_pages(p, n * sizeof(T));
        return static_cast<T*>(p);
    }
    void deallocate(T* p, std::size_t n) noexcept { ::operator delete(p, alignment(n)); }
    static std::align_val_t alignment(std::size_t n) noexcept {
        return std::align_val_t{alignment_for(n * sizeof(T))};
    }
    friend bool operator==(const LineAllocator&, const LineAllocator&) noexcept { return true; }
};

template <class T>
using Lines = std::vector<T, LineAllocator<T>>;

} // namespace bitnet::example
