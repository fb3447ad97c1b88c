// SPDX-License-Identifier: MIT
// Where the program finds the model it ships with.
#pragma once

#include <string>

namespace bitnet::example {

/// The default model: the file that BITNET_MODEL names, else stories-ternary.bitnet beside the
/// program, in models/ beside it, in ../share/bitnet/models of an installation, or in the source
/// tree above a build.
/// UserError that lists the places when there is none.
std::string find_default_model();

} // namespace bitnet::example
