// SPDX-License-Identifier: MIT
// A draft, renamed when all of it is written.
#include "files.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <stdexcept>

namespace bitnet::train {

void write_file(const std::string& path, const std::function<void(std::ostream&)>& write) {
    const std::string draft = path + ".part";
    errno = 0;
    std::ofstream out(draft, std::ios::binary);
    write(out);
    out.close();
    if (!out || std::rename(draft.c_str(), path.c_str()) != 0) {
        const int cause = errno;
        std::remove(draft.c_str());
        throw std::runtime_error(path + ": could not be written" +
                                 (cause == 0 ? "" : std::string(": ") + std::strerror(cause)));
    }
}

} // namespace bitnet::train
