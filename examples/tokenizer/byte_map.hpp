// SPDX-License-Identifier: MIT
// The alphabet in which files of byte-level BPE write bytes: a printable character for each, "Ġ"
// for a space.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bitnet::example {

/// The bytes that `token` writes; none when it has a character of another alphabet.
std::optional<std::string> bytes_of_mapped(std::string_view token);

} // namespace bitnet::example
