// SPDX-License-Identifier: MIT
// How much memory a call takes, and what it does where there is none: allocations.cpp, a source of
// the test, has an operator new that counts.
#pragma once

#include <cstddef>

namespace support {

std::size_t allocated_now() noexcept;
std::size_t allocated_most() noexcept;
void forget_most() noexcept; // allocated_most() counts from now

/// After so many calls of operator new one throws std::bad_alloc, and all others succeed; negative:
/// none throws.
void fail_after(int calls) noexcept;

/// The most bytes that run() held at one time, beside what there was before.
template <class Run>
std::size_t peak_bytes(const Run& run) {
    forget_most();
    const std::size_t before = allocated_now();
    run();
    return allocated_most() - before;
}

} // namespace support
