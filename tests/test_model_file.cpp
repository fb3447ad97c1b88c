// SPDX-License-Identifier: MIT
// The .bitnet file: what is written is read, its layout, and what the writer refuses.
#include "error.hpp"
#include "folder.hpp"
#include "model_bytes.hpp"
#include "model_file.hpp"
#include "tiny_model.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

using namespace bitnet::example;
using namespace model_bytes;

TEST_CASE("what is written is read") {
    const tiny::Model model = tiny::make({});
    const tiny::Aligned copy(model.file());
    const ModelFile file("m", copy.bytes());
    CHECK(file.tensors().size() == model.tensors.size() + 1);
    for (const auto& [name, tensor] : model.tensors) {
        const TensorInfo& info = file.require(name, tensor.rows, tensor.cols);
        CHECK(info.kind == tensor.kind);
        CHECK(info.offset % 64 == 0);
        if (tensor.kind == kind_named("f32") || tensor.kind == kind_named("f16")) {
            CHECK(file.floats(info) == tensor.values);
        }
    }
    CHECK(file.merges() == model.merges);
    CHECK(config_json(file.config()) == config_json(model.config));
    CHECK(file.find("nothing") == nullptr);
    CHECK_THROWS_AS(file.require("nothing", 1, 1), UserError);
    CHECK_THROWS_AS(file.require("model.norm.weight", 48, 1), UserError);
    CHECK_THROWS_AS(file.floats(*file.find("tokenizer.merges")), UserError);
}

TEST_CASE("the layout is the documented one, to the byte") {
    const Bytes file = small_file();
    CHECK(std::memcmp(file.data(), "BITNETv1", 8) == 0);
    CHECK(get<std::uint32_t>(file, at_version) == 1);
    CHECK(get<std::uint64_t>(file, at_file_bytes) == file.size());
    CHECK(get<std::uint32_t>(file, at_tensors) == 3);
    const std::size_t json = get<std::uint32_t>(file, at_json_bytes);
    CHECK(json % 64 == 0);
    const std::size_t head = get<std::uint32_t>(file, at_header_bytes);
    CHECK(head == 64 + json + 3 * 128);
    Bytes zeroed = file;
    put<std::uint64_t>(zeroed, at_checksum, 0);
    CHECK(get<std::uint64_t>(file, at_checksum) == sum_of(zeroed, 0, head));

    const std::size_t b = record(file, 1);
    CHECK(std::string(reinterpret_cast<const char*>(file.data() + b)) == "b");
    CHECK(get<std::uint32_t>(file, b + rec_kind) == 1);
    CHECK(get<std::uint64_t>(file, b + rec_rows) == 1);
    CHECK(get<std::uint64_t>(file, b + rec_cols) == 5);
    CHECK(get<std::uint64_t>(file, b + rec_offset) == head + 64);
    CHECK(get<std::uint64_t>(file, b + rec_bytes) == 10);
    CHECK(get<std::uint64_t>(file, b + rec_checksum) == sum_of(file, head + 64, head + 74));
    CHECK(get<std::uint16_t>(file, head + 64) == 0x3C00); // 1.0 as a half
    CHECK(get<float>(file, head + 20) == 6.0f);
    CHECK(file.size() == head + 3 * 64);
}

TEST_CASE("the writer refuses what the reader would") {
    ModelWriter writer(tiny::make({}).config);
    const std::vector<float> two = {1, 2};
    writer.add_f32("a", 1, 2, two);
    CHECK_THROWS_AS(writer.add_f32("a", 1, 2, two), UserError);
    CHECK_THROWS_AS(writer.add_f32("b", 1, 3, two), UserError);
    CHECK_THROWS_AS(writer.add_f32("", 1, 2, two), UserError);
    CHECK_THROWS_AS(writer.add_f32(std::string(64, 'x'), 1, 2, two), UserError);
    CHECK_NOTHROW(writer.add_f32(std::string(63, 'x'), 1, 2, two));
    CHECK_THROWS_AS(writer.add_f16("h", 1, 2, std::vector<float>{1, 65520}), UserError);
    CHECK_THROWS_AS(writer.add_f16("h", 1, 2, std::vector<float>{1, std::nanf("")}), UserError);
    CHECK_THROWS_AS(writer.add("p", kind_named("ternary-int8"), 1, 1, {}), UserError);
    CHECK_THROWS_AS(writer.add("k", static_cast<TensorKind>(5), 1, 1, Bytes(4)), UserError);
    CHECK(refusal(tiny::bytes_of(writer)).empty());
}

TEST_CASE("a source makes its bytes when the file is written, one tensor after the other") {
    const std::vector<float> values = {1, 2, 3, 4, 5, 6};
    ModelWriter at_once(tiny::make({}).config);
    at_once.add_f32("a", 2, 3, values);
    at_once.add_f32("b", 1, 6, values);
    std::string order;
    ModelWriter streamed(tiny::make({}).config);
    streamed.add_source("a", kind_named("f32"), 2, 3, [&](const ModelWriter::Sink& sink) {
        order += 'a';
        sink(file_words::bytes_of(values));
    });
    streamed.add_source("b", kind_named("f32"), 1, 6, [&](const ModelWriter::Sink& sink) {
        order += 'b';
        sink(file_words::bytes_of(values));
    });
    CHECK(order.empty());
    const Bytes file = tiny::bytes_of(streamed);
    CHECK(order == "ab");
    CHECK(file == tiny::bytes_of(at_once));
    CHECK(refusal(file).empty());
    CHECK(refusal(tiny::bytes_of(ModelWriter(tiny::make({}).config)))
              .empty()); // of no tensors at all

    ModelWriter wrong(tiny::make({}).config);
    wrong.add_source("a", kind_named("f32"), 2, 2,
                     [&](const ModelWriter::Sink& sink) { sink(file_words::bytes_of(values)); });
    CHECK_THROWS_AS(tiny::bytes_of(wrong), UserError);

    for (const int calls : {0, 2}) {
        ModelWriter wrong_calls(tiny::make({}).config);
        wrong_calls.add_source("a", kind_named("f32"), 2, 3, [&](const ModelWriter::Sink& sink) {
            for (int i = 0; i < calls; ++i) sink(file_words::bytes_of(values));
        });
        CHECK_THROWS_AS(tiny::bytes_of(wrong_calls), UserError);
    }
}

TEST_CASE("files on disk") {
    const support::Folder own;
    const std::filesystem::path& folder = own.path;
    const std::string path = (folder / "m.bitnet").string();
    ModelWriter writer(tiny::make({}).config);
    writer.add_f32("a", 1, 2, std::vector<float>{1, 2});
    writer.write(path);
    CHECK(ModelFile(path).floats(*ModelFile(path).find("a")) == std::vector<float>{1, 2});
    CHECK_FALSE(std::filesystem::exists(path + ".part"));
    CHECK_THROWS_AS(writer.write((folder / "none" / "m.bitnet").string()), UserError);

    writer.add_source("b", kind_named("f32"), 1, 2,
                      [](const ModelWriter::Sink&) { throw UserError("the source failed"); });
    CHECK_THROWS_AS(writer.write(path), UserError);
    CHECK_FALSE(std::filesystem::exists(path + ".part"));
    CHECK(ModelFile(path).tensors().size() == 1); // the old file

    // Several threads, and memory of its own: the same file.
    tiny::Model model = tiny::make({});
    const Bytes bytes = model.file();
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    const ModelFile read(path, {.threads = 3, .smallest_read = 0});
    CHECK(read.threads() == 3);
    CHECK(read.tensors().size() == model.tensors.size() + 1);
    CHECK(read.merges() == model.merges);

    std::ofstream(folder / "empty").flush();
    CHECK_THROWS_AS(ModelFile((folder / "empty").string()), UserError);
    CHECK_THROWS_AS(ModelFile((folder / "missing").string()), UserError);
    CHECK_THROWS_AS(ModelFile(folder.string()), UserError);
}

TEST_CASE("of damaged tensors the first in the file is named, whoever meets one first") {
    ModelWriter writer(tiny::make({}).config);
    const std::vector<float> values(1 << 18, 1.0f); // enough for threads
    for (const char* name : {"a", "b", "c", "d"}) {
        writer.add_f32(name, 1, name[0] == 'd' ? values.size() : 16,
                       std::span(values).first(name[0] == 'd' ? values.size() : 16));
    }
    const support::Folder own;
    const std::string path = (own.path / "m.bitnet").string();
    writer.write(path);
    const Bytes whole = tiny::bytes_of(writer);
    Bytes damaged = whole;
    for (const std::size_t tensor : {1u, 2u, 3u}) {
        const auto offset = get<std::uint64_t>(whole, record(whole, tensor) + rec_offset);
        damaged[static_cast<std::size_t>(offset) + 5] ^= std::byte{1};
    }
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(damaged.data()),
               static_cast<std::streamsize>(damaged.size()));
    for (const std::size_t threads : {1u, 2u, 8u}) {
        std::string message;
        try {
            const ModelFile file(path, {.threads = threads});
        } catch (const UserError& error) {
            message = error.what();
        }
        CHECK(message.find("the checksum of tensor b does not match") != std::string::npos);
    }
}

TEST_CASE("docs/formats.md lists the kinds as the program does") {
    std::map<std::uint32_t, std::string> documented;
    std::ifstream document(BITNET_TEST_FORMATS);
    bool in_table = false;
    for (std::string line; std::getline(document, line);) {
        in_table = line.starts_with("| kind | name |") || (in_table && line.starts_with("|"));
        std::istringstream cells(line); // | 16 | ternary-int8 | ...
        std::string bar, name;
        std::uint32_t number = 0;
        if (in_table && cells >> bar >> number >> bar >> name) {
            documented[number] = name;
        }
    }
    std::map<std::uint32_t, std::string> known;
    std::set<std::string_view> names;
    find_kind([&](const auto& row) {
        known[static_cast<std::uint32_t>(row.kind)] = row.name;
        CHECK(names.insert(row.name).second);
        CHECK(name_of(row.kind) == row.name);
        CHECK(is_known(row.kind));
        return false;
    });
    CHECK(known == documented);
    CHECK(known.size() == names.size());
    CHECK_FALSE(is_known(TensorKind{4}));
    CHECK(name_of(TensorKind{4}).empty());
    CHECK(value_bytes(TensorKind{4}) == 0);
}
