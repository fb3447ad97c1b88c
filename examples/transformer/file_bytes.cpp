// SPDX-License-Identifier: MIT
// Whether to read a file or to map it.
#include "file_bytes.hpp"

#include "memory.hpp"

#include <cstdio>
#include <optional>

namespace bitnet::example {
namespace {

// As much again is left for the KV cache and for others: that of BitNet b1.58 2B4T at its whole
// context is almost as large as its weights.
bool has_room(std::size_t bytes) {
    const std::optional<std::uint64_t> available = available_memory_bytes();
    return available && bytes <= *available / 2;
}

// Looks at a few places of a mapping, each in a large page of its own: whether the system maps
// those that it is asked for in large pages.
bool comes_in_large_pages(std::span<const std::byte> mapping) {
    constexpr std::size_t places = 4;
    if (mapping.size() < 2 * places * large_page) return false;
    for (std::size_t i = 0; i < places; ++i) {
        [[maybe_unused]] const volatile std::byte touched = mapping[mapping.size() / places * i];
    }
    return large_page_bytes(mapping).value_or(0) >= places * large_page;
}

bool better_mapped(std::span<const std::byte> mapping, const Loading& loading) {
    return loading.map || mapping.size() < loading.smallest_read || !gives_large_pages() ||
           !has_room(mapping.size()) || comes_in_large_pages(mapping);
}

} // namespace

FileBytes::FileBytes(const std::string& path, const Loading& loading) {
    const InputFile file(path);
    mapping_ = MappedFile(file);
    if (better_mapped(mapping_.bytes(), loading)) return;
    memory_ = AlignedBytes(file.size());
    if (!memory_) return;
    mapping_ = MappedFile();
    file.read({memory_.data(), memory_.size()}, loading.threads);
}

std::string FileBytes::description() const {
    char text[128];
    std::snprintf(text, sizeof text, "%.1f MB %s", static_cast<double>(bytes().size()) / 1e6,
                  mapped() ? "mapped" : "read into memory");
    std::string description = text;
    if (const std::optional<std::size_t> large = large_page_bytes(bytes())) {
        std::snprintf(text, sizeof text, ", %.1f MB of it in large pages",
                      static_cast<double>(*large) / 1e6);
        description += text;
    }
    return description;
}

} // namespace bitnet::example
