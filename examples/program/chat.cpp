// SPDX-License-Identifier: MIT
// The conversation is one text, which the KV cache holds: each turn runs what is new of it.
#include "chat.hpp"

#include "chat_template.hpp"
#include "console.hpp"
#include "convert.hpp"
#include "error.hpp"
#include "generator.hpp"
#include "model_file.hpp"
#include "text.hpp"
#include "tokenizer.hpp"

#include <atomic>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <utility>
#include <vector>

namespace bitnet::example {
namespace {

constexpr const char* full = ": /reset begins anew";

// A signal handler sets it. A word: atomics of bytes need a lock on RISC-V.
std::atomic<int> interrupted;
static_assert(std::atomic<int>::is_always_lock_free);

// While it lives, Ctrl-C sets `interrupted`; else it ends the program.
class CatchInterrupts {
public:
    CatchInterrupts() : before_(std::signal(SIGINT, [](int) { interrupted = 1; })) {
        interrupted = 0;
    }
    ~CatchInterrupts() { std::signal(SIGINT, before_); }
    CatchInterrupts(const CatchInterrupts&) = delete;
    CatchInterrupts& operator=(const CatchInterrupts&) = delete;

private:
    void (*before_)(int);
};

const ChatTemplate& template_of(const ChatOptions& options, const ModelFile& file) {
    if (options.chat_template) return chat_template_named(*options.chat_template);
    const std::string& jinja = file.config().chat_template;
    if (const ChatTemplate* family = recognize(jinja)) return *family;
    file.refuse((jinja.empty() ? "has no chat template" : "has a chat template that is not known") +
                (": choose one with --template, of " + names_of_chat_templates()));
}

void say(const std::string& what) {
    std::fprintf(stderr, "bitnet: %s\n", what.c_str());
}

// The next line that is not empty; none at the end.
std::optional<std::string> read_line() {
    static const bool asks = is_terminal(stdin);
    for (std::string line;;) {
        if (asks) std::fputs("> ", stderr);
        if (!std::getline(std::cin, line)) {
            if (asks) std::fputs("\n", stderr);
            return std::nullopt;
        }
        line = plain_text(line);
        if (!strip(line).empty()) return line;
    }
}

void answer(Generator& generator, const Tokenizer& tokenizer) {
    const CatchInterrupts catching;
    TextStream text;
    while (!interrupted) {
        const std::optional<int> id = generator.next();
        if (!id) break;
        text.write(tokenizer.decode(*id));
    }
    text.finish();
    write_stdout("\n");
}

} // namespace

void chat(const ChatOptions& options) {
    Sampler sampler(options.sampler);
    const LoadedModel model(options.model);
    print_notes(model.notes());
    const ModelFile& file = model.file();
    const Config& config = file.config();
    const std::optional<Tokenizer> tokenizer = load_tokenizer(file);
    if (!tokenizer) file.refuse("has no tokenizer, without which there is no chat");
    const ChatTurns turns(template_of(options, file), *tokenizer,
                          {config.bos, config.add_bos, config.eos}, !options.no_thinking);
    GeneratorOptions generating{.count = options.count,
                                .context = context_of(config, options.context),
                                .kv = options.kv,
                                .draft = options.draft,
                                .interrupted = [] { return interrupted != 0; },
                                .threads = options.model.loading.threads};
    if (turns.end_of_turn()) generating.stop = {*turns.end_of_turn()};
    Generator generator(file, std::move(sampler), {}, generating);

    while (const std::optional<std::string> line = read_line()) {
        if (strip(*line) == "/quit") break;
        if (strip(*line) == "/reset") {
            generator.restart();
            continue;
        }
        const bool begins = generator.text().empty();
        const std::vector<int> turn =
            begins ? turns.first(options.system, *line) : turns.next(*line);
        const std::string context = "the context of " + std::to_string(generator.context());
        if (!generator.add(turn)) {
            say("this takes " + std::to_string(turn.size()) + " tokens, and " + context + " has " +
                std::to_string(generator.room()) + " left" + (begins ? "" : full));
            continue;
        }
        answer(generator, *tokenizer);
        if (!generator.ended() && generator.room() == 0) say(context + " is full" + full);
    }
}

} // namespace bitnet::example
