// SPDX-License-Identifier: MIT
// How much memory a call takes: allocations.cpp, a source of the test, counts operator new.
#pragma once

#include <cstddef>

namespace support {

/// The most bytes that run() held at one time, beside what there was before.
std::size_t allocated_now() noexcept;
std::size_t allocated_most() noexcept;
void forget_most() noexcept; // allocated_most() counts from now

template <class Run>
std::size_t peak_bytes(const Run& run) {
    forget_most();
    const std::size_t before = allocated_now();
    run();
    return allocated_most() - before;
}

} // namespace support
