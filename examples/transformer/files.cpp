// SPDX-License-Identifier: MIT
// Reading by stream, and writing a draft that is renamed when all of it is there.
#include "files.hpp"

#include "error.hpp"
#include "text.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>

namespace bitnet::example {

std::string read_text(const std::string& path) {
    errno = 0;
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                               &std::fclose);
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
    const std::string draft = path + ".part";
    errno = 0;
    std::ofstream out(draft, std::ios::binary);
    if (out) { // else errno still has the cause
        try {
            write(out);
        } catch (...) {
            out.close();
            std::remove(draft.c_str());
            throw;
        }
        out.close();
    }
    if (!out || std::rename(draft.c_str(), path.c_str()) != 0) {
        const int cause = errno;
        std::remove(draft.c_str());
        throw UserError(path + ": could not be written" +
                        (cause == 0 ? "" : std::string(": ") + std::strerror(cause)));
    }
}

} // namespace bitnet::example
