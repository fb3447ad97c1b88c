// SPDX-License-Identifier: MIT
// The search for the default model.
#include "find_model.hpp"

#include "error.hpp"

#include <cstdlib>
#include <filesystem>
#include <vector>

namespace bitnet::example {
namespace {

constexpr const char* default_name = "stories-ternary.bitnet";

// Empty where the system does not tell.
std::filesystem::path program_folder() {
    std::error_code error;
    const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
    return error ? std::filesystem::path() : program.parent_path();
}

} // namespace

std::string find_default_model() {
    if (const char* named = std::getenv("BITNET_MODEL"); named != nullptr && *named != '\0') {
        return named; // as it stands: a wrong name is an error, not a reason to search on
    }
    std::vector<std::filesystem::path> places;
    if (const std::filesystem::path folder = program_folder(); !folder.empty()) {
        places = {folder, folder / "models",
                  (folder / ".." / "share" / "bitnet" / "models").lexically_normal()};
    }
#if defined(BITNET_SOURCE_MODELS)
    places.emplace_back(BITNET_SOURCE_MODELS);
#endif
    std::string tried;
    for (const std::filesystem::path& place : places) {
        std::error_code error;
        const std::filesystem::path file = place / default_name;
        if (std::filesystem::is_regular_file(file, error)) {
            return file.string();
        }
        tried += (tried.empty() ? "" : ", ") + place.string();
    }
    throw UserError("no model: name one with --model or BITNET_MODEL (no " +
                    std::string(default_name) + " in " + tried + ")");
}

} // namespace bitnet::example
