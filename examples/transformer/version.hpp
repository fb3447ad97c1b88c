// SPDX-License-Identifier: MIT
// `bitnet --version`, and whether the kernels are to be trusted.
#pragma once

#include <string>

namespace bitnet::example {

/// Version, compiler, the clusters that were built and the one in use; text or JSON, with newline.
std::string version_text(bool as_json);

/// A kernel that computes nonsense would still print fluent nonsense: UserError when the self-test
/// fails, or BITNET_ISA names a cluster that cannot be had.
void check_kernels();

} // namespace bitnet::example
