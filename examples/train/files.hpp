// SPDX-License-Identifier: MIT
// Files that are either whole or as they were before.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>

namespace bitnet::train {

// What `write` puts into the stream becomes the file, by way of a draft beside it. A failure, such
// as a full disk, throws std::runtime_error and leaves the old file alone.
void write_file(const std::string& path, const std::function<void(std::ostream&)>& write);

} // namespace bitnet::train
