// SPDX-License-Identifier: MIT
// Statistics of activations as a table, as JSON, as a picture, and in short.
#pragma once

#include "activations.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>

namespace bitnet::example {

/// A line for each input of each layer. pre: they are full
std::string activation_table(const ActivationStatistics& statistics);
/// {"tokens": ..., "layers": [...]}. pre: they are full
nlohmann::ordered_json activation_json(const ActivationStatistics& statistics);
/// An SVG: of each input, how often each magnitude of a code occurs.
std::string activation_picture(const ActivationStatistics& statistics);

/// The variable BITNET_DEBUG: brief statistics to be made of what runs, unless it is 0 or not set.
std::optional<ActivationStatistics> activations_for_debugging();
/// A line for each layer, to stderr.
void print_short(const ActivationStatistics& statistics);

/// "q k v"
std::string names_of(const InputStatistics& in);

} // namespace bitnet::example
