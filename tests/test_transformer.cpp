// SPDX-License-Identifier: MIT
// The transformer's logits against the oracle of tiny_oracle.cpp, with ==; and that batches,
// threads and clusters change no bit. ctest runs this once per cluster (BITNET_ISA).
#include "error.hpp"
#include "memory.hpp"
#include "need_cluster.hpp"
#include "thread_pool.hpp"
#include "tiny_model.hpp"
#include "transformer.hpp"

#include <bitnet/dispatch.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

using namespace bitnet::example;
using Rows = std::vector<std::vector<float>>;

namespace {

const std::vector<int> sentence = {256, 104, 258, 260, 0, 263, 31, 31, 256, 97,
                                   110, 120, 261, 5,   9, 262, 66, 67, 255, 254};

// Logits of all positions, `batch` tokens at a time.
Rows run(std::span<const std::byte> file, const std::vector<int>& ids, std::size_t batch,
         std::size_t threads, KvType kv = KvType::f32) {
    const ModelFile model_file("tiny", file);
    Transformer model(model_file,
                      {.context = ids.size(), .batch = batch, .logit_rows = batch, .kv = kv},
                      threads);
    Rows rows;
    for (std::span<const int> rest(ids); !rest.empty();) {
        const std::size_t count = std::min(batch, rest.size());
        const auto logits = model.forward(rest.first(count), Logits::all);
        REQUIRE(logits.rows == count);
        REQUIRE(logits.cols == model_file.config().vocab);
        for (std::size_t t = 0; t < count; ++t) {
            rows.emplace_back(logits.row(t), logits.row(t) + logits.cols);
        }
        rest = rest.subspan(count);
    }
    return rows;
}

double largest_difference(const Rows& a, const std::vector<std::vector<double>>& b) {
    double largest = 0;
    for (std::size_t t = 0; t < a.size(); ++t) {
        for (std::size_t i = 0; i < a[t].size(); ++i) {
            largest = std::max(largest, std::abs(static_cast<double>(a[t][i]) - b[t][i]));
        }
    }
    return largest;
}

std::vector<tiny::Options> variants() {
    const std::vector<TensorKind> every_kind = {
        kind_named("ternary-int8"),     kind_named("ternary-int8"),
        kind_named("binary-int8"), // q and k share one input
        kind_named("ternary-sign"),     kind_named("binary-signnorm"),
        kind_named("ternary-signnorm"), kind_named("ternary-signmean"),
        kind_named("binary-signmean"),  kind_named("f32"),
        kind_named("binary-sign"),      kind_named("f32"),
        kind_named("binary-int8"),      kind_named("ternary-signnorm"),
        kind_named("ternary-int8")};
    return {
        {.seed = 1},
        {.seed = 2, .kinds = {kind_named("binary-int8")}},
        {.seed = 3, .kinds = {kind_named("f32")}},
        {.seed = 4, .gate = Config::Gate::silu},
        {.seed = 5, .sub_norm = false},
        {.seed = 6, .kinds = {kind_named("ternary-signnorm")}},
        {.seed = 7, .gate = Config::Gate::silu, .kinds = every_kind},
        {.seed = 8, .kinds = {kind_named("int8-int8"), kind_named("ternary-int8")}},
        {.seed = 9, .kinds = {kind_named("ternary-dense-int8")}, .head = kind_named("int8-int8")},
        {.seed = 10, .head = kind_named("int8-int8")},
        {.seed = 11, .head = kind_named("f32")},
        {.seed = 12, .kinds = {kind_named("f16")}, .head = kind_named("ternary-signnorm")},
        {.seed = 13, .head = kind_named("screened-int8")},
        {.seed = 14,
         .kinds = {kind_named("ternary-int8"), kind_named("screened-int8")}}, // a head anywhere
        {.seed = 15, .kinds = tiny::projection_kinds()},
        {.seed = 16, .gate = Config::Gate::silu, .sub_norm = false, .tied = false}, // as Llama
        {.seed = 17,
         .sub_norm = false,
         .qk_norm = true,
         .yarn = bitnet::YarnScaling{4, 8, 1.25, 4, 1},
         .head_dim = 20}, // as Qwen3
        {.seed = 18, .projection_norm_eps = 1e-3f, .kinds = every_kind},
        {.seed = 19, .tied = false, .qk_norm = true, .projection_norm_eps = 1e-6f},
    };
}

} // namespace

TEST_CASE("logits equal the plain loops, bit for bit") {
    need_cluster();
    for (const tiny::Options& options : variants()) {
        CAPTURE(options.seed);
        const tiny::Model model = tiny::make(options);
        const tiny::Aligned file(model.file());
        CHECK(run(file.bytes(), sentence, 1, 1) == tiny::logits<float>(model, sentence));
    }
}

TEST_CASE("every kind of the list is a projection and a head") {
    need_cluster();
    for (const TensorKind kind : tiny::projection_kinds()) {
        CAPTURE(name_of(kind));
        const tiny::Model model = tiny::make({.seed = 20, .kinds = {kind}, .head = kind});
        const tiny::Aligned file(model.file());
        CHECK(run(file.bytes(), sentence, 1, 1) == tiny::logits<float>(model, sentence));
    }
}

TEST_CASE("the definitions themselves agree with double precision") {
    need_cluster();
    for (const tiny::Options& options : variants()) {
        CAPTURE(options.seed);
        const tiny::Model model = tiny::make(options);
        const auto exact = tiny::logits<double>(model, sentence);
        const tiny::Aligned file(model.file());
        // Logits are about 7. Rounding makes 1e-5, and one quantized activation next to a rounding
        // border that falls the other way in double makes 0.1.
        CHECK(largest_difference(run(file.bytes(), sentence, 1, 1), exact) < 0.5);

        // ... and the bound is tight enough to notice another model.
        tiny::Model other = model;
        other.config.gate =
            model.config.gate == Config::Gate::silu ? Config::Gate::relu2 : Config::Gate::silu;
        CHECK(largest_difference(tiny::logits<float>(other, sentence), exact) > 5.0);
        other = model;
        other.config.rope_theta = 500.0f;
        CHECK(largest_difference(tiny::logits<float>(other, sentence), exact) > 5.0);
    }
}

TEST_CASE("batches and threads change no bit") {
    need_cluster();
    for (const tiny::Options& options : variants()) {
        const tiny::Aligned file(tiny::make(options).file());
        for (const KvType kv : {KvType::f32, default_kv}) {
            CAPTURE(options.seed, static_cast<int>(kv));
            const Rows one_by_one = run(file.bytes(), sentence, 1, 1, kv);
            for (const std::size_t batch : {2u, 3u, 8u, 19u, 20u, 64u}) {
                CAPTURE(batch);
                CHECK(run(file.bytes(), sentence, batch, 1, kv) == one_by_one);
            }
            for (const std::size_t threads : {2u, 3u, 7u}) {
                CAPTURE(threads);
                CHECK(run(file.bytes(), sentence, 1, threads, kv) == one_by_one);
                CHECK(run(file.bytes(), sentence, 20, threads, kv) == one_by_one);
            }
        }
    }
}

TEST_CASE("prefill gives the last row, and restart forgets") {
    need_cluster();
    const tiny::Aligned file(tiny::make({}).file());
    const Rows expected = run(file.bytes(), sentence, 1, 1, default_kv);
    const ModelFile model_file("tiny", file.bytes());
    Transformer model(model_file, {.context = 20, .batch = 6}, 2);
    for (int round = 0; round < 2; ++round) {
        const auto logits = model.prefill(sentence);
        REQUIRE(logits.rows == 1);
        CHECK(std::vector<float>(logits.data, logits.data + logits.cols) == expected.back());
        CHECK(model.position() == sentence.size());
        model.restart();
        CHECK(model.position() == 0);
    }
    CHECK(model.forward(std::span(sentence).first(3), Logits::none).rows == 0);
}

TEST_CASE("the likeliest are the largest logits, in order") {
    need_cluster();
    for (const tiny::Options& options : variants()) {
        CAPTURE(options.seed);
        const tiny::Aligned file(tiny::make(options).file());
        const ModelFile model_file("tiny", file.bytes());
        Transformer model(model_file, {.context = 20, .batch = 6}, 2);
        const auto all = model.prefill(sentence);
        const std::vector<float> logits(all.data, all.data + all.cols);
        std::vector<std::uint32_t> ids(logits.size());
        std::iota(ids.begin(), ids.end(), 0u);
        std::stable_sort(ids.begin(), ids.end(),
                         [&](std::uint32_t a, std::uint32_t b) { return logits[a] > logits[b]; });
        for (const bool again : {false, true}) { // with logits, and without
            if (again) {
                model.restart();
                CHECK(model.prefill(sentence, Logits::none).rows == 0);
            }
            for (const std::size_t k : {std::size_t{1}, std::size_t{40}, logits.size()}) {
                CAPTURE(k);
                const auto likeliest = model.likeliest(k);
                REQUIRE(likeliest.size() == k);
                for (std::size_t i = 0; i < k; ++i) {
                    CHECK(likeliest[i].row == ids[i]);
                    CHECK(likeliest[i].value == logits[ids[i]]);
                }
            }
        }
    }
}

TEST_CASE("any token of the last batch has its logits, and rewinding forgets what came after") {
    need_cluster();
    const std::span<const int> ids(sentence);
    const auto same = [](std::span<const float> logits, const std::vector<float>& expected) {
        return std::equal(logits.begin(), logits.end(), expected.begin(), expected.end());
    };
    const auto check = [&](TensorKind head, KvType kv) {
        CAPTURE(name_of(head), static_cast<int>(kv));
        const tiny::Aligned file(tiny::make({.head = head}).file());
        const ModelFile model_file("tiny", file.bytes());
        const Limits limits{.context = 20, .batch = 12, .logit_rows = 12, .kv = kv};
        Rows expected;
        Transformer straight(model_file, limits, 1);
        for (const int id : ids) {
            const auto logits = straight.forward({&id, 1}, Logits::last);
            expected.emplace_back(logits.data, logits.data + logits.cols);
        }
        Transformer model(model_file, limits, 2);
        std::vector<int> wrong(ids.begin() + 5, ids.begin() + 17);
        for (std::size_t i = 4; i < wrong.size(); ++i) wrong[i] = 7; // right up to position 8
        for (const Logits wanted : {Logits::none, Logits::last, Logits::all}) {
            model.restart();
            model.forward(ids.first(5), wanted);
            model.forward(wrong, wanted);
            model.rewind(9);
            CHECK(model.position() == 9);
            for (const std::size_t position : {6u, 7u, 8u, 5u, 8u}) { // in any order
                const std::vector<float>& row = expected[position];
                CHECK(same(model.logits(position), row));
                const auto best = model.likeliest(3, position);
                CHECK(best[0].value == *std::max_element(row.begin(), row.end()));
                CHECK(best[2].value == row[best[2].row]);
            }
            CHECK(model.likeliest(1)[0].row == model.likeliest(1, 8)[0].row);
            const auto rest = model.forward(ids.subspan(9, 11), Logits::all);
            for (std::size_t t = 0; t < rest.rows; ++t) {
                CHECK(same({rest.row(t), rest.cols}, expected[9 + t]));
            }
        }
    };
    check(kind_named("int8-int8"), KvType::f32);
    check(kind_named("screened-int8"), KvType::f32);
    for (const KvTypeName& kv : kv_types) check(kind_named("f16"), kv.type);
}

TEST_CASE("logits that are no numbers are refused") {
    need_cluster();
    for (const TensorKind head :
         {kind_named("f32"), kind_named("int8-int8"), kind_named("screened-int8")}) {
        tiny::Model model = tiny::make({.head = head});
        for (float& weight : model.tensors["model.norm.weight"].values) {
            weight = 3e38f; // more than one of which overflows
        }
        const tiny::Aligned file(model.file());
        const ModelFile model_file("tiny", file.bytes());
        Transformer transformer(model_file, {.context = 20, .batch = 20}, 1);
        transformer.forward(sentence, Logits::none);
        CHECK_THROWS_AS(transformer.likeliest(1), UserError);
        CHECK_THROWS_AS(transformer.likeliest(40), UserError);
    }
}

TEST_CASE("a token sees nothing of later ones") {
    need_cluster();
    const tiny::Aligned file(tiny::make({}).file());
    std::vector<int> changed = sentence;
    changed[12] = 7;
    const Rows a = run(file.bytes(), sentence, 20, 1);
    const Rows b = run(file.bytes(), changed, 20, 1);
    for (std::size_t t = 0; t < a.size(); ++t) {
        CHECK((a[t] == b[t]) == (t < 12));
    }
}

TEST_CASE("models that do not fit their config are refused") {
    need_cluster();
    const auto refuses = [](const tiny::Model& model, const std::string& what) {
        const tiny::Aligned file(model.file());
        const ModelFile model_file("tiny", file.bytes());
        try {
            Transformer transformer(model_file, {.context = 4}, 1);
            FAIL("accepted");
        } catch (const UserError& error) {
            CAPTURE(error.what());
            CHECK(std::string(error.what()).find(what) != std::string::npos);
        }
    };
    const std::string name = "model.layers.1.mlp.up_proj.weight";
    tiny::Model model = tiny::make({});
    model.tensors.erase(name);
    refuses(model, name + " is missing");

    model = tiny::make({});
    model.tensors["model.layers.2.mlp.up_proj.weight"] = model.tensors[name];
    refuses(model, "holds 26 tensors");

    model = tiny::make({});
    model.config.ffn_dim = 96;
    refuses(model, "the config wants");

    model = tiny::make({});
    model.config.sub_norm = false; // its tensors are there
    refuses(model, "tensors");

    model = tiny::make({});
    model.tensors["model.norm.weight"].values[5] = std::nanf("");
    refuses(model, "NaN or infinity at value 5");

    model = tiny::make({});
    model.tensors[name].rows = 40; // same number of codes, other shape
    model.tensors[name].cols = 96;
    refuses(model, "is 40 x 96");
}

TEST_CASE("what a state takes is counted to the byte, and begins at cache lines") {
    const tiny::Model model =
        tiny::make({.kinds = {kind_named("ternary-int8"), kind_named("f32")}});
    const tiny::Aligned file(model.file());
    const ModelFile model_file("tiny", file.bytes());
    const Weights weights = load_weights(model_file);
    for (const Limits& limits :
         {Limits{1, 1, 1, 1}, Limits{80, 64, 1, 2, KvType::int4}, Limits{7, 5, 5, 9}}) {
        const State s(model.config, weights, limits);
        std::size_t floats = 0;
        for (const auto* buffer : {&s.x, &s.norm, &s.q, &s.k, &s.v, &s.attn, &s.gate, &s.up, &s.out,
                                   &s.logits, &s.queries, &s.scores, &s.cosines, &s.sines}) {
            CHECK(!buffer->empty());
            CHECK(reinterpret_cast<std::uintptr_t>(buffer->data()) % 64 == 0);
            floats += buffer->size();
        }
        CHECK(!s.scratch.empty());
        CHECK(state_bytes(model.config, weights, limits) ==
              4 * floats + s.scratch.size() +
                  KvCache::bytes(model.config, limits.kv, limits.context));
    }
}

TEST_CASE("a state beyond the machine's memory is refused, whichever part is too large") {
    if (machine_memory_bytes() == 0) {
        SKIP("this system does not tell its memory");
    }
    const tiny::Model model = tiny::make({});
    const tiny::Aligned file(model.file());
    const ModelFile model_file("tiny", file.bytes());
    const Weights weights = load_weights(model_file);
    constexpr std::size_t million = std::size_t{1} << 20;
    const auto refuses = [&](const Config& config, const Limits& limits, const std::string& what) {
        try {
            const State state(config, weights, limits);
            FAIL("accepted");
        } catch (const UserError& error) {
            CAPTURE(error.what());
            CHECK(std::string(error.what()).find(what) != std::string::npos);
        }
    };
    Config config = model.config;
    config.layers = config.heads = config.kv_heads = config.head_dim = 1024;
    const Limits floats{.context = million, .kv = KvType::f32};
    refuses(config, floats, "a context of 1048576 positions, in batches of 1, takes 9007");
    refuses(config, floats, "9007336.7 GB for keys and values; ");
    config = model.config;
    refuses(config, {.context = million, .workers = million}, "for scores");
    config.head_dim = million; // beyond the cap, but nothing else makes the tables the largest
    config.kv_heads = 1;
    config.layers = 0;
    refuses(config, {.context = million}, "for cosines");
    config = model.config;
    config.ffn_dim = million;
    refuses(config, {.batch = million}, "in batches of 1048576");
    refuses(config, {.batch = million}, "for gate");
    config = model.config;
    config.vocab = million;
    refuses(config, {.logit_rows = million}, "for logits");
}
