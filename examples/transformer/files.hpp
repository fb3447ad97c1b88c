// SPDX-License-Identifier: MIT
// Whole files, read and written, and a file that grows.
#pragma once

#include <cstddef>
#include <cstdio>
#include <functional>
#include <iosfwd>
#include <memory>
#include <span>
#include <string>

namespace bitnet::example {

/// All of a text file, or of a pipe to its end, as plain_text() of text.hpp gives it. UserError
/// when it cannot be read.
std::string read_text(const std::string& path);

/// What `write` puts into the stream becomes the file, by way of a draft beside it. A failure, such
/// as a full disk, throws UserError and leaves the old file alone, as does what `write` throws, and
/// `check`, which gets the draft's path when all is written. A link stays one; what is no regular
/// file, as a device or a pipe, is refused.
void write_file(const std::string& path, const std::function<void(std::ostream&)>& write,
                const std::function<void(const std::string& draft)>& check = {});

/// UserError when the file to write, which an option names, is the model, or a file of the model's
/// folder.
void require_outside(const std::string& option, const std::string& file, const std::string& model);

/// A file that is there from the start, in place of an old one, and grows with each write(). All
/// throw UserError when the system refuses.
class GrowingFile {
public:
    explicit GrowingFile(const std::string& path);
    void write(std::span<const std::byte> bytes);
    /// Some systems tell only now that a write failed.
    void close();

private:
    [[noreturn]] void fail() const;

    std::string path_;
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
};

/// As float32, little-endian on every machine.
void write_floats(GrowingFile& file, std::span<const float> floats);

} // namespace bitnet::example
