// SPDX-License-Identifier: MIT
// Large pages: 2 MiB in place of 4 KiB for memory that is read in long streams, such as weights.
// docs/getting-started.md, "Large pages", has what they gain. Nothing here changes a result.
//
// What systems offer to a program without privileges:
//   Linux    transparent huge pages. The kernel is asked once the memory is there and before it is
//            written. It grants them as long as it has free ones and
//            /sys/kernel/mm/transparent_hugepage/enabled does not say "never".
//   FreeBSD  superpages, given unasked to aligned memory.
//   Windows  nothing: VirtualAlloc with MEM_LARGE_PAGES needs the right SeLockMemoryPrivilege. A
//            program that has it allocates its own arena and maps its layers from there.
//   macOS    nothing on ARM, whose pages have 16 KiB. On x86 VM_FLAGS_SUPERPAGE_SIZE_2MB, only by
//            mach_vm_allocate and only while physical memory is not fragmented.
// Where a system grants none, memory has pages of the usual size.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/config.hpp>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace BITNET_NAMESPACE {

/// Bytes of a large page: on x86-64, and on ARM where small pages have 4 KiB.
BITNET_HIDDEN inline constexpr std::size_t large_page = std::size_t{2} << 20;

/// The alignment for an allocation of this size: a large page from two of them on, so that no less
/// than half of the memory can be in large pages; else 64, a cache line. AlignedBytes has it.
BITNET_INLINE constexpr std::size_t alignment_for(std::size_t bytes) noexcept {
    return bytes >= 2 * large_page ? large_page : 64;
}

namespace detail {

/// The whole large pages in the `bytes` from p on; none: size 0.
struct LargePages {
    std::byte* data;
    std::size_t size;
};
BITNET_INLINE LargePages large_pages_in(void* p, std::size_t bytes) noexcept {
    const std::size_t past = reinterpret_cast<std::uintptr_t>(p) % large_page;
    const std::size_t skipped = (large_page - past) % large_page;
    if (bytes < skipped || bytes - skipped < large_page) return {nullptr, 0};
    return {static_cast<std::byte*>(p) + skipped, (bytes - skipped) / large_page * large_page};
}

// False where a system has no such call.
#if defined(__linux__) && defined(MADV_HUGEPAGE)
BITNET_INLINE bool ask_for_large_pages(LargePages pages) noexcept {
    return ::madvise(pages.data, pages.size, MADV_HUGEPAGE) == 0;
}
#else
BITNET_INLINE bool ask_for_large_pages(LargePages) noexcept {
    return false;
}
#endif

} // namespace detail

/// Asks the system for large pages: for all that lie whole in the `bytes` from p on, memory that
/// the caller has and will read often. The contents stay as they are. Memory that was not yet
/// written gets large pages as it is; Linux gathers other memory later or never. True when the
/// system took the wish; that is no promise. False where it has no such call, and for less than one
/// whole page.
/// pre:  [p, p + bytes) is mapped memory of this process, or bytes is 0
/// cost: a system call; noexcept; may change errno
BITNET_INLINE bool advise_large_pages(void* p, std::size_t bytes) noexcept {
    const detail::LargePages pages = detail::large_pages_in(p, bytes);
    return pages.size != 0 && detail::ask_for_large_pages(pages);
}

} // namespace BITNET_NAMESPACE
