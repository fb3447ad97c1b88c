// SPDX-License-Identifier: MIT
// Large pages: 2 MiB of memory in one entry of the page table instead of 4 KiB. A stream of weights
// crosses a small page every 4 KiB, and the hardware prefetcher stops there. The owner of a large
// block, an arena of weights or a KV cache, asks for them with one call; AlignedBytes does.
//
// Linux has them for any aligned block, on request (transparent huge pages). Windows gives them to
// processes with the right SeLockMemoryPrivilege, macOS to none on ARM, where pages have 16 KiB: on
// both nothing is asked for, and memory works as ever.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/config.hpp>

#if defined(__linux__)
#include <cerrno>
#include <sys/mman.h>
#endif

namespace BITNET_NAMESPACE {

BITNET_HIDDEN inline constexpr std::size_t large_page_bytes = std::size_t{2} << 20;

/// Asks for large pages for those that lie whole in [data, data + bytes); what the block holds
/// stays. Best before the first write, which brings them at once; later the system may collapse
/// small pages in the background.
/// Whether the system took the request: it gives large pages while it has them. false where there
/// are none, or no whole one in the block.
/// cost: one system call; errno is kept; safe for concurrent calls
#if defined(__linux__) && defined(MADV_HUGEPAGE)
BITNET_INLINE bool advise_large_pages(void* data, std::size_t bytes) noexcept {
    const auto begin = reinterpret_cast<std::uintptr_t>(data);
    const std::size_t before = (large_page_bytes - begin % large_page_bytes) % large_page_bytes;
    if (bytes < before || bytes - before < large_page_bytes) return false;
    const std::size_t whole = (bytes - before) / large_page_bytes * large_page_bytes;
    const int error = errno;
    const bool taken = ::madvise(static_cast<char*>(data) + before, whole, MADV_HUGEPAGE) == 0;
    errno = error;
    return taken;
}
#else
BITNET_INLINE bool advise_large_pages(void*, std::size_t) noexcept {
    return false;
}
#endif

} // namespace BITNET_NAMESPACE
