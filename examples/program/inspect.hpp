// SPDX-License-Identifier: MIT
// `bitnet inspect`: what a model file holds.
#pragma once

#include "loaded_model.hpp"

#include <cstddef>
#include <string>

namespace bitnet::example {

struct InspectOptions {
    ModelOptions model;
    bool verify = false;
    bool json = false;
};

/// Prints config, tensors, shapes, formats, bytes and the share of -1, 0, +1 to stdout. The
/// checksums are always compared; `verify` checks codes, padding, values and shapes too.
void inspect(const InspectOptions& options);

} // namespace bitnet::example
