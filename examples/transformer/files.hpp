// SPDX-License-Identifier: MIT
// Whole files, read and written.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>

namespace bitnet::example {

/// All of a text file, or of a pipe to its end, as plain_text() of text.hpp gives it. UserError
/// when it cannot be read.
std::string read_text(const std::string& path);

/// What `write` puts into the stream becomes the file, by way of a draft beside it. A failure, such
/// as a full disk, throws UserError and leaves the old file alone, as does what `write` throws.
void write_file(const std::string& path, const std::function<void(std::ostream&)>& write);

} // namespace bitnet::example
