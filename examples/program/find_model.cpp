// SPDX-License-Identifier: MIT
// The search for the default model.
#include "find_model.hpp"

#include "error.hpp"
#include "system_text.hpp"

#include <filesystem>
#include <optional>
#include <system_error>

#if defined(_WIN32)
#include "windows_api.hpp"
#elif defined(__APPLE__)
#include <cstdint>
#include <mach-o/dyld.h>
#endif

namespace bitnet::example {
namespace {

constexpr const char* default_name = "stories-ternary.bitnet";

// Where to look, seen from the program's folder: beside it, in an installation, in the source tree,
// to whose models a build folder holds a link.
constexpr const char* places[] = {"", "../share/bitnet/models", "models"};

// Empty where the system does not tell.
std::filesystem::path program() {
#if defined(_WIN32)
    wchar_t name[32768]; // the longest path there
    return std::filesystem::path(name, name + ::GetModuleFileNameW(nullptr, name, 32768));
#elif defined(__APPLE__)
    char name[4096];
    std::uint32_t size = sizeof name;
    if (_NSGetExecutablePath(name, &size) != 0) return "";
    std::error_code error;
    return std::filesystem::canonical(name, error); // it may be a link
#else
    std::error_code error;
    return std::filesystem::read_symlink("/proc/self/exe", error);
#endif
}

} // namespace

std::string find_default_model() {
    if (const std::optional<std::string> named = variable("BITNET_MODEL")) {
        return *named; // as it is: a wrong name is an error, not a reason to search on
    }
    std::error_code error;
    // The working directory where the program's is not known: an absolute path takes its place.
    const std::filesystem::path folder =
        std::filesystem::current_path(error) / program().parent_path();
    std::string tried;
    for (const char* place : places) {
        const std::filesystem::path file = (folder / place / default_name).lexically_normal();
        if (std::filesystem::is_regular_file(file, error)) return as_text(file);
        tried += (tried.empty() ? "" : ", ") + as_text(file.parent_path());
    }
    throw UserError("no model: name one with --model or BITNET_MODEL (no " +
                    std::string(default_name) + " in " + tried + ")");
}

} // namespace bitnet::example
