// SPDX-License-Identifier: MIT
// Text that the system gives or takes: paths, arguments, variables, error messages. In these
// programs all of it is UTF-8. POSIX systems take that as it is; Windows has UTF-16.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bitnet::example {

std::filesystem::path as_path(std::string_view text);
std::string as_text(const std::filesystem::path& path);

/// What main() was called with, without the name of the program.
std::vector<std::string> arguments(int argc, const char* const* argv);

/// A variable of the environment; none where it is not set or empty.
std::optional<std::string> variable(const char* name);

/// The cause of the last failure of a call of the system's own, and the system's text for it: errno
/// on POSIX, GetLastError() on Windows.
int last_error() noexcept;
std::string error_text(int error);

} // namespace bitnet::example
