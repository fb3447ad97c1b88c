// SPDX-License-Identifier: MIT
// Drafts: they are what the text repeats, and no text is another with them. The oracles are a
// search through the whole text, and a loop that runs and samples one token at a time.
#include "generator.hpp"
#include "prompt_lookup.hpp"
#include "refusal.hpp"
#include "tiny_model.hpp"
#include "tokenizer.hpp"

#include <bitnet/random.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace bitnet::example;
using support::refusal;
using Ids = std::vector<int>;

namespace {

// The text and its draft, from the definition.
Ids with_draft(const Ids& text, std::size_t most) {
    Ids all = text;
    for (std::size_t n = PromptLookup::longest; n >= PromptLookup::shortest; --n) {
        if (n > text.size()) continue;
        const auto end = text.end() - static_cast<std::ptrdiff_t>(n);
        // The last place before the text's end where its last n tokens stand.
        const auto found = std::find_end(text.begin(), text.end() - 1, end, text.end());
        if (found == text.end() - 1) continue;
        auto from = static_cast<std::size_t>(found - text.begin()) + n;
        while (all.size() < text.size() + most) all.push_back(all[from++]);
        break;
    }
    return all;
}

// The logits of tokens that were run one by one, and what the sampler makes of all of them in
// order.
class OneByOne {
public:
    OneByOne(const ModelFile& file, const SamplerOptions& sampling, std::size_t context)
        : config_(file.config()), sampler_(sampling), model_(file, {.context = context}, 1) {}

    Ids run(const Ids& tokens, std::size_t count, const Ids& stop) {
        text_.insert(text_.end(), tokens.begin(), tokens.end());
        Ids ids;
        while (ids.size() < count && text_.size() <= model_.limits().context) {
            while (run_ < text_.size()) logits_ = model_.forward({&text_[run_++], 1}, Logits::last);
            std::vector<bitnet::Logit> all;
            for (std::uint32_t id = 0; id < logits_.cols; ++id)
                all.push_back({id, logits_.data[id]});
            std::stable_sort(
                all.begin(), all.end(),
                [](const bitnet::Logit& a, const bitnet::Logit& b) { return a.value > b.value; });
            const auto candidates = sampler_.candidates(logits_.cols);
            const int id = sampler_.sample(std::span(all).first(candidates), step_++, text_);
            ids.push_back(id);
            if (std::find(stop.begin(), stop.end(), id) != stop.end()) break;
            text_.push_back(id);
        }
        return ids;
    }

private:
    const Config& config_;
    Sampler sampler_;
    Transformer model_;
    bitnet::Matrix<const float> logits_{nullptr, 0, 0};
    Ids text_;
    std::size_t run_ = 0;
    std::uint32_t step_ = 0;
};

Ids some(Generator& generator, std::size_t count) {
    Ids ids;
    while (ids.size() < count) {
        const std::optional<int> id = generator.next();
        if (!id) break;
        ids.push_back(*id);
    }
    return ids;
}

// Three ids over and over with another now and then, and BOS.
Ids repetitive(std::uint64_t seed, std::size_t length) {
    Ids ids{256};
    for (std::uint32_t i = 0; ids.size() < length; ++i) {
        const std::uint64_t bits = bitnet::random_bits(seed, i, 0, 0);
        ids.push_back(static_cast<int>(bits % 5 == 0 ? bits / 8 % 200 : 40 + i % 3));
    }
    return ids;
}

const std::vector<SamplerOptions> samplings = {
    {.temperature = 0.0f},
    {.temperature = 0.0f, .repeat_penalty = 1.1f, .repeat_last = 9},
    {.temperature = 0.5f},
    {.temperature = 0.3f, .top_k = 4},
    {.temperature = 1.0f, .top_k = 40, .top_p = 0.6f},
    {.temperature = 1.5f, .top_p = 1.0f, .min_p = 0.4f},
    {.temperature = 1.5f, .top_k = 8, .top_p = 0.95f, .min_p = 0.05f, .repeat_penalty = 1.2f},
    {.temperature = 3.0f, .top_k = 2},
};

} // namespace

TEST_CASE("a draft is what followed the end of the text where it stood last") {
    std::size_t drafts = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        PromptLookup lookup;
        for (int round = 0; round < 2; ++round) {
            Ids text;
            for (std::uint32_t i = 0; i < 120; ++i) {
                const std::uint64_t bits =
                    bitnet::random_bits(seed, i, static_cast<std::uint32_t>(round), 0);
                text.push_back(static_cast<int>(bits % (2 + seed % 7)));
                if (bits >> 8 & 1) continue; // several tokens come between two drafts
                const std::size_t most = 1 + seed % 9;
                Ids all = text;
                lookup.append_draft(text, most, all);
                REQUIRE(all == with_draft(text, most));
                drafts += all.size() != text.size();
            }
            lookup.clear();
        }
    }
    CHECK(drafts > 1000);
}

TEST_CASE("drafts change no token of a text") {
    const std::vector<tiny::Options> models = {
        {.seed = 21},
        {.seed = 22, .head = kind_named("screened-int8")},
        {.seed = 23, .kinds = {kind_named("binary-int8")}, .head = kind_named("int8-int8")},
        {.seed = 24, .kinds = {kind_named("ternary-signnorm")}, .head = kind_named("f32")},
    };
    DraftCounts total;
    for (const tiny::Options& options : models) {
        CAPTURE(options.seed);
        const tiny::Model model = tiny::make(options);
        const tiny::Aligned bytes(model.file());
        const ModelFile file("tiny", bytes.bytes());
        for (std::uint64_t seed = 1; seed <= 10; ++seed) {
            for (SamplerOptions sampling : samplings) {
                CAPTURE(seed, sampling.temperature, sampling.top_k);
                sampling.seed = seed;
                const Ids prompt = repetitive(seed, 1 + 3 * seed);
                const std::size_t count = seed % 3 == 0 ? 12 : 80; // and the end of the context
                const Ids expected =
                    OneByOne(file, sampling, 80).run(prompt, count, model.config.eos);
                for (const std::size_t draft : {1u, 3u, 10u, 63u}) {
                    CAPTURE(draft);
                    Generator generator(file, Sampler(sampling), prompt,
                                        {.count = count, .draft = draft, .threads = 1 + seed % 2});
                    REQUIRE(some(generator, 100) == expected);
                    const DraftCounts& drafts = generator.drafts();
                    REQUIRE(drafts.batches + drafts.accepted >= expected.size() - 1);
                    total.batches += drafts.batches;
                    total.drafted += drafts.drafted;
                    total.accepted += drafts.accepted;
                }
            }
        }
    }
    CAPTURE(total.batches, total.drafted, total.accepted);
    CHECK(total.accepted > 1000); // both ways were gone
    CHECK(total.drafted > total.accepted + 1000);
}

TEST_CASE("drafts change no turn of a conversation, wherever an answer ends") {
    tiny::Model model = tiny::make({.seed = 25});
    model.config.eos = {};
    const tiny::Aligned bytes(model.file());
    const ModelFile file("tiny", bytes.bytes());
    std::size_t ended = 0;
    std::size_t accepted = 0;
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        CAPTURE(seed);
        const SamplerOptions sampling = {.temperature = 2.0f, .top_k = 2, .seed = seed};
        const Ids free = OneByOne(file, sampling, 80).run(repetitive(seed, 12), 40, {});
        const Ids stop = {free[5 + seed]}; // some that come, in a draft or not
        Generator generator(file, Sampler(sampling), {},
                            {.context = 80, .stop = stop, .draft = 1 + seed % 6});
        for (int round = 0; round < 2; ++round) {
            OneByOne plain(file, sampling, 80);
            for (const std::size_t count : {1u, 2u, 9u, 14u, 70u}) { // then the user stops it
                const Ids turn = repetitive(seed + count, count == 1 ? 12 : 3);
                if (turn.size() > generator.room()) break;
                REQUIRE(generator.add(turn));
                const Ids expected = plain.run(turn, count, stop);
                REQUIRE(some(generator, count) == expected);
                ended += generator.ended();
            }
            generator.restart();
        }
        accepted += generator.drafts().accepted;
    }
    CAPTURE(ended, accepted);
    CHECK(ended > 10);
    CHECK(accepted > 100);
}

TEST_CASE("a draft is bounded") {
    const tiny::Aligned bytes(tiny::make({}).file());
    const ModelFile file("tiny", bytes.bytes());
    CHECK(refusal([&] { Generator(file, Sampler({}), {1}, {.draft = 64}); }) ==
          "a draft of 64 tokens was asked for, the most is 63");
}

// Takes minutes: test_drafts "[shipped]"
TEST_CASE("drafts change no token of a thousand texts of the shipped models", "[.][shipped]") {
    const std::vector<std::string> prompts = {
        "Once upon a time", "Lily and Tom went to the park. Lily and Tom", "\"No, no, no!\" said",
        "The cat sat. The dog sat. The cat ran. The dog ran. The", ""};
    for (const char* name : {"ternary", "binary", "onebit"}) {
        const ModelFile file(BITNET_TEST_MODELS "/stories-" + std::string(name) + ".bitnet");
        const std::optional<Tokenizer> tokenizer = load_tokenizer(file);
        DraftCounts total;
        std::size_t texts = 0;
        std::size_t tokens = 0;
        for (std::uint64_t seed = 1; texts < 334; ++seed) {
            SamplerOptions sampling = samplings[seed % samplings.size()];
            sampling.seed = seed;
            Ids prompt = tokenizer->encode(prompts[seed % prompts.size()]);
            prompt.insert(prompt.begin(), *file.config().bos);
            const std::size_t count = 40 + seed % 90;
            const Ids expected = OneByOne(file, sampling, prompt.size() + count)
                                     .run(prompt, count, file.config().eos);
            Generator generator(file, Sampler(sampling), prompt,
                                {.count = count, .draft = 1 + seed % 20});
            CAPTURE(name, seed);
            REQUIRE(some(generator, count) == expected);
            const DraftCounts& drafts = generator.drafts();
            total.batches += drafts.batches;
            total.drafted += drafts.drafted;
            total.accepted += drafts.accepted;
            tokens += expected.size();
            ++texts;
        }
        std::printf("%-8s %zu texts, %zu tokens, the same with drafts: %zu of %zu tokens accepted, "
                    "in %zu batches\n",
                    name, texts, tokens, total.accepted, total.drafted, total.batches);
        CHECK(total.accepted > 0);
    }
}
