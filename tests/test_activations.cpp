// SPDX-License-Identifier: MIT
// Statistics of activations against plain loops over the inputs that the oracle of the tiny models
// has, with ==.
#include "activations.hpp"
#include "oracle.hpp"
#include "tiny_model.hpp"
#include "transformer.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <map>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

using namespace bitnet::example;
using Detail = ActivationStatistics::Detail;

namespace {

const std::vector<int> sentence = {256, 104, 258, 260, 0, 263, 31, 31, 256, 97,
                                   110, 120, 261, 5,   9, 262, 66, 67, 255, 254};

// What is expected of one input.
struct Expected {
    std::vector<float> scales = {}; // sorted
    std::array<std::uint64_t, 129> magnitudes{};
    std::int64_t least = std::numeric_limits<std::int64_t>::max();
    std::int64_t largest = std::numeric_limits<std::int64_t>::min();

    void add_codes(const oracle::Tokens& x) {
        for (const float factor : x.factors) scales.push_back(x.divides ? 1.0f / factor : factor);
        std::sort(scales.begin(), scales.end());
        for (const int code : x.codes) ++magnitudes[static_cast<std::size_t>(std::abs(code))];
    }
    // Of sums over `group` columns; 0: over all.
    void add_dots(const std::vector<std::int8_t>& weights, std::size_t rows,
                  const oracle::Tokens& x, std::size_t group) {
        for (std::size_t t = 0; t < x.tokens; ++t) {
            for (std::size_t r = 0; r < rows; ++r) {
                std::int64_t dot = 0;
                for (std::size_t c = 0; c < x.cols; ++c) {
                    dot += weights[r * x.cols + c] * x.codes[t * x.cols + c];
                    if (c + 1 == x.cols || (group != 0 && (c + 1) % group == 0)) {
                        least = std::min(least, dot);
                        largest = std::max(largest, dot);
                        dot = 0;
                    }
                }
            }
        }
    }
};

void check(const InputStatistics& in, const Expected& expected, Detail detail) {
    CHECK(in.magnitudes == expected.magnitudes);
    REQUIRE_FALSE(expected.scales.empty());
    CHECK(in.least_scale == expected.scales.front());
    CHECK(in.largest_scale == expected.scales.back());
    if (detail == Detail::brief) {
        CHECK(in.scales.empty());
        CHECK_FALSE(in.has_dots());
        return;
    }
    std::vector<float> scales = in.scales;
    std::sort(scales.begin(), scales.end());
    CHECK(scales == expected.scales);
    CHECK(in.median_scale() == expected.scales[(expected.scales.size() - 1) / 2]);
}

std::vector<float> joined(const std::vector<std::vector<float>>& rows) {
    std::vector<float> all;
    for (const auto& row : rows) all.insert(all.end(), row.begin(), row.end());
    return all;
}

// "int8g32" of "ternary-int8g32"; empty of kinds that do not quantize.
std::string activations_of(TensorKind kind) {
    const std::string_view name = name_of(kind);
    const std::size_t at = name.rfind('-');
    return std::string(at == std::string_view::npos ? "" : name.substr(at + 1));
}

std::size_t group_of(const std::string& activations) {
    const std::size_t at = activations.find('g', 4);
    return activations.starts_with("int8g") ? std::stoul(activations.substr(at + 1)) : 0;
}

// Which tensor "q", "down" ... of a layer is.
std::string tensor_of(std::size_t layer, const std::string& projection) {
    const bool is_attention = projection.size() == 1;
    return "model.layers." + std::to_string(layer) + (is_attention ? ".self_attn." : ".mlp.") +
           projection + "_proj.weight";
}

// Runs the sentence and compares all that is known about it.
void check_model(const tiny::Options& options, std::size_t batch, std::size_t threads,
                 Detail detail) {
    const tiny::Model model = tiny::make(options);
    tiny::Inputs<float> inputs;
    const auto logits = tiny::logits<float>(model, sentence, &inputs);
    const tiny::Aligned file(model.file());
    const ModelFile model_file("tiny", file.bytes());
    Transformer transformer(model_file,
                            {.context = sentence.size(),
                             .batch = batch,
                             .logit_rows = batch,
                             .kv = KvType::f32}, // as the oracle
                            threads);
    ActivationStatistics statistics(detail);
    transformer.observe(&statistics);
    const auto last = transformer.prefill(sentence, Logits::all); // the head's input is not counted
    const float* const row = last.row(last.rows - 1);
    CHECK(std::vector<float>(row, row + last.cols) == logits.back()); // no bit changes

    CHECK_FALSE(statistics.has_nan());
    CHECK(statistics.tokens() == sentence.size());
    REQUIRE(statistics.layers().size() == model.config.layers);
    for (std::size_t l = 0; l < model.config.layers; ++l) {
        CAPTURE(l);
        const LayerStatistics& layer = statistics.layers()[l];
        const auto gated = joined(inputs.at("model.layers." + std::to_string(l) + ".mlp.gated"));
        CHECK(layer.gated == gated.size());
        CHECK(layer.gated_zeros ==
              static_cast<std::uint64_t>(std::count(gated.begin(), gated.end(), 0.0f)));
        std::vector<std::string> seen;
        for (const InputStatistics& in : layer.inputs) {
            CAPTURE(in.projections);
            seen.insert(seen.end(), in.projections.begin(), in.projections.end());
            const std::string first = tensor_of(l, in.projections.front());
            const std::string activations = activations_of(model.tensors.at(first).kind);
            const std::size_t group = group_of(activations), cols = model.tensors.at(first).cols;
            CHECK(in.tokens == sentence.size());
            CHECK(in.cols == cols);
            CHECK(in.activations == (activations.empty() ? "float" : activations));
            CHECK(in.has_codes() == !activations.empty());
            if (activations.empty()) continue;
            CHECK(in.scale_group == group);
            CHECK(in.sum_group == group);
            const oracle::Tokens x = oracle::quantize(
                oracle::rule_named(activations), joined(inputs.at(first)), sentence.size(), cols);
            Expected expected;
            expected.add_codes(x);
            bool has_dots = false;
            std::uint64_t bound = 0;
            for (const std::string& projection : in.projections) {
                const tiny::Tensor& w = model.tensors.at(tensor_of(l, projection));
                CHECK(activations_of(w.kind) == activations);
                CHECK(inputs.at(tensor_of(l, projection)) == inputs.at(first));
                if (name_of(w.kind).starts_with("screened")) continue;
                has_dots = true;
                expected.add_dots(w.codes, w.rows, x, group);
                const std::uint64_t largest = name_of(w.kind).starts_with("int8")   ? 128
                                              : name_of(w.kind).starts_with("int6") ? 32
                                                                                    : 1;
                bound = std::max(bound, largest * (group == 0 ? cols : std::min(group, cols)) *
                                            (activations.starts_with("int8") ? 127 : 1));
            }
            check(in, expected, detail);
            if (detail == Detail::brief) continue;
            REQUIRE(in.has_dots() == has_dots);
            if (!has_dots) continue;
            CHECK(in.least_dot == expected.least);
            CHECK(in.largest_dot == expected.largest);
            CHECK(in.dot_bound == bound);
            CHECK(in.dot_magnitude() <= bound);
        }
        CHECK(seen == std::vector<std::string>{"q", "k", "v", "o", "gate", "up", "down"});
    }
}

std::vector<tiny::Options> variants() {
    const std::vector<TensorKind> mixed = {
        kind_named("ternary-int8"),    kind_named("ternary-int8"),
        kind_named("binary-int8g32"), // q and k share an input, v and they do not
        kind_named("ternary-int8g32"), kind_named("f32"),
        kind_named("screened-int8"),   kind_named("ternary-signnorm"),
        kind_named("int6-int8g32"),    kind_named("ternary-int8"),
        kind_named("ternary-int8g32"), kind_named("binary-signmean")};
    return {
        {.seed = 1},
        {.seed = 2, .kinds = {kind_named("ternary-int8g32")}},
        {.seed = 3, .gate = Config::Gate::silu, .sub_norm = false, .qk_norm = true, .kinds = mixed},
        {.seed = 4, .projection_norm_eps = 1e-3f, .kinds = {kind_named("binary-int8")}},
        {.seed = 5, .kinds = tiny::projection_kinds(), .head = kind_named("int8-int8")},
        {.seed = 6, .tied = false, .kinds = {kind_named("ternary-int8g128")}},
    };
}

} // namespace

TEST_CASE("scales, codes, dots and gates equal the plain loops") {
    for (const tiny::Options& options : variants()) {
        CAPTURE(options.seed);
        check_model(options, 20, 1, Detail::full);
        check_model(options, 7, 3, Detail::full); // batches add up
        check_model(options, 1, 2, Detail::brief);
    }
}

TEST_CASE("inputs that are quantized alike are shown once") {
    const auto shared = [](const tiny::Options& options) {
        const tiny::Aligned file(tiny::make(options).file());
        const ModelFile model_file("tiny", file.bytes());
        Transformer model(model_file, {.context = 3, .batch = 3}, 1);
        ActivationStatistics statistics(Detail::brief);
        model.observe(&statistics);
        model.prefill(std::span(sentence).first(2), Logits::none);
        model.observe(nullptr);
        model.forward(std::span(sentence).first(1), Logits::none);
        CHECK(statistics.tokens() == 2);
        std::vector<std::size_t> sizes;
        for (const auto& in : statistics.layers()[0].inputs) sizes.push_back(in.projections.size());
        return sizes;
    };
    using Sizes = std::vector<std::size_t>;
    CHECK(shared({}) == Sizes{3, 1, 2, 1});
    CHECK(shared({.projection_norm_eps = 1e-3f}) == Sizes{1, 1, 1, 1, 1, 1, 1});
    CHECK(shared({.kinds = {kind_named("ternary-int8"), kind_named("ternary-int8g32"),
                            kind_named("ternary-int8g32"), kind_named("f32")}}) ==
          Sizes{1, 2, 1, 1, 1, 1});
}

TEST_CASE("sums of groups of weights within those of activations") {
    constexpr std::size_t rows = 5, cols = 300, tokens = 3;
    std::mt19937 random(1);
    std::vector<std::int8_t> codes(rows * cols);
    for (auto& code : codes) code = static_cast<std::int8_t>(static_cast<int>(random() % 3) - 1);
    const std::vector<float> scales(rows * ((cols + 31) / 32), 0.5f);
    using Layer = bitnet::BitLinear<bitnet::Ternary, bitnet::Int8Groups<128>>;
    const auto gate = Layer::from_codes(codes, rows, cols, std::span(scales).first(1)).value();
    const auto up = Layer::from_codes(codes, rows, cols, scales, {}, 32).value();
    ModelWriter writer(tiny::make({}).config);
    const std::string gate_name = tensor_of(0, "gate"), up_name = tensor_of(0, "up");
    writer.add(gate_name, kind_named("ternary-int8g128"), rows, cols, gate.bytes());
    writer.add(up_name, kind_named("ternary-int8g128"), rows, cols, up.bytes());
    const tiny::Aligned file(tiny::bytes_of(writer));
    const ModelFile model_file("two", file.bytes());
    const Linear gate_linear(model_file, gate_name, rows, cols);
    const Linear up_linear(model_file, up_name, rows, cols);

    std::vector<float> x(tokens * cols), y(tokens * rows);
    for (auto& v : x) v = static_cast<float>(random() % 2001) - 1000.0f;
    std::fill_n(x.begin() + 128, 128, 0.0f); // a group of zeros
    const std::array projections{Projection{&gate_linear, {y.data(), tokens, rows}},
                                 Projection{&up_linear, {y.data(), tokens, rows}}};
    ActivationStatistics statistics(Detail::full);
    statistics.input({x.data(), tokens, cols}, projections, ThreadPool(2));

    const oracle::Tokens quantized = oracle::quantize(oracle::Rule::int8_by_128, x, tokens, cols);
    REQUIRE(statistics.layers()[0].inputs.size() == 2);
    for (const InputStatistics& in : statistics.layers()[0].inputs) {
        const std::size_t group = in.projections.front() == "up" ? 32 : 128;
        CAPTURE(group);
        Expected expected;
        expected.add_codes(quantized);
        expected.add_dots(codes, rows, quantized, group);
        check(in, expected, Detail::full);
        CHECK(in.projections.size() == 1);
        CHECK(in.scale_group == 128);
        CHECK(in.sum_group == group);
        CHECK(in.least_dot == expected.least);
        CHECK(in.largest_dot == expected.largest);
        CHECK(in.dot_bound == group * 127);
        CHECK(in.zero_share() >= 128.0 / (tokens * cols));
    }
}

TEST_CASE("inputs that are no numbers are told") {
    tiny::Model model = tiny::make({});
    for (float& weight : model.tensors["model.layers.1.input_layernorm.weight"].values) {
        weight = 3e38f; // more than one of which overflows
    }
    const tiny::Aligned file(model.file());
    const ModelFile model_file("tiny", file.bytes());
    Transformer transformer(model_file, {.context = 20, .batch = 20}, 1);
    ActivationStatistics statistics(Detail::full);
    transformer.observe(&statistics);
    transformer.prefill(sentence, Logits::none);
    CHECK(statistics.has_nan());
}
