// SPDX-License-Identifier: MIT
// Bytes on POSIX, conversions from and to UTF-16 on Windows.
#include "system_text.hpp"

#if defined(_WIN32)
#include "windows_api.hpp"

#include <memory>
#include <shellapi.h>
#else
#include <cerrno>
#include <cstdlib>
#include <cstring>
#endif

namespace bitnet::example {

std::filesystem::path as_path(std::string_view text) {
    return std::filesystem::path(std::u8string(text.begin(), text.end()));
}

#if defined(_WIN32)

namespace {

std::string utf8(std::wstring_view wide) {
    const auto convert = [&](char* to, int room) {
        return ::WideCharToMultiByte(CP_UTF8, 0, wide.data(), static_cast<int>(wide.size()), to,
                                     room, nullptr, nullptr);
    };
    std::string text(static_cast<std::size_t>(convert(nullptr, 0)), '\0');
    convert(text.data(), static_cast<int>(text.size()));
    return text;
}

} // namespace

std::string as_text(const std::filesystem::path& path) {
    return utf8(path.native());
}

// argv is in the code page of the user, which has a ? for whatever it lacks.
std::vector<std::string> arguments(int, const char* const*) {
    int count = 0;
    const std::unique_ptr<wchar_t*, decltype(&::LocalFree)> words(
        ::CommandLineToArgvW(::GetCommandLineW(), &count), &::LocalFree);
    std::vector<std::string> all;
    for (int i = 1; i < count; ++i) all.push_back(utf8(words.get()[i]));
    return all;
}

std::optional<std::string> variable(const char* name) {
    const std::filesystem::path wide_name = as_path(name);
    std::wstring value(32768, L'\0'); // the longest one there
    value.resize(::GetEnvironmentVariableW(wide_name.c_str(), value.data(),
                                           static_cast<DWORD>(value.size())));
    return value.empty() ? std::nullopt : std::optional(utf8(value));
}

int last_error() noexcept {
    return static_cast<int>(::GetLastError());
}

std::string error_text(int error) {
    wchar_t text[512];
    std::wstring_view found(
        text, ::FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS |
                                   FORMAT_MESSAGE_MAX_WIDTH_MASK, // on one line
                               nullptr, static_cast<DWORD>(error), 0, text, 512, nullptr));
    while (!found.empty() && (found.back() == L' ' || found.back() == L'.')) {
        found.remove_suffix(1);
    }
    return found.empty() ? "error " + std::to_string(error) : utf8(found);
}

#else

std::string as_text(const std::filesystem::path& path) {
    return path.native();
}

std::vector<std::string> arguments(int argc, const char* const* argv) {
    return argc > 0 ? std::vector<std::string>(argv + 1, argv + argc) : std::vector<std::string>();
}

std::optional<std::string> variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string>(value);
}

int last_error() noexcept {
    return errno;
}

std::string error_text(int error) {
    return std::strerror(error);
}

#endif

} // namespace bitnet::example
