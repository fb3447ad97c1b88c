// SPDX-License-Identifier: MIT
// The program `bitnet`: its command line. Each command has a file of its own.
#include "chat.hpp"
#include "chat_template.hpp"
#include "command_line.hpp"
#include "convert.hpp"
#include "cores.hpp"
#include "error.hpp"
#include "find_model.hpp"
#include "generate.hpp"
#include "generator.hpp"
#include "inspect.hpp"
#include "perplexity.hpp"
#include "stopwatch.hpp"
#include "text.hpp"
#include "tokenize.hpp"
#include "version.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>

namespace {

using namespace bitnet::example;

constexpr const char* help_footer =
    "The default model is the file that the variable BITNET_MODEL names; without it,\n"
    "stories-ternary.bitnet: in the program's folder, or from there in ../share/bitnet/models or\n"
    "models. The variable BITNET_ISA names the instruction set to use, one of bitnet --version.\n"
    "BITNET_DEBUG=1: generate and perplexity say on stderr what the activations were.\n\n"
    "Example: bitnet generate --prompt \"Once upon a time\" -n 100 --seed 1";

struct CommandLine {
    GenerateOptions generate;
    ChatOptions chat;
    PerplexityOptions perplexity;
    InspectOptions inspect;
    ConvertCommand convert;
    TokenizeOptions tokenize;
    ModelOptions model;      // of whichever command
    std::size_t threads = 0; // 0: the physical cores
    bool version = false;
    bool version_json = false;
    bool json = false;
};

CLI::Validator file_not_stdout() {
    const auto check = [](const std::string& text) -> std::string {
        return text == "-" ? "stdout has the text: name a file" : "";
    };
    return CLI::Validator(check, "");
}

// How the next token is chosen.
void add_sampling(CLI::App& command, SamplerOptions& o) {
    const auto add = [&](const char* name, auto& value, const char* text) {
        command.add_option(name, value, text)
            ->transform(decimal<std::remove_reference_t<decltype(value)>>())
            ->capture_default_str();
    };
    add("--temp", o.temperature, "Temperature; 0: always the likeliest");
    add("--top-k", o.top_k, "Only the K likeliest tokens; 0: all");
    add("--top-p", o.top_p, "Only the likeliest that reach P together; 1: all");
    add("--min-p", o.min_p, "Only those at least P times as likely as the likeliest; 0: all");
    add("--repeat-penalty", o.repeat_penalty,
        "Divides positive logits of the last tokens and multiplies others; 1: none");
    add("--repeat-last", o.repeat_last, "... how many last tokens that is");
    add("--seed", o.seed, "The same seed gives the same text");
}

void add_context(CLI::App& command, std::optional<std::size_t>& context,
                 const std::string& otherwise) {
    command
        .add_option("--ctx,--context", context,
                    "Positions of the KV cache, up to the model's limit (default: " + otherwise +
                        ")")
        ->transform(decimal<std::size_t>());
}

void add_draft(CLI::App& command, std::size_t& draft) {
    command
        .add_option(
            "--draft", draft,
            "Tokens that are guessed from what the text repeats and tried in one batch; the "
            "text stays the same. 0: none; at most " +
                std::to_string(longest_draft))
        ->transform(decimal<std::size_t>())
        ->capture_default_str();
}

CLI::App* add_generate(CLI::App& app, CommandLine& line) {
    GenerateOptions& o = line.generate;
    CLI::App* command = app.add_subcommand("generate", "Continue a prompt");
    CLI::Option* prompt = command->add_option(
        "--prompt", o.prompt.text, "Text to continue; without one the model begins by itself");
    command->add_option("--prompt-ids", o.prompt.ids, "Ids to continue, \"1 2 3\"; no BOS is added")
        ->excludes(prompt);
    command
        ->add_option(
            "-n", o.count,
            "Tokens to generate (default: to the end of the text, at most 4096 or what --ctx "
            "holds)")
        ->transform(decimal<std::size_t>());
    add_sampling(*command, o.sampler);
    add_context(*command, o.context, "what the prompt and -n need, without -n 4096 more");
    add_kv(*command, o.kv);
    add_draft(*command, o.draft);
    command->add_flag("--ignore-eos", o.ignore_eos, "Do not stop at the end of the text");
    command->add_flag("--print-ids", o.print_ids, "Print the generated ids in place of text");
    command
        ->add_option("--logits", o.logits,
                     "File for the logits of the prompt's tokens and of the generated ones but the "
                     "last, as float32, little-endian, vocab of them a token: the last of these "
                     "rows is what the last token was chosen from")
        ->check(path())
        ->check(file_not_stdout());
    command->add_flag("--stats", o.stats, "Speed and memory, to stderr");
    return command;
}

CLI::App* add_chat(CLI::App& app, CommandLine& line) {
    ChatOptions& o = line.chat;
    CLI::App* command = app.add_subcommand("chat", "Talk with a model, a line at a time");
    command->add_option("--system", o.system, "What the model is told before the conversation");
    command->add_option("--template", o.chat_template,
                        "How turns are written (default: as the model's own template has it): " +
                            names_of_chat_templates());
    command->add_flag("--no-think", o.no_thinking,
                      "Ask for answers without thoughts, where the template can");
    command->add_option("-n", o.count, "Most tokens of an answer (default: what the context holds)")
        ->transform(decimal<std::size_t>())
        ->check(CLI::PositiveNumber);
    add_sampling(*command, o.sampler);
    add_context(*command, o.context, "4096, or the limit where that is less");
    add_kv(*command, o.kv);
    add_draft(*command, o.draft);
    return command;
}

CLI::App* add_perplexity(CLI::App& app, CommandLine& line) {
    PerplexityOptions& o = line.perplexity;
    CLI::App* command = app.add_subcommand("perplexity", "Score a text");
    CLI::Option_group* input = command->add_option_group("input");
    input->add_option("--text", o.text, "File of stories, split at <|endoftext|> and scored whole")
        ->check(path());
    input
        ->add_option("--ids", o.ids,
                     "File of documents, one per line, as ids; each is cut at the model's context")
        ->check(path());
    input->require_option(1);
    add_kv(*command, o.kv);
    add_context(*command, o.context, "that limit");
    command
        ->add_option(
            "--stride", o.stride,
            "In a document of more tokens than --ctx: from where one window of --ctx tokens "
            "begins to where the next does. Window w = 0, 1 ... feeds tokens w * stride to "
            "w * stride + ctx - 1, and scores what follows the last `stride` of them, the "
            "first one what follows each (default: half of --ctx)")
        ->transform(decimal<std::size_t>());
    return command;
}

CLI::App* add_inspect(CLI::App& app, CommandLine& line) {
    InspectOptions& o = line.inspect;
    CLI::App* command = app.add_subcommand("inspect", "Show what a model file holds");
    CLI::Option* verify =
        command->add_flag("--verify", o.verify, "Check every code, value and shape as well");
    CLI::Option* prompt =
        command
            ->add_option("--prompt", o.prompt,
                         "A text to run: show the scales, codes and dots of each projection's "
                         "input, in place of what the file holds")
            ->excludes(verify);
    command->add_option("--prompt-ids", o.prompt_ids, "... as ids, \"1 2 3\"; no BOS is added")
        ->excludes(prompt)
        ->excludes(verify);
    command->add_option("--picture", o.picture, "... and draw the codes: the SVG file to write")
        ->check(path());
    return command;
}

// How a model of another project's files is converted.
void add_conversion(CLI::App& command, ConvertOptions& o) {
    command
        .add_option("--activations", o.activations,
                    "How ternary and binary layers quantize their input, with a scale per token or "
                    "per group of columns; or float: not at all, which is slow (default: as the "
                    "model was made)")
        ->check(CLI::IsMember({"int8", "int8g128", "int8g32", "float"}));
    command
        .add_option("--head", o.head,
                    "Of a model that is no .bitnet file: its output head, where that is of floats, "
                    "rounded")
        ->check(CLI::IsMember({"screened-int8", "int8-int8", "int6-int8"}));
    command.add_flag("--dense", o.dense, "... its ternary weights five a byte");
}

CLI::App* add_convert(CLI::App& app, CommandLine& line) {
    CLI::App* command = app.add_subcommand("convert", "Make a .bitnet file of another model file");
    command
        ->add_option("IN", line.convert.in,
                     "A GGUF file, a directory with config.json, or, with --activations, a "
                     ".bitnet file")
        ->required()
        ->check(path());
    command->add_option("OUT", line.convert.out, "The .bitnet file to write")
        ->required()
        ->check(path());
    add_conversion(*command, line.convert.options);
    return command;
}

CLI::App* add_tokenize(CLI::App& app, CommandLine& line) {
    TokenizeOptions& o = line.tokenize;
    CLI::App* command = app.add_subcommand("tokenize", "Texts to ids, or ids to texts");
    command
        ->add_option("--json-lines", o.json_lines,
                     "File of texts, a JSON string per line: their ids are printed, a line each")
        ->required()
        ->check(path());
    command
        ->add_option("--tokenizer", o.tokenizer,
                     "tokenizer.json, tokenizer.model, encoder.json with vocab.bpe beside it, or "
                     "a directory with one of them, in place of a model's tokenizer")
        ->check(path());
    command->add_flag("--special", o.special,
                      "Names such as <|eot_id|> mean the special token; --decode shows them");
    CLI::Option* bos = command->add_flag("--bos", o.bos, "Begin each text with BOS");
    command
        ->add_flag("--decode", o.decode,
                   "The lines are ids: print a JSON string for each, with U+FFFD for bytes that "
                   "are no UTF-8")
        ->excludes(bos);
    return command;
}

// Throws CLI::ParseError; --help comes that way too.
void parse(CLI::App& app, CommandLine& line, int argc, char** argv) {
    app.footer(help_footer); // of the commands as well
    CLI::App* generate_command = add_generate(app, line);
    CLI::App* chat_command = add_chat(app, line);
    CLI::App* perplexity_command = add_perplexity(app, line);
    CLI::App* inspect_command = add_inspect(app, line);
    CLI::App* tokenize_command = add_tokenize(app, line);
    add_convert(app, line);
    for (CLI::App* command :
         {generate_command, chat_command, perplexity_command, inspect_command, tokenize_command}) {
        CLI::Option* model =
            command
                ->add_option("--model", line.model.path,
                             "A .bitnet or GGUF file or a directory (default: the shipped model)")
                ->check(path());
        if (command == tokenize_command) { // which runs no model
            model->excludes(command->get_option("--tokenizer"));
            continue;
        }
        add_conversion(*command, line.model.convert);
        command->add_flag(
            "--mmap", line.model.loading.map,
            "Map the model file in place of reading and checking it: it starts at once "
            "and shares memory with other processes, and is slower");
        if (command == chat_command) continue;
        command->add_flag("--json", line.json,
                          command == generate_command ? "The statistics as JSON" : "Print JSON");
    }
    for (CLI::App* command :
         {generate_command, chat_command, perplexity_command, inspect_command}) {
        command->add_option("--threads", line.threads, "Threads (default: the physical cores)")
            ->transform(decimal<std::size_t>())
            ->check(CLI::Range(std::size_t{1}, most_threads));
    }
    app.add_flag("--version", line.version, "Version, compiler and instruction sets");
    app.add_flag("--json", line.version_json, "With --version: print JSON");
    app.require_subcommand(0, 1);
    parse_arguments(app, argc, argv);
    if (!line.version && app.get_subcommands().empty()) {
        throw CLI::RequiredError(
            "A subcommand (generate, chat, perplexity, inspect, tokenize or convert)");
    }
    if (line.version_json && !line.version) throw CLI::RequiresError("--json", "--version");
    if (line.version && !app.get_subcommands().empty()) {
        throw CLI::ExcludesError("--version", "any subcommand");
    }
    const InspectOptions& inspect = line.inspect;
    if (!inspect.picture.empty() && !inspect.runs_prompt()) {
        throw CLI::RequiresError("--picture", "--prompt or --prompt-ids");
    }
    if (generate_command->parsed() && line.json && !line.generate.stats) {
        throw CLI::RequiresError("--json", "--stats");
    }
}

void run(const CLI::App& app, CommandLine& line, const Stopwatch& since_start) {
    if (line.version) {
        write_stdout(version_text(line.version_json));
        return;
    }
    if (app.got_subcommand("convert")) {
        convert(line.convert);
        return;
    }
    if (app.got_subcommand("tokenize") && !line.tokenize.tokenizer.empty()) {
        tokenize(line.tokenize); // needs no model
        return;
    }
    ModelOptions& model = line.model;
    if (model.path.empty()) model.path = find_default_model();
    model.loading.threads =
        line.threads != 0 ? line.threads : std::min(physical_cores(), most_threads);
    model.checks = model.loading.map ? Checks::head : Checks::all;
    if (app.got_subcommand("generate")) {
        line.generate.model = model;
        line.generate.json = line.json;
        generate(line.generate, since_start);
    } else if (app.got_subcommand("chat")) {
        line.chat.model = model;
        chat(line.chat);
    } else if (app.got_subcommand("perplexity")) {
        line.perplexity.model = model;
        line.perplexity.json = line.json;
        perplexity(line.perplexity);
    } else if (app.got_subcommand("tokenize")) {
        line.tokenize.model = model.path;
        tokenize(line.tokenize);
    } else {
        line.inspect.model = model;
        line.inspect.model.checks = Checks::all;
        line.inspect.json = line.json;
        inspect(line.inspect);
    }
}

} // namespace

int main(int argc, char** argv) {
    const Stopwatch since_start;
    CLI::App app("BitNet on the CPU: text from ternary and binary models", "bitnet");
    CommandLine line;
    return run_program(
        app, [&] { parse(app, line, argc, argv); }, [&] { run(app, line, since_start); });
}
