// SPDX-License-Identifier: MIT
// `bitnet convert`.
#include "convert.hpp"

#include "checkpoint.hpp"
#include "console.hpp"
#include "error.hpp"
#include "files.hpp"
#include "model_writer_of.hpp"
#include "progress.hpp"
#include "system_text.hpp"
#include "text.hpp"
#include "weights.hpp"
#include "with_activations.hpp"

#include <cstdio>
#include <filesystem>

namespace bitnet::example {

void convert(const ConvertCommand& command) {
    std::size_t file_bytes = 0;
    const auto write = [&](const ModelWriter& writer) {
        Progress progress("converting " + printable(command.in), stderr, is_terminal(stderr));
        writer.write(command.out, &progress, [&](const std::string& draft) {
            try {
                const ModelFile file(draft); // compares the checksums with what the disk has
                load_weights(file);
                load_tokenizer(file);
                file_bytes = file.file_bytes();
            } catch (const UserError& error) {
                throw UserError(command.out + ": not written: " + error.what());
            }
        });
    };
    if (is_checkpoint(command.in)) {
        const bool beside =
            std::filesystem::is_directory(as_path(command.in)) && command.out.ends_with(".bitnet");
        if (!beside) require_outside("OUT", command.out, command.in);
        const Checkpoint checkpoint = read_checkpoint(command.in);
        print_notes(checkpoint.notes);
        write(model_writer_of(checkpoint, command.options));
    } else {
        const ConvertOptions& o = command.options;
        const ModelFile file(command.in);
        if (o.activations.empty() || o.dense || !o.head.empty()) {
            file.refuse("of a .bitnet file only the --activations can be changed");
        }
        write(with_activations(file, o.activations));
    }
    char size[64];
    std::snprintf(size, sizeof size, ": %.1f MB, verified\n",
                  static_cast<double>(file_bytes) / 1e6);
    write_stdout(printable(command.out) + size);
}

void print_notes(const std::vector<std::string>& notes) {
    for (const std::string& note : notes) {
        std::fprintf(stderr, "bitnet: note: %s\n", printable(note).c_str());
    }
}

} // namespace bitnet::example
