// SPDX-License-Identifier: MIT
// One tensor of a checkpoint as a .bitnet file has it.
#pragma once

#include "checkpoint.hpp"
#include "model_file.hpp"

#include <string>

namespace bitnet::example {

struct ConvertOptions {
    /// How a projection quantizes its input, as the kinds of docs/formats.md call it: "int8", ...;
    /// "float": not at all, its weights are floats; empty: as default_activations() says.
    std::string activations;
    /// Ternary weights five a byte.
    bool dense = false;
    /// The kind of an output head of floats: "screened-int8", "int8-int8", "int6-int8"; empty: as
    /// it is. Another kind is another head: its weights are rounded.
    std::string head;
};

/// "int8", a scale per token, for models that are trained so; "int8g128" for those of Qwen3's kind,
/// which are not trained with quantized input.
std::string default_activations(const Config& config);

/// Adds a tensor to what `writer` writes; `checkpoint` must outlive it. Codes of one or two bits
/// are repacked, without loss. So are floats that are ternary weights, and masters become ternary.
/// Other floats stay: as halves where all of them are exactly that. UserError where that cannot be,
/// for an illegal code, and for what is not finite; also from writer.write().
void add_tensor(ModelWriter& writer, const Checkpoint& checkpoint, const SourceTensor& tensor,
                const ConvertOptions& options);

} // namespace bitnet::example
