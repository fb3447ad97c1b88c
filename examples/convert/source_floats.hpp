// SPDX-License-Identifier: MIT
// The values of a checkpoint's tensor as floats.
#pragma once

#include "checkpoint.hpp"

#include <cstddef>
#include <span>
#include <string>

namespace bitnet::example {

/// Whether source_floats() knows the type: those whose values are no codes of one or two bits.
bool has_floats(SourceType type) noexcept;

/// Row `row`, times the tensor's factor. Exact, but for a product of two scales with a code, which
/// is rounded to float32 after each multiplication, the scales first.
/// pre: has_floats(tensor.type), out.size() == tensor.cols
void source_floats(const SourceTensor& tensor, std::size_t row, std::span<float> out);

/// UserError "PATH: tensor NAME (SOURCE): what".
[[noreturn]] void refuse(const Checkpoint& checkpoint, const SourceTensor& tensor,
                         const std::string& what);

} // namespace bitnet::example
