// SPDX-License-Identifier: MIT
// Directories of Hugging Face's on disk: which files are read, in one piece or in shards, and names
// in an index that lead elsewhere.
#include "files.hpp"
#include "folder.hpp"
#include "refusal.hpp"
#include "safetensors_bytes.hpp"
#include "system_text.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cstddef>
#include <ostream>
#include <string>
#include <vector>

using namespace bitnet::example;
using namespace safetensors_bytes;

TEST_CASE("directories, with one file or with shards") {
    const support::Folder folder;
    const std::string path = as_text(folder.path);
    const auto write = [&](const std::string& name, const std::string& text) {
        write_file(path + "/" + name, [&](std::ostream& out) { out << text; });
    };
    const auto text_of = [](const Bytes& bytes) {
        return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    };
    const auto refusal = [&] { return support::refusal([&] { read_checkpoint(path); }); };
    const Model m = model({.packed = true});
    CHECK(refusal() == path + ": no config.json in it");
    write("config.json", m.config);
    CHECK(refusal().starts_with(path + ": no model.safetensors and no"));
    write("tokenizer.json", "{}");
    write("tokenizer_config.json", R"({"chat_template":"t"})");
    write("generation_config.json", R"({"eos_token_id":[3]})");

    const auto middle = m.tensors.begin() + 9;
    write("a.safetensors", text_of(file_of(std::vector<Tensor>(m.tensors.begin(), middle))));
    write("b.safetensors", text_of(file_of(std::vector<Tensor>(middle, m.tensors.end()))));
    const auto index = [&](const std::string& a, const std::string& b) {
        write("model.safetensors.index.json",
              R"({"metadata":{"total_size":1},"weight_map":{"x":")" + a + R"(","y":")" + b +
                  R"("}})");
    };
    index("a.safetensors", "b.safetensors");
    const Checkpoint sharded = read_checkpoint(path);
    CHECK(sharded.files.size() == 2);
    CHECK(sharded.tokenizer_file == path + "/tokenizer.json");
    CHECK(sharded.config.chat_template == "t");
    CHECK(sharded.config.eos == std::vector{3, 2});
    index("a.safetensors", "a.safetensors");
    CHECK(refusal().find("is missing") != std::string::npos);
    index("a.safetensors", "c.safetensors");
    CHECK(refusal().starts_with(path + "/c.safetensors: "));
    for (const char* name : {"../a.safetensors", "/etc/passwd", "", ".", "..", "a\\\\b", "c:x"}) {
        index("a.safetensors", name);
        CHECK(refusal().find("names no file of the directory") != std::string::npos);
    }
    write("twice.safetensors", text_of(file_of(std::vector<Tensor>(m.tensors.begin(), middle))));
    index("a.safetensors", "twice.safetensors");
    CHECK(refusal().find("another file of the model has it too") != std::string::npos);
    write("model.safetensors.index.json", "{}");
    CHECK(refusal().find("\"weight_map\" is missing") != std::string::npos);

    write("model.safetensors", text_of(file_of(m.tensors)));
    const Checkpoint whole = read_checkpoint(path);
    CHECK(whole.notes.empty());
    REQUIRE(whole.tensors.size() == sharded.tensors.size());
    for (std::size_t i = 0; i < whole.tensors.size(); ++i) {
        const SourceTensor &a = whole.tensors[i], &b = sharded.tensors[i];
        CHECK(a.name == b.name);
        CHECK(std::equal(a.bytes.begin(), a.bytes.end(), b.bytes.begin(), b.bytes.end()));
    }
    Model unending = m;
    unending.set("eos_token_id", "");
    write("generation_config.json", "");
    write("config.json", unending.config);
    CHECK(read_checkpoint(path).notes ==
          std::vector<std::string>{"no token of the model ends a text"});
}
