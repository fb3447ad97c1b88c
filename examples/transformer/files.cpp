// SPDX-License-Identifier: MIT
// Reading by stream, and writing: a draft that is renamed when all of it is there, or piece by
// piece.
#include "files.hpp"

#include "error.hpp"
#include "model_format.hpp"
#include "system_text.hpp"
#include "text.hpp"

#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <system_error>
#include <vector>

namespace bitnet::example {
namespace {

enum class Access { read, write };

// Where it fails, errno has the cause.
std::unique_ptr<std::FILE, int (*)(std::FILE*)> open(const std::string& path, Access access) {
    errno = 0;
#if defined(_WIN32)
    const wchar_t* const mode = access == Access::read ? L"rb" : L"wb";
    return {::_wfopen(as_path(path).c_str(), mode), &std::fclose};
#else
    const char* const mode = access == Access::read ? "rb" : "wb";
    return {std::fopen(path.c_str(), mode), &std::fclose};
#endif
}

// What a link leads to, which is then the file to be replaced, and not the link.
std::filesystem::path target_of(const std::string& path) {
    std::error_code error;
    std::filesystem::path file = as_path(path);
    for (int links = 0; links < 40 && std::filesystem::is_symlink(file, error); ++links) {
        file = file.parent_path() / std::filesystem::read_symlink(file, error);
    }
    return file;
}

} // namespace

std::string read_text(const std::string& path) {
    const auto file = open(path, Access::read);
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

void write_file(const std::string& path, const std::function<void(std::ostream&)>& write,
                const std::function<void(const std::string& draft)>& check) {
    namespace fs = std::filesystem;
    std::error_code ignored;
    const fs::path file = target_of(path);
    const fs::file_status status = fs::status(file, ignored);
    if (fs::exists(status) && !fs::is_regular_file(status)) {
        throw UserError(path +
                        ": is a device, a pipe or a directory, not a file that can be replaced");
    }
    const std::string draft_path = as_text(file) + ".part";
    const fs::path draft = as_path(draft_path);
    errno = 0;
    std::ofstream out(draft, std::ios::binary);
    if (out) { // else errno still has the cause
        try {
            write(out);
            out.close();
            if (out && check) check(draft_path);
        } catch (...) {
            out.close();
            fs::remove(draft, ignored);
            throw;
        }
    }
    std::string cause = errno == 0 ? "" : std::strerror(errno);
    if (out) { // std::rename() would replace no file on Windows
        std::error_code error;
        fs::rename(draft, file, error);
        if (!error) return;
        cause = error.message();
    }
    fs::remove(draft, ignored);
    throw UserError(path + ": could not be written" + (cause.empty() ? "" : ": " + cause));
}

void require_outside(const std::string& option, const std::string& file, const std::string& model) {
    std::error_code ignored; // by which a new file is no other
    const std::filesystem::path path = as_path(file), whole = as_path(model);
    if (std::filesystem::equivalent(path, whole, ignored)) {
        throw UserError(option + ": " + file + " is the model");
    }
    const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
    if (std::filesystem::exists(path, ignored) && std::filesystem::is_directory(whole, ignored) &&
        std::filesystem::equivalent(folder, whole, ignored)) {
        throw UserError(option + ": " + file + " is a file of the model");
    }
}

GrowingFile::GrowingFile(const std::string& path) : path_(path), file_(open(path, Access::write)) {
    if (!file_) fail();
    std::setvbuf(file_.get(), nullptr, _IONBF, 0); // what write() was given is in the file
}

void GrowingFile::write(std::span<const std::byte> bytes) {
    errno = 0;
    if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size()) fail();
}

void GrowingFile::close() {
    errno = 0;
    if (std::fclose(file_.release()) != 0) fail();
}

void GrowingFile::fail() const {
    throw UserError(path_ + ": could not be written" +
                    (errno == 0 ? "" : std::string(": ") + std::strerror(errno)));
}

void write_floats(GrowingFile& file, std::span<const float> floats) {
    std::vector<std::byte> bytes(floats.size() * sizeof(float));
    for (std::size_t i = 0; i < floats.size(); ++i) {
        file_format::store<std::uint32_t>(bytes.data() + i * sizeof(float),
                                          std::bit_cast<std::uint32_t>(floats[i]));
    }
    file.write(bytes);
}

} // namespace bitnet::example
