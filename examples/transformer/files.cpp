// SPDX-License-Identifier: MIT
// Reading by stream, and writing a draft that is renamed when all of it is there.
#include "files.hpp"

#include "error.hpp"
#include "system_text.hpp"
#include "text.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <system_error>

namespace bitnet::example {
namespace {

std::FILE* open(const std::string& path) {
#if defined(_WIN32)
    return ::_wfopen(as_path(path).c_str(), L"rb");
#else
    return std::fopen(path.c_str(), "rb");
#endif
}

} // namespace

std::string read_text(const std::string& path) {
    errno = 0;
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(open(path), &std::fclose);
    std::string text;
    if (file) {
        char block[1 << 16];
        while (const std::size_t bytes = std::fread(block, 1, sizeof block, file.get())) {
            text.append(block, bytes);
        }
    }
    if (!file || std::ferror(file.get()) != 0) throw UserError(path + ": " + std::strerror(errno));
    return plain_text(text);
}

void write_file(const std::string& path, const std::function<void(std::ostream&)>& write) {
    namespace fs = std::filesystem;
    const fs::path draft = as_path(path + ".part");
    std::error_code ignored;
    errno = 0;
    std::ofstream out(draft, std::ios::binary);
    if (out) { // else errno still has the cause
        try {
            write(out);
        } catch (...) {
            out.close();
            fs::remove(draft, ignored);
            throw;
        }
        out.close();
    }
    std::string cause = errno == 0 ? "" : std::strerror(errno);
    if (out) { // std::rename() would replace no file on Windows
        std::error_code error;
        fs::rename(draft, as_path(path), error);
        if (!error) return;
        cause = error.message();
    }
    fs::remove(draft, ignored);
    throw UserError(path + ": could not be written" + (cause.empty() ? "" : ": " + cause));
}

} // namespace bitnet::example
