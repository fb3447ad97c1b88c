// SPDX-License-Identifier: MIT
// What the system tells about memory.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>

namespace bitnet::example {

/// The most memory that the process has held so far, in bytes; 0 where the system does not tell.
std::uint64_t peak_memory_bytes() noexcept;

/// The memory of this machine, in bytes; 0 where the system does not tell.
std::uint64_t machine_memory_bytes() noexcept;

/// Bytes that this process can still take without swapping: what the machine has left, and no more
/// than what the limits of its cgroups leave. Cached files count as free. None where the system
/// does not tell. `root` is the folder that holds proc and sys: another one than / for tests.
std::optional<std::uint64_t> available_memory_bytes(const std::filesystem::path& root = "/");

/// The most memory that this process can take more of: available_memory_bytes(), but no more than
/// the machine has, or than a size_t counts.
std::uint64_t obtainable_memory_bytes(const std::filesystem::path& root = "/");

/// Whether the system gives large pages to memory that asks for them, as Linux does if it is not
/// told otherwise.
bool gives_large_pages(const std::filesystem::path& root = "/");

/// At most how many of these bytes are in large pages now, as the system counts whole mappings;
/// none where the system does not tell.
std::optional<std::size_t> large_page_bytes(std::span<const std::byte> bytes);

} // namespace bitnet::example
