// SPDX-License-Identifier: MIT
// Where the program finds the model it ships with.
#pragma once

#include <string>

namespace bitnet::example {

/// The default model: the file that BITNET_MODEL names, else stories-ternary.bitnet in the
/// program's folder, in ../share/bitnet/models seen from there, or in the folder models there,
/// which in a build is a link to the source tree's. UserError that lists the places when there is
/// none.
std::string find_default_model();

} // namespace bitnet::example
