// SPDX-License-Identifier: MIT
// A model in memory and the story that it tells.
#include "page.hpp"

#include "error.hpp"
#include "generator.hpp"
#include "model_file.hpp"
#include "text.hpp"
#include "tokenizer.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>

namespace {

using namespace bitnet;
using namespace bitnet::example;

struct Free {
    void operator()(void* memory) const { page_free(memory); }
};

struct Model {
    Model(std::unique_ptr<std::byte, Free> memory, std::size_t bytes, const char* name)
        : bytes_(std::move(memory)), file(name, std::span<const std::byte>(bytes_.get(), bytes)),
          tokenizer(load_tokenizer(file)) {
        if (!tokenizer) file.refuse("has no tokenizer, so that it cannot tell a story");
    }

private:
    std::unique_ptr<std::byte, Free> bytes_;

public:
    ModelFile file;
    std::optional<Tokenizer> tokenizer;
};

std::unique_ptr<Model> model;
std::unique_ptr<Generator> story; // borrows from the model

/// What the projections are, "ternary-int8" say; several where a file mixes them.
std::string kinds_of(const ModelFile& file) {
    std::set<std::string_view> kinds;
    for (const TensorInfo& tensor : file.tensors()) {
        if (tensor.name.ends_with("_proj.weight")) {
            kinds.insert(name_of(tensor.kind));
        }
    }
    std::string all;
    for (const std::string_view kind : kinds) {
        all += (all.empty() ? "" : ", ") + std::string(kind);
    }
    return all;
}

} // namespace

int page_load(void* memory, std::size_t bytes, const char* name) {
    std::unique_ptr<std::byte, Free> owned(static_cast<std::byte*>(memory));
    return page::guarded([&] {
        auto loaded = std::make_unique<Model>(std::move(owned), bytes, name);
        const Config& config = loaded->file.config();
        const auto size = [](std::size_t n) { return std::to_string(n); };
        // Whether it runs is known when a transformer was made of it.
        constexpr int any_token = 0;
        const GeneratorOptions nothing{.count = 0, .ignore_eos = false, .threads = 1};
        (void)Generator(loaded->file, Sampler({}), {any_token}, nothing);
        page::text() = "{\"weights\":" + page::quoted(kinds_of(loaded->file)) +
                       ",\"layers\":" + size(config.layers) + ",\"dim\":" + size(config.dim) +
                       ",\"context\":" + size(config.max_context) +
                       ",\"vocab\":" + size(config.vocab) + ",\"bytes\":" + size(bytes) + "}";
        story.reset();
        model = std::move(loaded);
        return 1;
    });
}

int page_begin(const char* prompt, const char* seed, float temperature, float top_p, unsigned top_k,
               unsigned tokens) {
    return page::guarded([&] {
        story.reset();
        if (!model) throw UserError("there is no model yet");
        const std::optional<std::uint64_t> number = parse_number<std::uint64_t>(seed);
        if (!number) throw UserError("the seed must be a whole number from 0 to 2^64 - 1");
        std::vector<int> ids = model->tokenizer->encode(plain_text(prompt));
        if (model->file.config().add_bos) ids.insert(ids.begin(), *model->file.config().bos);
        if (ids.empty()) throw UserError("give the model a few words to begin with");
        story = std::make_unique<Generator>(
            model->file,
            Sampler({.temperature = temperature, .top_k = top_k, .top_p = top_p, .seed = *number}),
            std::move(ids), GeneratorOptions{.count = tokens, .ignore_eos = false, .threads = 1});
        if (tokens > 0) story->prefill();
        page::text() = model->tokenizer->decode(story->text());
        return 1;
    });
}

int page_next() {
    return page::guarded([] {
        if (!story) throw UserError("there is no story yet");
        const std::optional<int> id = story->next();
        page::text() = id ? model->tokenizer->decode(*id) : std::string_view();
        return !id ? 2 : story->ended() ? 3 : 1;
    });
}
