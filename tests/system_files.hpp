// SPDX-License-Identifier: MIT
// A folder with the files of /proc and /sys that a test writes.
#pragma once

#include "folder.hpp"

#include <filesystem>
#include <fstream>
#include <string>

namespace support {

class SystemFiles {
public:
    void write(const std::string& path, const std::string& text) const {
        std::filesystem::create_directories((folder_.path / path).parent_path());
        std::ofstream(folder_.path / path) << text;
    }
    const std::filesystem::path& root() const noexcept { return folder_.path; }

private:
    Folder folder_;
};

} // namespace support
