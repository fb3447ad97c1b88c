// SPDX-License-Identifier: MIT
// Files by name: names in UTF-8, bytes that are written as they are, files that are replaced, and
// the system's text for what is wrong.
#include "error.hpp"
#include "files.hpp"
#include "folder.hpp"
#include "input_file.hpp"
#include "mapped_file.hpp"
#include "refusal.hpp"
#include "system_text.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstddef>
#include <filesystem>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#if defined(__unix__) || defined(__APPLE__)
#include <sys/stat.h>
#endif

using namespace bitnet::example;
using support::refusal;

namespace {

class Files {
public:
    std::string path(const std::string& name) const { return as_text(folder_.path) + "/" + name; }
    std::size_t count() const {
        std::size_t n = 0;
        for ([[maybe_unused]] const auto& entry :
             std::filesystem::directory_iterator(folder_.path)) {
            ++n;
        }
        return n;
    }

private:
    support::Folder folder_;
};

void write(const std::string& path, std::string_view text) {
    write_file(path, [&](std::ostream& out) { out << text; });
}

std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

} // namespace

TEST_CASE("names are UTF-8 wherever a file is opened") {
    const Files files;
    for (const std::string name : {"plain", "a b", "gr\xC3\xB6\xC3\x9F\x65",
                                   "\xE6\xA8\xA1\xE5\x9E\x8B", "\xF0\x9F\xA6\x99.bitnet"}) {
        CAPTURE(name);
        const std::string path = files.path(name);
        CHECK(as_text(as_path(path)) == path);
        write(path, "text of " + name);
        CHECK(std::filesystem::exists(as_path(path)));
        CHECK(read_text(path) == "text of " + name);
        const InputFile file(path);
        CHECK(text_of(MappedFile(file).bytes()) == "text of " + name);
        std::vector<std::byte> bytes(file.size());
        file.read(bytes, 1);
        CHECK(text_of(bytes) == "text of " + name);
    }
    CHECK(files.count() == 5); // and no draft
}

TEST_CASE("a growing file has at once what was written") {
    const Files files;
    const std::string path = files.path("f");
    write(path, "longer than the floats");
    GrowingFile file(path);
    CHECK(std::filesystem::file_size(as_path(path)) == 0);
    write_floats(file, std::vector{1.0f, -2.5f});
    CHECK(text_of(MappedFile(InputFile(path)).bytes()) ==
          std::string("\0\0\x80\x3f\0\0\x20\xc0", 8));
    write_floats(file, std::vector{0.0f});
    CHECK(std::filesystem::file_size(as_path(path)) == 12);
    file.close();
    CHECK(std::filesystem::file_size(as_path(path)) == 12);
    const std::string nowhere = files.path("no/f");
    CHECK(refusal([&] { const GrowingFile none(nowhere); }) ==
          nowhere + ": could not be written: No such file or directory");
}

TEST_CASE("bytes are written as they are, in place of the file that was there") {
    const Files files;
    const std::string path = files.path("f");
    const std::string text("a\nb\r\n\x1A\0c", 8);
    for (const std::string& now : {std::string("longer than the next one"), text}) {
        write(path, now);
        CHECK(text_of(MappedFile(InputFile(path)).bytes()) == now);
    }
    CHECK(refusal([&] { write_file(path, [](std::ostream&) { throw UserError("no"); }); }) == "no");
    CHECK(text_of(MappedFile(InputFile(path)).bytes()) == text);
    CHECK(files.count() == 1);
    // A look at the draft, whose bytes are all in the file by then.
    const auto put = [](std::ostream& out) { out << "another"; };
    std::string draft;
    const auto look = [&](const std::string& name) {
        draft = text_of(MappedFile(InputFile(name)).bytes());
        if (text_of(MappedFile(InputFile(path)).bytes()) == text) throw UserError("not this");
    };
    CHECK(refusal([&] { write_file(path, put, look); }) == "not this");
    CHECK(draft == "another");
    CHECK(text_of(MappedFile(InputFile(path)).bytes()) == text);
    CHECK(files.count() == 1);
    write(path, "else");
    write_file(path, put, look);
    CHECK(text_of(MappedFile(InputFile(path)).bytes()) == "another");
    CHECK(files.count() == 1);
}

#if defined(__unix__) || defined(__APPLE__)
TEST_CASE("a link stays one, and a pipe is no file to replace", "[system]") {
    const Files files;
    const std::string link = files.path("link"), target = files.path("target");
    write(target, "old");
    std::filesystem::create_symlink("target", link);
    for (const char* text : {"new", "newer"}) {
        write(link, text);
        CHECK(std::filesystem::is_symlink(link));
        CHECK(read_text(target) == text);
        std::filesystem::remove(target); // the next one leads nowhere yet
    }
    write(link, "new");
    CHECK(files.count() == 2);
    const std::string pipe = files.path("pipe");
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    CHECK(refusal([&] { write(pipe, "x"); }) ==
          pipe + ": is a device, a pipe or a directory, not a file that can be replaced");
    CHECK(std::filesystem::is_fifo(pipe));
    CHECK(files.count() == 3);
}
#endif

TEST_CASE("what the system says of a file goes to the user, after its name") {
    const Files files;
    const std::string missing = files.path("none\xC3\xA4");
    for (const std::string& text :
         {refusal([&] { InputFile file(missing); }), refusal([&] { read_text(missing); })}) {
        CAPTURE(text);
        CHECK(text.starts_with(missing + ": "));
        CHECK(text.size() > missing.size() + 10);
        CHECK(text.find_first_of("\r\n") == std::string::npos);
    }
    CHECK(refusal([&] { read_text(missing); }) == missing + ": No such file or directory");
    const std::string folder = files.path("");
    CHECK(refusal([&] { InputFile file(folder); }) == folder + ": not a regular file");
    const std::string inside = files.path("no/file");
    const std::string text = refusal([&] { write(inside, "x"); });
    CHECK(text == inside + ": could not be written: No such file or directory");
}

TEST_CASE("a number that is no error of the system has a text too") {
    CHECK_FALSE(error_text(123456).empty());
}
