// SPDX-License-Identifier: MIT
// `bitnet --version`.
#pragma once

#include <string>

namespace bitnet::example {

/// Version, compiler, the clusters that were built and the one in use; text or JSON, with newline.
std::string version_text(bool as_json);

} // namespace bitnet::example
