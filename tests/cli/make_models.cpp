// SPDX-License-Identifier: MIT
// Writes the tiny models that the command line tests run: make_models FOLDER
#include "tiny_model.hpp"

#include <cstdio>
#include <fstream>
#include <string>

namespace {

bool write(const std::string& path, const tiny::Options& options) {
    const std::vector<std::byte> bytes = tiny::make(options).file();
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    file.close();
    return static_cast<bool>(file);
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: make_models FOLDER\n", stderr);
        return 2;
    }
    using K = bitnet::example::TensorKind;
    const std::string folder = std::string(argv[1]) + "/";
    const bool written =
        write(folder + "ternary.bitnet", {.seed = 11}) &&
        write(folder + "binary.bitnet", {.seed = 12, .kinds = {K::binary_int8}}) &&
        write(folder + "onebit.bitnet", {.seed = 13, .kinds = {K::ternary_signnorm}}) &&
        write(folder + "float.bitnet", {.seed = 14, .kinds = {K::f32}}) &&
        write(folder + "ids.bitnet", {.seed = 15, .tokenizer = false});
    return written ? 0 : 1;
}
