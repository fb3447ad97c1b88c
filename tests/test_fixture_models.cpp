// SPDX-License-Identifier: MIT
// Small models of other projects' files, from the file to logits and greedy ids, against references
// in float64 that share nothing with this project. Files of the same weights must give the same
// bits.
#include "fixtures.hpp"
#include "linear.hpp"
#include "loaded_model.hpp"
#include "model_format.hpp"
#include "tiny_model.hpp"
#include "transformer.hpp"
#include "weights.hpp"

#include <catch2/catch_test_macros.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using namespace bitnet::example;
using Json = nlohmann::json;
using Rows = std::vector<std::vector<float>>;

namespace {

std::string bytes_of(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    REQUIRE(in);
    return {std::istreambuf_iterator<char>(in), {}};
}

// Little-endian float32 in rows of `cols`.
Rows floats_of(const std::filesystem::path& path, std::size_t cols) {
    const std::string bytes = bytes_of(path);
    const auto* const from = reinterpret_cast<const std::byte*>(bytes.data());
    REQUIRE(bytes.size() % (4 * cols) == 0);
    Rows rows(bytes.size() / (4 * cols), std::vector<float>(cols));
    for (std::size_t i = 0; i < bytes.size() / 4; ++i) {
        rows[i / cols][i % cols] =
            std::bit_cast<float>(file_format::load<std::uint32_t>(from + 4 * i));
    }
    return rows;
}

// rms(a - b) / rms(b)
template <class Real>
double distance(const std::vector<Real>& a, const std::vector<float>& b) {
    double difference = 0, size = 0;
    for (std::size_t i = 0; i < b.size(); ++i) {
        difference += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
        size += std::pow(static_cast<double>(b[i]), 2);
    }
    return std::sqrt(difference / size);
}

Rows prompt_logits(Transformer& model, const std::vector<int>& prompt) {
    model.restart();
    const auto logits = model.forward(prompt, Logits::all);
    Rows rows;
    for (std::size_t t = 0; t < logits.rows; ++t) {
        rows.emplace_back(logits.row(t), logits.row(t) + logits.cols);
    }
    return rows;
}

std::vector<int> greedy_ids(Transformer& model, const std::vector<int>& prompt, std::size_t count) {
    model.restart();
    model.prefill(prompt, Logits::none);
    std::vector<int> ids;
    while (true) {
        ids.push_back(static_cast<int>(model.likeliest(1).front().row));
        if (ids.size() == count) return ids;
        model.forward({&ids.back(), 1}, Logits::none);
    }
}

// All that a file gives: logits of each prompt, and the ids that follow it.
struct Answers {
    std::vector<Rows> logits;
    std::vector<std::vector<int>> greedy;
    bool operator==(const Answers&) const = default;
};

Answers answers(const std::filesystem::path& path, const std::string& activations,
                const std::vector<std::vector<int>>& prompts) {
    const LoadedModel loaded({.path = path.string(),
                              .loading = {},
                              .checks = Checks::all,
                              .convert = {.activations = activations, .head = {}}});
    Transformer model(loaded.file(),
                      {.context = 64, .batch = 32, .logit_rows = 32, .kv = KvType::f32}, 1);
    Answers answers;
    for (const std::vector<int>& prompt : prompts) {
        answers.logits.push_back(prompt_logits(model, prompt));
        answers.greedy.push_back(greedy_ids(model, prompt, 16));
    }
    return answers;
}

// Up to the first id that differs, where the reference's two likeliest must nearly tie.
void check_greedy(const std::vector<int>& ids, const std::vector<int>& expected,
                  const std::vector<double>& gaps, double noise) {
    const auto [at, _] = std::mismatch(ids.begin(), ids.end(), expected.begin());
    if (at == ids.end()) return;
    const auto step = static_cast<std::size_t>(at - ids.begin());
    CAPTURE(step);
    CHECK(gaps[step] < noise);
}

// A model's weights as floats, for the oracle.
tiny::Model float_model(const LoadedModel& loaded) {
    const ModelFile& file = loaded.file();
    tiny::Model model;
    model.config = file.config();
    for (const TensorInfo& tensor : file.tensors()) {
        if (tensor.kind == kind_named("bytes")) continue;
        const auto rows = static_cast<std::size_t>(tensor.rows);
        const auto cols = static_cast<std::size_t>(tensor.cols);
        tiny::Tensor floats{kind_named("f32"), rows, cols, std::vector<float>(rows * cols), {}};
        const Linear linear(file, tensor.name, rows, cols);
        for (std::size_t r = 0; r < rows; ++r) {
            linear.row(r, std::span(floats.values).subspan(r * cols, cols));
        }
        model.tensors[tensor.name] = std::move(floats);
    }
    return model;
}

struct Variant {
    const char* name;        // of the reference
    const char* activations; // of the conversion
};
constexpr Variant variants[] = {
    {"int8_token", "int8"}, {"int8_g32", "int8g32"}, {"int8_g128", "int8g128"}, {"float", "float"}};

} // namespace

TEST_CASE("ternary and binary models in all types of files against float64") {
    const std::filesystem::path folder = support::fixtures("gguf-qwen3");
    const Json expected = Json::parse(bytes_of(folder / "expected.json"));
    const auto prompts = expected["prompts"].get<std::vector<std::vector<int>>>();
    for (const auto& [name, set] : expected["sets"].items()) {
        CAPTURE(name);
        std::vector<std::filesystem::path> files;
        for (const std::string file : set["files"]) {
            // The F16 twin is packed: unpack it beside the test to have it tried too.
            std::filesystem::path path = folder / file;
            if (file.ends_with(".tar.xz")) path = file.substr(0, file.size() - 7) + ".gguf";
            if (std::filesystem::exists(path)) files.push_back(path);
        }
        REQUIRE_FALSE(files.empty());
        const auto vocab = set["n_vocab"].get<std::size_t>();
        for (const Variant& variant : variants) {
            CAPTURE(variant.name);
            const Answers all = answers(files.front(), variant.activations, prompts);
            for (const auto& file : files) {
                CAPTURE(file.string());
                CHECK(answers(file, variant.activations, prompts) == all);
            }
            const Json& reference = set["variants"][variant.name];
            const Rows rows = floats_of(folder / reference["logits_file"], vocab);
            const bool last = rows.size() == prompts.size();
            // A row is right to 1e-5; or a rounding to int8 fell the other way, at a tie that
            // float32 cannot see: such a row moves by up to 3 %.
            std::size_t next = 0, close = 0;
            for (const Rows& logits : all.logits) {
                for (std::size_t t = last ? logits.size() - 1 : 0; t < logits.size(); ++t, ++next) {
                    const double off = distance(logits[t], rows[next]);
                    CAPTURE(next, off);
                    CHECK(off < 4e-2);
                    close += off < 1e-5;
                }
            }
            REQUIRE(next == rows.size());
            CHECK(close * 2 >= next);
            for (std::size_t p = 0; p < prompts.size(); ++p) {
                CAPTURE(p);
                check_greedy(all.greedy[p], reference["greedy"][p], reference["top1_gap"][p], 0.25);
            }
        }
    }
}

TEST_CASE("float activations, in plain code, against float64") {
    const std::filesystem::path folder = support::fixtures("gguf-qwen3");
    const Json expected = Json::parse(bytes_of(folder / "expected.json"));
    for (const auto& [name, set] : expected["sets"].items()) {
        CAPTURE(name);
        const LoadedModel loaded({.path = (folder / set["files"][0]).string(),
                                  .loading = {},
                                  .checks = Checks::all,
                                  .convert = {}});
        const tiny::Model model = float_model(loaded);
        const Rows rows = floats_of(folder / set["variants"]["float"]["logits_file"],
                                    set["n_vocab"].get<std::size_t>());
        std::size_t next = 0;
        for (const auto& prompt : expected["prompts"]) {
            for (const auto& logits : tiny::logits<double>(model, prompt.get<std::vector<int>>())) {
                CAPTURE(next);
                CHECK(distance(logits, rows[next++]) < 1e-5);
            }
        }
    }
}

TEST_CASE("bitnet.cpp's own logits of BitNet b1.58 in four types of files") {
    const std::filesystem::path folder = support::fixtures("gguf-tiny");
    const Json expected = Json::parse(bytes_of(folder / "expected.json"));
    const Json& cases = expected["models"]["tiny-i2_s.gguf"]["cases"];
    std::vector<std::vector<int>> prompts;
    for (const Json& one : cases) prompts.push_back(one["prompt"]);
    const Answers all = answers(folder / "tiny-i2_s.gguf", "int8", prompts);
    for (const char* file : {"tiny-i2_s-f16emb.gguf", "tiny-TQ1_0.gguf", "tiny-TQ2_0.gguf"}) {
        CAPTURE(file);
        CHECK(answers(folder / file, "int8", prompts) == all);
    }
    for (std::size_t p = 0; p < prompts.size(); ++p) {
        CAPTURE(p);
        const Rows rows = floats_of(folder / cases[p]["logits_file"], 512);
        double off = 0;
        for (std::size_t t = 0; t < rows.size(); ++t) {
            off = std::max(off, distance(all.logits[p][t], rows[t]));
        }
        CHECK(off < (p == 3 ? 1e-2 : 1e-4)); // of 32 tokens one is rounded the other way
        CHECK(all.greedy[p] == cases[p]["greedy"].get<std::vector<int>>());
    }
}

TEST_CASE("the sound ones among the hostile files give their logits") {
    const std::filesystem::path folder = support::fixtures("gguf-qwen3") / "hostile";
    const Json expected = Json::parse(bytes_of(folder / "hostile.json"));
    const auto prompt = expected["prompt"].get<std::vector<int>>();
    for (const auto& [file, floats] : expected["must_load"].items()) {
        CAPTURE(file);
        const LoadedModel loaded({.path = (folder / file).string(),
                                  .loading = {},
                                  .checks = Checks::all,
                                  .convert = {}});
        const Rows rows = floats_of(folder / floats, expected["n_vocab"].get<std::size_t>());
        const auto logits = tiny::logits<double>(float_model(loaded), prompt);
        for (std::size_t t = 0; t < rows.size(); ++t) CHECK(distance(logits[t], rows[t]) < 1e-5);
    }
}
