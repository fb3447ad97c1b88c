// SPDX-License-Identifier: MIT
// operator new with a count, which can be told to fail. Each block has its size in front.
#include "allocations.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace {

constexpr std::size_t front = __STDCPP_DEFAULT_NEW_ALIGNMENT__;
std::atomic<std::size_t> now{0}, most{0};
std::atomic<int> granted{-1}; // the call after them fails; negative: none does

} // namespace

namespace support {

std::size_t allocated_now() noexcept {
    return now;
}
std::size_t allocated_most() noexcept {
    return most;
}
void forget_most() noexcept {
    most = now.load();
}
void fail_after(int calls) noexcept {
    granted = calls;
}

} // namespace support

void* operator new(std::size_t size) {
    if (granted >= 0 && granted-- == 0) throw std::bad_alloc();
    void* const block = size > SIZE_MAX - front ? nullptr : std::malloc(size + front);
    if (block == nullptr) throw std::bad_alloc();
    *static_cast<std::size_t*>(block) = size;
    now += size;
    most = std::max(most.load(), now.load());
    return static_cast<char*>(block) + front;
}
void operator delete(void* p) noexcept {
    if (p == nullptr) return;
    void* const block = static_cast<char*>(p) - front;
    now -= *static_cast<std::size_t*>(block);
    std::free(block);
}
void operator delete(void* p, std::size_t) noexcept {
    operator delete(p);
}
