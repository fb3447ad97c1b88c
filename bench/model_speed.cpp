// SPDX-License-Identifier: MIT
// Tokens per second of a model. pp512: a prompt of 512 random tokens, from an empty cache to the
// last token's logits. tg64: 64 tokens one after the other, from an empty cache, each the likeliest
// of the logits before (greedy); that choice is timed too. Medians over the repetitions.
//
//   bitnet-bench --model random.bitnet -p 512 -n 64 --threads 1,2
#include "command_line.hpp"
#include "cores.hpp"
#include "error.hpp"
#include "memory.hpp"
#include "model_file.hpp"
#include "stopwatch.hpp"
#include "text.hpp"
#include "transformer.hpp"

#include <bitnet/random.hpp>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace bitnet::example;

struct Options {
    std::string model;
    std::size_t prompt = 512;
    std::size_t generate = 64;
    KvType kv = default_kv;
    std::size_t depth = 0; // tokens that the context holds before it generates
    std::vector<std::size_t> threads;
    std::size_t repetitions = 3;
    std::size_t batch = prompt_batch; // as bitnet generate
    std::uint64_t seed = 1;
    bool map = false;
    bool json = false;

    std::size_t context() const { return std::max(prompt, depth + generate); }
};

struct Result {
    std::size_t threads;
    std::string test;
    double tokens_per_second;
    std::uint64_t peak_rss_bytes;
};

// prepare() is not timed.
template <class Prepare, class Run>
double median_rate(std::size_t repetitions, std::size_t tokens, const Prepare& prepare,
                   const Run& run) {
    std::vector<double> rates;
    for (std::size_t i = 0; i < repetitions; ++i) {
        prepare();
        const Stopwatch watch;
        run();
        rates.push_back(static_cast<double>(tokens) / watch.seconds());
    }
    std::sort(rates.begin(), rates.end());
    const std::size_t half = rates.size() / 2;
    return rates.size() % 2 != 0 ? rates[half] : (rates[half - 1] + rates[half]) / 2;
}

void decode(Transformer& model, int id, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        model.forward({&id, 1}, Logits::none);
        id = static_cast<int>(model.likeliest(1).front().row);
    }
}

std::vector<Result> measure(const ModelFile& file, const Options& options) {
    const std::size_t vocab = file.config().vocab;
    std::vector<int> prompt;
    for (std::size_t i = 0; i < std::max({options.prompt, options.depth, std::size_t{1}}); ++i) {
        const std::uint64_t bits =
            bitnet::random_bits(options.seed, static_cast<std::uint32_t>(i), 0, 0);
        prompt.push_back(static_cast<int>(bits * vocab >> 32));
    }
    const std::span<const int> ids = prompt;
    const std::size_t batch = std::min(options.batch, prompt.size());
    std::vector<Result> results;
    for (const std::size_t threads : options.threads) {
        Transformer model(file, {.context = options.context(), .batch = batch, .kv = options.kv},
                          threads);
        const auto add = [&](const std::string& test, std::size_t tokens, const auto& prepare,
                             const auto& run) {
            if (tokens != 0) {
                const double rate = median_rate(options.repetitions, tokens, prepare, run);
                results.push_back({threads, test, rate, peak_memory_bytes()});
            }
        };
        model.prefill(ids.first(batch)); // touches all of the model, and is not timed
        add(
            "pp" + std::to_string(options.prompt), options.prompt, [&] { model.restart(); },
            [&] { model.prefill(ids.first(options.prompt)); });
        const std::string at = options.depth != 0 ? "@" + std::to_string(options.depth) : "";
        add(
            "tg" + std::to_string(options.generate) + at, options.generate,
            [&] {
                model.restart();
                if (options.depth != 0) model.prefill(ids.first(options.depth));
            },
            [&] { decode(model, prompt.front(), options.generate); });
    }
    return results;
}

// The kinds of the projections, each once: "ternary-int8".
std::string format_of(const ModelFile& file) {
    std::vector<TensorKind> kinds;
    std::string format;
    for (const TensorInfo& tensor : file.tensors()) {
        if (!tensor.name.ends_with("_proj.weight")) continue;
        if (std::find(kinds.begin(), kinds.end(), tensor.kind) != kinds.end()) continue;
        format += (kinds.empty() ? "" : "+") + std::string(name_of(tensor.kind));
        kinds.push_back(tensor.kind);
    }
    return format;
}

void report(const ModelFile& file, const Options& options, const std::vector<Result>& results) {
    const Config& c = file.config();
    const std::string name = options.model.substr(options.model.find_last_of('/') + 1);
    const std::string format = format_of(file);
    const std::string head(
        name_of(file.find(c.tied ? "model.embed_tokens.weight" : "lm_head.weight")->kind));
    const std::uint64_t cache = KvCache::bytes(c, options.kv, options.context());
    if (options.json) {
        auto json = nlohmann::ordered_json::array();
        const std::optional<std::size_t> large = large_page_bytes(file.source().bytes());
        for (const Result& r : results) {
            json.push_back({{"model", name},
                            {"format", format},
                            {"head", head},
                            {"isa", bitnet::dispatch::name()},
                            {"threads", r.threads},
                            {"test", r.test},
                            {"tokens_per_second", r.tokens_per_second},
                            {"repetitions", options.repetitions},
                            {"peak_rss_bytes", r.peak_rss_bytes},
                            {"file_bytes", file.file_bytes()},
                            {"file_mapped", file.source().mapped()},
                            {"file_large_page_bytes",
                             large ? nlohmann::ordered_json(*large) : nlohmann::ordered_json()},
                            {"kv_cache_bytes", cache}});
        }
        // A path may hold bytes that are no UTF-8; JSON may not.
        write_stdout(json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
        return;
    }
    char line[512];
    std::snprintf(line, sizeof line,
                  ": %s, head %s, %s; median of %zu\n"
                  "file %s; KV cache %.1f MB\n\n"
                  "| threads | test        | tokens/s | peak RSS MB |\n"
                  "|---------|-------------|----------|-------------|\n",
                  format.c_str(), head.c_str(), std::string(bitnet::dispatch::name()).c_str(),
                  options.repetitions, file.source().description().c_str(),
                  static_cast<double>(cache) / 1e6);
    std::string text = printable(name) + line;
    for (const Result& r : results) {
        std::snprintf(line, sizeof line, "| %7zu | %-11s | %8.2f | %11.1f |\n", r.threads,
                      r.test.c_str(), r.tokens_per_second,
                      static_cast<double>(r.peak_rss_bytes) / 1e6);
        text += line;
    }
    write_stdout(text);
}

void run(Options& options) {
    if (options.prompt + options.generate == 0) {
        throw UserError("-p and -n are both 0: nothing to measure");
    }
    if (options.threads.empty()) {
        options.threads = {std::min(physical_cores(), most_threads)};
    }
    const std::size_t most = *std::max_element(options.threads.begin(), options.threads.end());
    const ModelFile file(options.model, {.map = options.map, .threads = most});
    const std::size_t context = file.config().max_context;
    if (std::max(options.prompt, options.depth) > context ||
        options.generate > context - options.depth) {
        throw UserError("-p, and -d and -n together, must be at most " + std::to_string(context) +
                        ", the model's context");
    }
    report(file, options, measure(file, options));
}

} // namespace

int main(int argc, char** argv) {
    CLI::App app("Speed and memory of a model: prompt (pp) and decode (tg, greedy)",
                 "bitnet-bench");
    Options options;
    constexpr std::size_t many = 1u << 20; // the longest context
    app.add_option("-m,--model", options.model, "A .bitnet file")->check(path())->required();
    const auto add = [&](const char* flag, auto& value, const char* help) {
        return app.add_option(flag, value, help)->transform(decimal<std::size_t>());
    };
    add("-p", options.prompt, "Tokens of the prompt; 0: no such test")->capture_default_str();
    add("-n", options.generate, "Tokens to generate; 0: no such test")->capture_default_str();
    add("-d,--depth", options.depth, "Tokens in the context before those of -n")
        ->capture_default_str();
    add("-t,--threads", options.threads,
        "Numbers of threads, 1,2,... (default: the physical cores)")
        ->delimiter(',')
        ->check(CLI::Range(std::size_t{1}, most_threads));
    add("-r,--repetitions", options.repetitions, "Of each test, whose median counts")
        ->check(CLI::Range(std::size_t{3}, many))
        ->capture_default_str();
    add("-b,--batch", options.batch, "Prompt tokens of one forward pass")
        ->check(CLI::Range(std::size_t{1}, many))
        ->capture_default_str();
    add_kv(app, options.kv);
    app.add_option("--seed", options.seed, "Of the prompt's tokens")
        ->transform(decimal<std::uint64_t>())
        ->capture_default_str();
    app.add_flag("--mmap", options.map, "Map the model file in place of reading it into memory");
    app.add_flag("--json", options.json, "Print JSON");
    return run_program(
        app, [&] { parse_arguments(app, argc, argv); }, [&] { run(options); });
}
