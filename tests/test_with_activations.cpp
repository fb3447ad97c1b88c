// SPDX-License-Identifier: MIT
// .bitnet files whose layers are to quantize their input in another way: the same weights, in the
// file that a model of that kind is.
#include "files.hpp"
#include "folder.hpp"
#include "kind_of_layer.hpp"
#include "loaded_model.hpp"
#include "refusal.hpp"
#include "tiny_model.hpp"
#include "transformer.hpp"
#include "with_activations.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

using namespace bitnet::example;

TEST_CASE("a .bitnet file with other activations") {
    const auto file_of = [](const char* kind) {
        return tiny::make(
            {.seed = 3, .kinds = {kind_named("f32"), layer_kind(kind), kind_named("int8-int8")}});
    };
    const auto changed = [](const tiny::Model& model, const char* activations) {
        const tiny::Aligned bytes(model.file());
        const ModelFile file("tiny", bytes.bytes());
        return tiny::bytes_of(with_activations(file, activations));
    };
    // Another kind, and nothing else.
    for (const char* from : {"ternary-int8", "ternary-int8g32", "ternary-int8g128"}) {
        CAPTURE(from);
        CHECK(changed(file_of(from), "int8") == file_of("ternary-int8").file());
        CHECK(changed(file_of(from), "int8g32") == file_of("ternary-int8g32").file());
        CHECK(changed(file_of(from), "int8g128") == file_of("ternary-int8g128").file());
    }
    CHECK(changed(file_of("binary-int8"), "int8g32") == file_of("binary-int8g32").file());
    CHECK(changed(file_of("ternary-dense-int8"), "int8g128") ==
          file_of("ternary-dense-int8g128").file());
    for (const char* from : {"ternary-int8g32", "binary-int8", "ternary-dense-int8"}) {
        CAPTURE(from);
        tiny::Model plain = file_of(from);
        for (auto& [name, tensor] : plain.tensors) {
            if (tensor.kind != kind_named("f32") && tensor.kind != kind_named("f16") &&
                tensor.kind != kind_named("int8-int8")) {
                tensor.kind = kind_named("f32");
                for (const std::int8_t code : tensor.codes)
                    tensor.values.push_back(static_cast<float>(code) * tensor.scale);
            }
        }
        CHECK(changed(file_of(from), "float") == plain.file());
    }
    const auto refusal = [&](const char* kind, const char* activations) {
        return support::refusal([&] { changed(file_of(kind), activations); });
    };
    CHECK(refusal("ternary-signnorm", "float") ==
          "tiny: tensor model.layers.0.mlp.gate_proj.weight is ternary-signnorm: its layer is made "
          "for activations of one bit");
    CHECK(refusal("ternary-dense-int8", "int9").find("no layers of kind ternary-dense-int9") !=
          std::string::npos);
}

TEST_CASE("a .bitnet file is loaded with other activations") {
    const support::Folder folder;
    ModelOptions options{.path = (folder.path / "m.bitnet").string(),
                         .loading = {},
                         .checks = Checks::all,
                         .convert = {}};
    const tiny::Model model = tiny::make({.seed = 4});
    write_file(options.path, [&](std::ostream& out) {
        const std::vector<std::byte> bytes = model.file();
        out.write(reinterpret_cast<const char*>(bytes.data()),
                  static_cast<std::streamsize>(bytes.size()));
    });
    CHECK(LoadedModel(options).description().find("converted") == std::string::npos);
    for (const bool dense : {true, false}) {
        ModelOptions more = options;
        more.convert.dense = dense;
        if (!dense) more.convert.head = "int8-int8";
        CHECK(support::refusal([&] { LoadedModel{more}; }) ==
              options.path + ": of a .bitnet file only the --activations can be changed");
    }
    const std::vector<int> ids{1, 2, 3, 4};
    for (const char* activations : {"int8g32", "float"}) {
        CAPTURE(activations);
        options.convert.activations = activations;
        const LoadedModel loaded(options);
        CHECK(loaded.description().find("converted in memory") != std::string::npos);
        const tiny::Aligned bytes(
            tiny::bytes_of(with_activations(ModelFile(options.path), activations)));
        CHECK(loaded.file().file_bytes() == bytes.bytes().size());
        const TensorInfo& tensor =
            loaded.file().require("model.layers.1.mlp.up_proj.weight", 80, 48);
        CHECK(tensor.kind == layer_kind("ternary", activations));

        tiny::Model expected = model; // whose logits the program must have
        for (auto& [name, t] : expected.tensors) {
            if (t.codes.empty()) continue;
            t.kind = tensor.kind;
            if (tensor.kind != kind_named("f32")) continue;
            for (const std::int8_t code : t.codes)
                t.values.push_back(static_cast<float>(code) * t.scale);
        }
        Transformer transformer(loaded.file(), {.context = 4, .batch = 4, .kv = KvType::f32}, 1);
        const auto logits = transformer.forward(ids, Logits::last);
        CHECK(std::vector<float>(logits.data, logits.data + logits.cols) ==
              tiny::logits<float>(expected, ids).back());
    }
}
