// SPDX-License-Identifier: MIT
// Writes the tiny models that the command line tests run: make_models FOLDER
#include "chat_tokenizer.hpp"
#include "files.hpp"
#include "tiny_model.hpp"

#include <cstddef>
#include <cstdio>
#include <exception>
#include <ostream>
#include <string>
#include <vector>

namespace {

void write(const std::string& path, const tiny::Model& model) {
    bitnet::example::write_file(path, [&](std::ostream& out) {
        const std::vector<std::byte> bytes = model.file();
        out.write(reinterpret_cast<const char*>(bytes.data()),
                  static_cast<std::streamsize>(bytes.size()));
    });
}

// Logits (ids.size(), vocab) as `bitnet generate --logits` writes them, from plain loops.
void write_logits(const std::string& path, const tiny::Model& model, const std::vector<int>& ids) {
    bitnet::example::GrowingFile file(path);
    for (const std::vector<float>& row : tiny::logits<float>(model, ids)) {
        bitnet::example::write_floats(file, row);
    }
    file.close();
}

// A model that talks in the way of BitNet b1.58 2B4T.
tiny::Model talking() {
    tiny::Model model = tiny::make({.seed = 17});
    model.config.chat_template = "{% for message in messages %}{{ message['role'] | capitalize + "
                                 "': ' + message['content'] | "
                                 "trim + '<|eot_id|>' }}{% endfor %}{{ 'Assistant: ' }}";
    model.config.tokenizer = bitnet::example::Config::Tokens::blob;
    model.tokenizer = support::chat_tokenizer().to_bytes();
    return model;
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: make_models FOLDER\n", stderr);
        return 2;
    }
    using bitnet::example::kind_named;
    const std::string folder = std::string(argv[1]) + "/";
    try {
        write(folder + "ternary.bitnet", tiny::make({.seed = 11}));
        write_logits(folder + "ternary.logits", tiny::make({.seed = 11}), {256, 5, 6, 7, 5, 6});
        write(folder + "binary.bitnet",
              tiny::make({.seed = 12, .kinds = {kind_named("binary-int8")}}));
        write(folder + "onebit.bitnet",
              tiny::make({.seed = 13, .kinds = {kind_named("ternary-signnorm")}}));
        write(folder + "float.bitnet", tiny::make({.seed = 14, .kinds = {kind_named("f32")}}));
        write(folder + "ids.bitnet", tiny::make({.seed = 15, .tokenizer = false}));
        tiny::Model noted = tiny::make({.seed = 11}); // with notes that a terminal would obey
        noted.config.training = "{\"note\":\"\\u001b\xC2\x9B"
                                "2J\x7F\"}";
        write(folder + "noted.bitnet", noted);
        tiny::Model steep = tiny::make({.seed = 16}); // far from the text in all it predicts
        for (float& weight : steep.tensors.at("model.norm.weight").values) {
            weight *= 10;
        }
        write(folder + "steep.bitnet", steep);
        write(folder + "chat.bitnet", talking());
        tiny::Model strange = talking();
        strange.config.chat_template = "{{ message['role'] + message['content'] }}";
        write(folder + "strange.bitnet", strange);
        tiny::Model endless = talking(); // which only Ctrl-C and a large context end
        endless.config.eos = {};
        endless.config.max_context = 40960;
        write(folder + "endless.bitnet", endless);
        // Large enough to be read into memory; inspect alone takes it, for its one tensor.
        bitnet::example::ModelWriter large(tiny::make({}).config);
        const std::vector<float> zeros(std::size_t{6} << 20);
        large.add_f32("zeros", 1, zeros.size(), zeros);
        large.write(folder + "large.bitnet");
    } catch (const std::exception& error) {
        std::fprintf(stderr, "make_models: %s\n", error.what());
        return 1;
    }
    return 0;
}
