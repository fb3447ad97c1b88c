// SPDX-License-Identifier: MIT
// A .bitnet file whose layers quantize their input in another way.
#pragma once

#include "model_file.hpp"

#include <string_view>

namespace bitnet::example {

/// What is in `file`, which must outlive the writer, with other activations of its ternary and
/// binary layers: "int8", "int8g128", "int8g32", or "float", which makes their weights floats. The
/// weights stay the same. UserError where a layer has activations of one bit, which are trained
/// for, and where there is no such kind.
ModelWriter with_activations(const ModelFile& file, std::string_view activations);

} // namespace bitnet::example
