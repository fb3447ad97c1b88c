// SPDX-License-Identifier: MIT
// `bitnet generate`: a prompt, and what follows it, to stdout.
#include "generate.hpp"

#include "activation_report.hpp"
#include "convert.hpp"
#include "error.hpp"
#include "files.hpp"
#include "generator.hpp"
#include "memory.hpp"
#include "model_file.hpp"
#include "system_text.hpp"
#include "text.hpp"
#include "tokenizer.hpp"

#include <bitnet/dispatch.hpp>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <cstdio>
#include <span>
#include <utility>
#include <vector>

namespace bitnet::example {
namespace {

struct Timing {
    std::size_t prompt = 0;    // tokens
    std::size_t generated = 0; // tokens
    double prompt_seconds = 0;
    double first_token_seconds = 0; // since the program began
    double decode_seconds = 0;      // the tokens after the first
    DraftCounts drafts = {};
};

double per_second(std::size_t tokens, double seconds) {
    return seconds > 0 ? static_cast<double>(tokens) / seconds : 0.0;
}

void print_stats(const GenerateOptions& options, const Timing& timing, const LoadedModel& model,
                 std::size_t threads) {
    const std::string isa(dispatch::name());
    const bool any = timing.generated > 0;
    const std::size_t decoded = any ? timing.generated - 1 : 0; // those that were timed
    const double prompt_rate = per_second(timing.prompt, timing.prompt_seconds);
    const double decode_rate = per_second(decoded, timing.decode_seconds);
    const double first_ms = timing.first_token_seconds * 1e3;
    if (options.json) {
        nlohmann::ordered_json json;
        json["prompt_tokens"] = timing.prompt;
        json["prompt_tokens_per_second"] = prompt_rate;
        json["generated_tokens"] = timing.generated;
        json["decode_tokens_per_second"] = decode_rate;
        json["batches"] = timing.drafts.batches;
        json["drafted_tokens"] = timing.drafts.drafted;
        json["accepted_tokens"] = timing.drafts.accepted;
        json["ms_to_first_token"] = any ? nlohmann::ordered_json(first_ms) : nullptr;
        json["peak_memory_bytes"] = peak_memory_bytes();
        const FileBytes& source = model.file().source();
        const std::optional<std::size_t> large = large_page_bytes(source.bytes());
        json["file_bytes"] = model.file().file_bytes();
        json["file_mapped"] = source.mapped();
        json["file_large_page_bytes"] = large ? nlohmann::ordered_json(*large) : nullptr;
        json["threads"] = threads;
        json["isa"] = isa;
        std::fprintf(stderr, "%s\n", json.dump().c_str());
        return;
    }
    std::fprintf(stderr,
                 "prompt        %zu tokens, %.0f tokens/s\n"
                 "decode        %zu tokens, %.0f tokens/s\n",
                 timing.prompt, prompt_rate, decoded, decode_rate);
    if (options.draft != 0) {
        std::fprintf(stderr, "drafts        %zu of %zu tokens accepted, in %zu batches\n",
                     timing.drafts.accepted, timing.drafts.drafted, timing.drafts.batches);
    }
    if (any) {
        std::fprintf(stderr, "first token   %.1f ms after the start of the program\n", first_ms);
    }
    std::fprintf(stderr,
                 "peak memory   %.1f MB\n"
                 "weights       %s\n"
                 "isa           %s, %zu thread%s\n",
                 static_cast<double>(peak_memory_bytes()) / 1e6, model.description().c_str(),
                 isa.c_str(), threads, threads == 1 ? "" : "s");
}

} // namespace

void generate(const GenerateOptions& options, const Stopwatch& since_start) {
    Sampler sampler(options.sampler);
    const LoadedModel model(options.model);
    print_notes(model.notes());
    const ModelFile& file = model.file();
    const Config& config = file.config();
    const std::optional<Tokenizer> tokenizer = load_tokenizer(file);
    if (!tokenizer && !options.print_ids) {
        file.refuse("has no tokenizer: ask for ids with --print-ids");
    }
    std::optional<GrowingFile> logits;
    GeneratorOptions generating{.count = options.count,
                                .context = options.context,
                                .kv = options.kv,
                                .ignore_eos = options.ignore_eos,
                                .draft = options.draft,
                                .threads = options.model.loading.threads};
    if (options.logits) {
        generating.logits = [&](std::span<const float> row) { write_floats(*logits, row); };
    }
    Generator generator(file, std::move(sampler), prompt_tokens(options.prompt, file, tokenizer),
                        generating);
    if (options.logits) {
        require_outside("--logits", *options.logits, options.model.path);
        logits.emplace(*options.logits);
    }
    std::optional<ActivationStatistics> activations = activations_for_debugging();
    if (activations) generator.observe(&*activations);

    TextStream text;
    if (!options.print_ids) text.write(tokenizer->decode(generator.text()));
    Timing timing{.prompt = generator.text().size()};
    if (options.count != std::size_t{0} || options.logits) {
        const Stopwatch watch;
        generator.prefill();
        timing.prompt_seconds = watch.seconds();
    }
    Stopwatch decode_watch;
    while (const std::optional<int> id = generator.next()) {
        timing.generated = generator.generated();
        if (timing.generated == 1) {
            timing.first_token_seconds = since_start.seconds();
            decode_watch = Stopwatch();
        }
        if (options.print_ids) {
            write_stdout(timing.generated > 1 ? " " : "");
            write_stdout(std::to_string(*id));
        } else {
            text.write(tokenizer->decode(*id));
        }
        timing.decode_seconds = decode_watch.seconds();
    }
    if (!options.print_ids) text.finish();
    write_stdout("\n");
    if (logits) logits->close();

    if (generator.ran_out_of_context()) {
        std::fprintf(stderr, "bitnet: stopped after %zu tokens: the %s of %zu is full\n",
                     timing.generated, options.context ? "context" : "model's context",
                     options.context.value_or(config.max_context));
    }
    timing.drafts = generator.drafts();
    if (activations) print_short(*activations);
    if (options.stats) print_stats(options, timing, model, generator.threads());
}

} // namespace bitnet::example
