// SPDX-License-Identifier: MIT
// Time and memory, for --stats.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>

namespace bitnet::example {

/// Seconds since it was made.
class Stopwatch {
public:
    double seconds() const noexcept {
        return std::chrono::duration<double>(Clock::now() - start_).count();
    }

private:
    using Clock = std::chrono::steady_clock;
    Clock::time_point start_ = Clock::now();
};

/// The most memory that the process has held so far, in bytes; 0 where the system does not tell.
std::size_t peak_memory_bytes() noexcept;

/// The memory that programs can have without swapping, in bytes; 0 where the system does not tell.
std::size_t free_memory_bytes() noexcept;

/// Of the memory at `bytes`, at most how much is in large pages: the system counts by mappings; 0
/// where the system does not tell.
std::size_t bytes_in_large_pages(std::span<const std::byte> bytes);

/// The memory of this machine, in bytes; 0 where the system does not tell.
std::size_t machine_memory_bytes() noexcept;

} // namespace bitnet::example
