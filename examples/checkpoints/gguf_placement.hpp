// SPDX-License-Identifier: MIT
// Where the tensors of a GGUF file lie. Their offsets are in the file, and follow from their types
// too: only when the two agree are the types what the file means.
#pragma once

#include "gguf.hpp"

namespace bitnet::example {

/// Gives each tensor its type and its bytes, which lie in `data`. UserError when one has no type
/// that is read here, or does not lie where those before it end.
void place_tensors(const GgufFile& file, std::uint64_t alignment, std::span<const std::byte> data,
                   std::vector<GgufTensor>& tensors);

} // namespace bitnet::example
