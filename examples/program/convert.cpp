// SPDX-License-Identifier: MIT
// `bitnet convert`.
#include "convert.hpp"

#include "checkpoint.hpp"
#include "console.hpp"
#include "error.hpp"
#include "model_writer_of.hpp"
#include "progress.hpp"
#include "text.hpp"
#include "weights.hpp"

#include <cstdio>

namespace bitnet::example {

void convert(const ConvertCommand& command) {
    if (!is_checkpoint(command.in)) {
        throw UserError(command.in + ": no GGUF file and no directory of a model");
    }
    const Checkpoint checkpoint = read_checkpoint(command.in);
    print_notes(checkpoint.notes);
    {
        Progress progress("converting " + printable(command.in), stderr, is_terminal(stderr));
        model_writer_of(checkpoint, command.options).write(command.out, &progress);
    }
    const ModelFile file(command.out); // compares the checksums with what the disk has
    load_weights(file);
    load_tokenizer(file);
    char size[64];
    std::snprintf(size, sizeof size, ": %.1f MB, verified\n",
                  static_cast<double>(file.file_bytes()) / 1e6);
    write_stdout(printable(command.out) + size);
}

void print_notes(const std::vector<std::string>& notes) {
    for (const std::string& note : notes) {
        std::fprintf(stderr, "bitnet: note: %s\n", printable(note).c_str());
    }
}

} // namespace bitnet::example
