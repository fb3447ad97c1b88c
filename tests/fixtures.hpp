// SPDX-License-Identifier: MIT
// Files that other programs made, in the folder that BITNET_FIXTURES names: tests that need them
// are skipped without.
#pragma once

#include <catch2/catch_test_macros.hpp>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace support {

/// The folder `name` of the fixtures. The test is skipped where there is none.
inline std::filesystem::path fixtures(const std::string& name) {
    const char* const folder = std::getenv("BITNET_FIXTURES");
    if (folder == nullptr) SKIP("BITNET_FIXTURES names no folder");
    const std::filesystem::path path = std::filesystem::path(folder) / name;
    if (!std::filesystem::is_directory(path)) SKIP(path.string() + " is not there");
    return path;
}

} // namespace support
