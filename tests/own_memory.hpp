// SPDX-License-Identifier: MIT
// Aligned memory of the system, for tests that replace the operators that AlignedBytes asks.
#pragma once

#include <cstddef>
#include <cstdlib>

#if defined(_WIN32)
#include <malloc.h>
#endif

namespace support {

#if defined(_WIN32)
inline void* take(std::size_t size, std::size_t alignment) {
    return ::_aligned_malloc(size, alignment);
}
inline void (*volatile give_back)(void*) = ::_aligned_free;
#else
inline void* take(std::size_t size, std::size_t alignment) {
    return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}
// A pointer: g++ warns of free() in an operator delete, whatever the operator new is.
inline void (*volatile give_back)(void*) = std::free;
#endif

} // namespace support
