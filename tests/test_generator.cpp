// SPDX-License-Identifier: MIT
// The generator: how many positions it takes, and that a text in parts is the text in one piece.
#include "generator.hpp"
#include "refusal.hpp"
#include "tiny_model.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

using namespace bitnet::example;
using support::refusal;
using Ids = std::vector<int>;

namespace {

// A model that no token ends, and its memory.
struct Endless {
    explicit Endless(std::size_t limit, Ids eos = {}) {
        tiny::Model model = tiny::make({.seed = 21});
        model.config.max_context = limit;
        model.config.eos = std::move(eos);
        bytes.emplace(model.file());
        file.emplace("tiny", bytes->bytes());
    }
    std::optional<tiny::Aligned> bytes;
    std::optional<ModelFile> file;
};

Ids all_of(Generator& generator) {
    Ids ids;
    while (const std::optional<int> id = generator.next()) ids.push_back(*id);
    return ids;
}

} // namespace

TEST_CASE("positions: what is asked for, or what is needed") {
    const Endless large(40960);
    const auto context = [&](Ids prompt, const GeneratorOptions& options) {
        return Generator(*large.file, Sampler({}), std::move(prompt), options).context();
    };
    CHECK(context({1, 2, 3}, {.count = 5}) == 7);
    CHECK(context({1, 2, 3}, {.count = 0}) == 3);
    CHECK(context({1, 2, 3}, {}) == 2 + usual_context); // not the model's limit
    CHECK(context({1, 2, 3}, {.count = 5, .context = 20}) == 20);
    CHECK(context({}, {.context = 20}) == 20);
    const Endless small(80);
    CHECK(Generator(*small.file, Sampler({}), {1}, {}).context() == 80);
    CHECK(Generator(*small.file, Sampler({}), {1}, {.count = 1000}).context() == 80);
    CHECK(context_of(large.file->config(), {}) == usual_context);
    CHECK(context_of(small.file->config(), {}) == 80);
    CHECK(context_of(small.file->config(), 80) == 80);
    CHECK(refusal([&] { context_of(small.file->config(), 81); }) ==
          "a context of 81 positions was asked for, the model's limit is 80");
    CHECK(refusal([&] { context_of(small.file->config(), 0); }) ==
          "a context of 0 positions was asked for, the model's limit is 80");
    CHECK(refusal([&] {
              context({1, 2, 3}, {.context = 2});
          }) == "the prompt has 3 tokens, the context holds 2");
}

TEST_CASE("a text that goes on is the same text in one piece") {
    const Endless model(80);
    for (const std::size_t threads : {1u, 3u}) {
        const SamplerOptions sampling = {.temperature = 0.0f, .repeat_penalty = 1e6f};
        Generator turns(*model.file, Sampler(sampling), {},
                        {.count = 4, .context = 60, .threads = threads});
        Ids text;
        for (const Ids& turn : {Ids{256, 5, 6}, Ids{7}, Ids{8, 9, 10, 11, 12}}) {
            REQUIRE(turns.add(turn));
            text.insert(text.end(), turn.begin(), turn.end());
            Generator whole(*model.file, Sampler(sampling), text, {.count = 4, .threads = threads});
            const Ids answer = all_of(whole);
            CHECK(all_of(turns) == answer);
            CHECK(answer.size() == 4);
            text.insert(text.end(), answer.begin(), answer.end());
            CHECK(turns.text() == text);
        }
        CHECK(std::set<int>(text.begin(), text.end()).size() == text.size()); // so large a penalty
    }
}

TEST_CASE("a stop token ends an answer, and is not in the text") {
    const Endless endless(80);
    const Ids free = all_of(*std::make_unique<Generator>(
        *endless.file, Sampler({.temperature = 2.0f}), Ids{256}, GeneratorOptions{.count = 20}));
    const int stop = free[11];
    std::size_t first = 0;
    while (free[first] != stop) ++first;
    const Ids until(free.begin(), free.begin() + static_cast<std::ptrdiff_t>(first) + 1);
    const auto check = [&](const ModelFile& file, GeneratorOptions options, bool ends) {
        options.count = 20;
        Generator generator(file, Sampler({.temperature = 2.0f}), {256}, options);
        CHECK(all_of(generator) == (ends ? until : free));
        CHECK(generator.ended() == ends);
        CHECK(generator.text().size() == 1 + (ends ? first : free.size()));
        CHECK_FALSE(generator.ran_out_of_context());
    };
    check(*endless.file, {}, false);
    check(*endless.file, {.stop = {stop}}, true);
    check(*endless.file, {.ignore_eos = true, .stop = {stop}}, false);
    const Endless ending(80, {stop});
    check(*ending.file, {}, true);
}

TEST_CASE("logits: a row for each token that is run, once and in order") {
    for (const TensorKind head : {kind_named("f16"), kind_named("screened-int8")}) {
        tiny::Model model = tiny::make({.seed = 26, .head = head});
        model.config.eos = {};
        const tiny::Aligned bytes(model.file());
        const ModelFile file("tiny", bytes.bytes());
        for (const std::size_t draft : {0u, 1u, 7u}) {
            CAPTURE(name_of(head), draft);
            std::vector<std::vector<float>> rows;
            Generator generator(
                file, Sampler({.temperature = 2.0f, .top_k = 2}), Ids(67, 5), // two batches
                {.context = 80, .draft = draft, .logits = [&](std::span<const float> row) {
                     rows.emplace_back(row.begin(), row.end());
                 }});
            generator.prefill();
            CHECK(rows.size() == 67);
            for (int i = 0; i < 5; ++i) generator.next();
            CHECK(rows.size() == 67 + 4);         // the last one was not run yet
            REQUIRE(generator.add(Ids{5, 5, 5})); // in the middle of a draft, or at its end
            while (generator.next()) {
            }
            const Ids& text = generator.text();
            REQUIRE(text.size() == 81);
            REQUIRE(rows.size() == 80);
            Transformer whole(file, {.context = 80, .batch = 80, .logit_rows = 80}, 1);
            const auto all = whole.forward(std::span(text).first(80), Logits::all);
            for (std::size_t t = 0; t < rows.size(); ++t) {
                REQUIRE(rows[t] == std::vector<float>(all.row(t), all.row(t) + all.cols));
            }
        }
    }
}

TEST_CASE("a prompt that is interrupted goes on where it was") {
    const Endless model(300);
    const Ids prompt(2 * prompt_batch + 5, 7); // three batches
    const SamplerOptions sampling = {.temperature = 2.0f};
    Generator whole(*model.file, Sampler(sampling), prompt, {.count = 6});
    for (const int batches : {0, 1, 2}) {
        int left = batches;
        Generator generator(*model.file, Sampler(sampling), prompt,
                            {.count = 6, .interrupted = [&] { return left-- == 0; }});
        CHECK_FALSE(generator.next());
        CHECK(generator.generated() == 0);
        CHECK(generator.text() == prompt);
        CHECK(all_of(generator).size() == 6);
        if (batches == 0) static_cast<void>(all_of(whole));
        CHECK(generator.text() == whole.text());
    }
}

TEST_CASE("an interruption changes nothing of what follows, with drafts too") {
    const Endless model(300);
    const auto talk = [&](int interrupt_at) {
        int asked = 0, rows = 0;
        Generator generator(*model.file, Sampler({.temperature = 2.0f, .top_k = 2}), Ids{1, 2, 3},
                            {.count = 20,
                             .context = 200,
                             .draft = 4,
                             .logits = [&](std::span<const float>) { ++rows; },
                             .interrupted = [&] { return asked++ == interrupt_at; }});
        for (const Ids& turn : {Ids{}, Ids(70, 5), Ids{6, 7}}) {
            REQUIRE(generator.add(turn));
            all_of(generator);
            all_of(generator); // what is left, where it was interrupted
            REQUIRE(generator.generated() == 20);
        }
        return std::pair(generator.text(), rows);
    };
    const auto whole = talk(-1);
    CHECK(whole.first.size() == 3 + 20 + 70 + 20 + 2 + 20);
    for (int at = 0; at < 70; ++at) {
        CAPTURE(at);
        CHECK(talk(at) == whole);
    }
}

TEST_CASE("a full context") {
    const Endless model(80);
    const SamplerOptions hot = {.temperature = 8.0f, .top_p = 1.0f};
    Generator generator(*model.file, Sampler(hot), {256, 1, 2}, {.count = 20, .context = 10});
    const Ids first = all_of(generator);
    CHECK(first.size() == 8); // the last has no position
    CHECK(generator.ran_out_of_context());
    CHECK(generator.room() == 0);
    CHECK_FALSE(generator.add(Ids{3}));
    CHECK(generator.text().size() == 11);
    generator.restart();
    CHECK(generator.room() == 10);
    CHECK_FALSE(generator.add(Ids(11, 3)));
    CHECK(generator.text().empty());
    REQUIRE(generator.add(Ids{256, 1, 2}));
    CHECK(all_of(generator) == first); // the random numbers begin anew too
}
