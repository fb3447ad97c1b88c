// SPDX-License-Identifier: MIT
// What the command lines of the programs share: numbers and paths that are what they seem to be,
// and one line on stderr for whatever goes wrong.
#pragma once

#include "console.hpp"
#include "error.hpp"
#include "kv_cache.hpp"
#include "mapped_file.hpp"
#include "number.hpp"
#include "system_text.hpp"
#include "text.hpp"
#include "version.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <limits>
#include <new>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

namespace bitnet::example {

inline constexpr std::size_t most_threads = 1024;

/// Every number on a line: the whole text, in decimal. CLI11 by itself takes "010" for eight, ""
/// for zero and, in older versions, "-4" for an unsigned number.
template <class Number>
CLI::Validator decimal() {
    const auto check = [](std::string& text) -> std::string {
        constexpr bool whole = std::is_integral_v<Number>;
        Number number{};
        const char* const end = text.data() + text.size();
        const auto [stop, error] = read_number(text.data(), end, number);
        if (!whole && error == std::errc::result_out_of_range && stop == end) {
            return "\"" + text + "\" is too small or too large for a float";
        }
        if (error != std::errc() || stop != end) {
            return "\"" + text + "\" is not a " +
                   (whole ? "whole number from 0 to " +
                                std::to_string(std::numeric_limits<Number>::max())
                          : "decimal number");
        }
        if constexpr (whole) {
            text = std::to_string(number); // without the zeros that mean octal to CLI11
        }
        return {};
    };
    return CLI::Validator(check, "");
}

/// --kv
inline void add_kv(CLI::App& command, KvType& kv) {
    std::string names, usual;
    for (const KvTypeName& type : kv_types) {
        names += (names.empty() ? "" : ", ") + std::string(type.name);
        if (type.type == kv) usual = type.name;
    }
    command.add_option_function<std::string>(
        "--kv",
        [&kv, names](const std::string& text) {
            const auto is_it = [&](const KvTypeName& type) { return type.name == text; };
            const auto found = std::find_if(kv_types.begin(), kv_types.end(), is_it);
            if (found == kv_types.end()) {
                throw CLI::ValidationError("--kv", "\"" + text + "\" is none of " + names);
            }
            kv = found->type;
        },
        "How keys and values are kept: " + names +
            "; fewer bits are less to read in a long context (default: " + usual + ")");
}

inline CLI::Validator path() {
    const auto check = [](const std::string& text) -> std::string {
        return text.empty() ? "the path is empty" : "";
    };
    return CLI::Validator(check, "");
}

/// As app.parse(argc, argv), but on every system in UTF-8; an empty "--flag=" has an empty value,
/// where CLI11 takes the argument after it, and of arguments that nobody expects the first is
/// named.
inline void parse_arguments(CLI::App& app, int argc, char** argv) {
    const std::vector<std::string> given = arguments(argc, argv);
    const auto is_option = [&](const std::string& name) {
        const std::vector<CLI::App*> commands = app.get_subcommands([](CLI::App*) { return true; });
        return app.get_option_no_throw(name) != nullptr ||
               std::any_of(commands.begin(), commands.end(), [&](CLI::App* command) {
                   return command->get_option_no_throw(name) != nullptr;
               });
    };
    std::vector<std::string> all; // last comes first, as App::parse() wants it
    for (auto next = given.rbegin(); next != given.rend(); ++next) {
        const std::string_view argument = *next;
        const bool no_value = argument.starts_with("--") &&
                              argument.find('=') == argument.size() - 1 &&
                              is_option(next->substr(0, argument.size() - 1));
        if (no_value) all.emplace_back();
        all.emplace_back(argument.substr(0, argument.size() - (no_value ? 1 : 0)));
    }
    try {
        app.parse(std::move(all));
    } catch (const CLI::ExtrasError&) { // which lists them backwards
        throw CLI::ExtrasError({app.remaining(true).front()});
    }
}

/// Runs `parse`, which may throw CLI::ParseError, then, once the kernels have passed their test,
/// `run`. --help goes to stdout; an error is one line on stderr and exit code 1.
template <class Parse, class Run>
int run_program(const CLI::App& app, const Parse& parse, const Run& run) {
#if defined(SIGPIPE)
    std::signal(SIGPIPE, SIG_DFL); // `| head` ends a program in silence, as it ends other tools
#endif
    const PlainOutput plain;
    report_lost_files(app.get_name());
    std::string message;
    try {
        try {
            parse();
            check_kernels();
            run();
        } catch (const CLI::Success& help) {
            std::ostringstream text;
            app.exit(help, text);
            write_stdout(text.str());
        }
        return 0;
    } catch (const std::bad_alloc&) {
        message = "not enough memory";
    } catch (const std::exception& error) {
        message = error.what();
    }
    // One line, whatever was in a name.
    std::fprintf(stderr, "%s: %s\n", app.get_name().c_str(), printable(message).c_str());
    return 1;
}

} // namespace bitnet::example
