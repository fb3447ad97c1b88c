// SPDX-License-Identifier: MIT
// `bitnet inspect`: what a model file holds.
#pragma once

#include "loaded_model.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace bitnet::example {

struct InspectOptions {
    ModelOptions model;
    bool verify = false;
    bool json = false;
    std::optional<std::string> prompt; // to run, or its ids
    std::optional<std::string> prompt_ids;
    std::string picture; // the SVG to write; empty: none

    bool runs_prompt() const noexcept { return prompt || prompt_ids; }
};

/// Prints config, tensors, shapes, formats, bytes and the share of -1, 0, +1 to stdout. The
/// checksums are always compared; `verify` checks codes, padding, values and shapes too. With a
/// prompt it runs that once, and prints what the inputs of the projections were in place of these.
void inspect(const InspectOptions& options);

} // namespace bitnet::example
