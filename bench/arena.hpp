// SPDX-License-Identifier: MIT
// The memory that cold rows walk through, in pages of two sizes.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace bench {

enum class Pages {
    small, ///< the system's own: 4 KiB on x86
    large  ///< 2 MiB
};

/// "4k" (or "16k", as the system has it), "2m".
std::string name_of(Pages pages);

/// The sizes that this system gives on demand.
const std::vector<Pages>& page_sizes();

/// Bytes that surely do not fit the last cache: what a row called "cold" walks through.
std::size_t cold_bytes();

/// A block of memory in pages of one size. All cold rows of that size share it, one after the
/// other, and the limit of reads is measured on it, so that a row and its limit see the same
/// memory.
class Arena {
public:
    static Arena& of(Pages pages);

    /// At least `bytes` of it, which start at a multiple of 2 MiB. What it held may be lost.
    std::span<std::byte> claim(std::size_t bytes);
    /// How often it was claimed: a row whose number it still is finds its bytes as it left them.
    std::size_t claims() const { return claims_; }

    /// cold_bytes() of it, every page of which was written.
    std::span<const std::byte> cold();

private:
    explicit Arena(Pages pages) : pages_(pages) {}
    void grow(std::size_t bytes);

    Pages pages_;
    std::span<std::byte> mapping_, block_; // block_: the aligned part
    std::size_t claims_ = 0;
};

/// Copies of what a cold row reads, one behind the other, enough that a walk over them finds none
/// in a cache. T reads one copy.
template <class T>
class Copies {
public:
    /// The copies in pages of this size, made unless they are still there.
    /// bytes: of a copy; read: what a call reads of it; make(memory) writes one and returns its T
    template <class Make>
    const std::vector<T>& in(Pages pages, std::size_t bytes, std::size_t read, Make&& make) {
        Arena& arena = Arena::of(pages);
        Kept& kept = kept_[pages == Pages::large];
        if (kept.claim != 0 && kept.claim == arena.claims()) return kept.copies;
        const std::size_t stride = (bytes + 4095) / 4096 * 4096;
        const std::size_t count = (cold_bytes() + read - 1) / read;
        const std::span<std::byte> memory = arena.claim(count * stride);
        kept.claim = arena.claims();
        kept.copies.clear();
        for (std::size_t i = 0; i < count; ++i) {
            kept.copies.push_back(make(memory.subspan(i * stride, bytes)));
        }
        return kept.copies;
    }

private:
    struct Kept {
        std::size_t claim = 0; // of the arena; 0: none yet
        std::vector<T> copies;
    };
    Kept kept_[2];
};

} // namespace bench
