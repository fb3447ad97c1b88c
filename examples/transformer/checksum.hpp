// SPDX-License-Identifier: MIT
// The checksum of .bitnet files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace bitnet::example {

/// XXH64 with seed 0: every bit of the input changes about half of the bits of the result.
/// Source: the xxHash specification, version 0.1.1, section "XXH64 algorithm description".
std::uint64_t checksum(std::span<const std::byte> bytes) noexcept;

} // namespace bitnet::example
