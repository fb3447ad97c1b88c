// SPDX-License-Identifier: MIT
// The loss curves of training runs as a picture.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace bitnet::train {

/// runs: (name, curve.csv of the run). Draws the held-out score over the tokens seen.
void draw_curves(const std::vector<std::pair<std::string, std::string>>& runs,
                 const std::string& svg);

} // namespace bitnet::train
