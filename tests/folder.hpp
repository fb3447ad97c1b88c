// SPDX-License-Identifier: MIT
// A folder that is a test's own while it runs: the same test of another build, or of the same one,
// may run at the same time.
#pragma once

#include <filesystem>
#include <random>
#include <string>

namespace support {

class Folder {
public:
    Folder() {
        std::random_device number;
        do {
            path = std::filesystem::temp_directory_path() /
                   ("bitnet-test-" + std::to_string(number()));
        } while (!std::filesystem::create_directory(path)); // somebody else's
    }
    ~Folder() { std::filesystem::remove_all(path); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    std::filesystem::path path;
};

} // namespace support
