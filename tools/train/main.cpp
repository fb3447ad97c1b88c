// SPDX-License-Identifier: MIT
// bitnet-train: trains, evaluates and exports the story models.
#include "../../examples/transformer/command_line.hpp"
#include "curve.hpp"
#include "evaluate.hpp"
#include "export.hpp"
#include "trainer.hpp"

#include <CLI/CLI.hpp>

#include <cmath>
#include <cstdio>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using namespace bitnet::train;
using bitnet::example::decimal;
using bitnet::example::parse_arguments;
using bitnet::example::run_program;
using bitnet::example::write_stdout;

// What the command line asks for.
using Work = std::function<void()>;

void add_train(CLI::App& app, Work& work) {
    auto* command = app.add_subcommand("train", "Train a model, or continue training it");
    static TrainOptions options;
    command->add_option("--text", options.text, "Stories, separated by <|endoftext|>")
        ->required()
        ->check(CLI::ExistingFile);
    command
        ->add_option("--valid", options.valid, "Stories whose score is logged and decides nothing")
        ->check(CLI::ExistingFile);
    command->add_option("--out", options.folder, "Folder for checkpoints and the curve")
        ->required();
    command->add_option("--tokenizer", options.tokenizer, "Checkpoint whose tokenizer is taken")
        ->check(CLI::ExistingFile);
    command->add_flag(
        "--resume", options.resume,
        "Continue from OUT/last.ckpt and its recipe, of which only --steps can change");
    command->add_option("--threads", options.threads, "At most one for each batch works")
        ->transform(decimal<std::decay_t<decltype(options.threads)>>())
        ->capture_default_str()
        ->check(CLI::Range(1, 256));
    command->add_option("--evaluate-every", options.evaluate_every, "Steps")
        ->transform(decimal<std::decay_t<decltype(options.evaluate_every)>>())
        ->capture_default_str()
        ->check(CLI::Range(1, 1000000));
    for_each_field(options.recipe, [&](const char* key, auto& value, const char* help) {
        if (help == nullptr) return;
        CLI::Option* option = nullptr;
        if constexpr (std::is_enum_v<std::decay_t<decltype(value)>>) {
            option = command->add_option_function<std::string>(
                flag_of(key), [&value](const std::string& text) { parse(text, value); }, help);
            option->default_str(to_text(value));
        } else {
            using Value = std::decay_t<decltype(value)>;
            option = command->add_option(flag_of(key), value, help)->capture_default_str();
            if constexpr (!std::is_same_v<Value, bool>) option->transform(decimal<Value>());
        }
        option->each([key](const std::string&) { options.given.insert(key); });
    });
    command->callback([&work] {
        work = [] {
            options.recipe.model.max_context = options.recipe.slots;
            train(options);
        };
    });
}

void add_export(CLI::App& app, Work& work) {
    auto* command = app.add_subcommand("export", "Write a checkpoint as a .bitnet file");
    static std::string checkpoint;
    static std::string model;
    command->add_option("--checkpoint", checkpoint)->required()->check(CLI::ExistingFile);
    command->add_option("--out", model)->required();
    command->callback([&work] { work = [] { export_model(checkpoint, model); }; });
}

void add_evaluate(CLI::App& app, Work& work) {
    auto* command =
        app.add_subcommand("evaluate", "Score stories with the trainer's own forward pass");
    static std::string model;
    static std::string text;
    command->add_option("--model", model)->required()->check(CLI::ExistingFile);
    command->add_option("--text", text)->required()->check(CLI::ExistingFile);
    command->callback([&work] {
        work = [] {
            const Score score = score_file(model, text);
            const double per_token = score.nll / static_cast<double>(score.tokens);
            char lines[256];
            std::snprintf(lines, sizeof lines,
                          "nll_per_token  %.6f\ntokens         %zu\nperplexity     %.4f\n"
                          "nats_per_byte  %.6f\n",
                          per_token, score.tokens, std::exp(per_token),
                          score.nll / static_cast<double>(score.bytes));
            write_stdout(lines);
        };
    });
}

void add_curve(CLI::App& app, Work& work) {
    auto* command = app.add_subcommand("curve", "Draw the loss curves of runs");
    static std::vector<std::pair<std::string, std::string>> runs;
    static std::string svg;
    command->add_option("--run", runs, "A name and the run's curve.csv; may be repeated")
        ->required();
    command->add_option("--out", svg, "The picture, SVG")->required();
    command->callback([&work] { work = [] { draw_curves(runs, svg); }; });
}

} // namespace

int main(int argc, char** argv) {
    CLI::App app("Trainer of the bitnet story models", "bitnet-train");
    Work work;
    app.require_subcommand(1);
    add_train(app, work);
    add_export(app, work);
    add_evaluate(app, work);
    add_curve(app, work);
    return run_program(
        app, [&] { parse_arguments(app, argc, argv); }, [&] { work(); });
}
