// SPDX-License-Identifier: MIT
// A checkpoint as the writer of its .bitnet file.
#pragma once

#include "convert_tensor.hpp"

namespace bitnet::example {

/// `checkpoint` must outlive the writer. UserError as add_tensor(), and where its tokenizer is not
/// supported.
ModelWriter model_writer_of(const Checkpoint& checkpoint, const ConvertOptions& options);

} // namespace bitnet::example
