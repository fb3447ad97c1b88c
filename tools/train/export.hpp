// SPDX-License-Identifier: MIT
// From a checkpoint to the .bitnet file that the program reads.
#pragma once

#include <string>

namespace bitnet::train {

void export_model(const std::string& checkpoint, const std::string& model);

} // namespace bitnet::train
