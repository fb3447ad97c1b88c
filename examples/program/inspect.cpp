// SPDX-License-Identifier: MIT
// `bitnet inspect`.
#include "inspect.hpp"

#include "activation_report.hpp"
#include "convert.hpp"
#include "error.hpp"
#include "files.hpp"
#include "linear.hpp"
#include "memory.hpp"
#include "model_file.hpp"
#include "model_format.hpp"
#include "prompt.hpp"
#include "text.hpp"
#include "transformer.hpp"
#include "weights.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <ostream>
#include <variant>
#include <vector>

namespace bitnet::example {
namespace {

using Json = nlohmann::ordered_json;
using Shares = std::array<double, 3>; // of codes below, at and above zero

// None for tensors that are not packed.
std::optional<Shares> shares_of(const ModelFile& file, const TensorInfo& tensor) {
    if (value_bytes(tensor.kind) != 0) return std::nullopt;
    const auto rows = static_cast<std::size_t>(tensor.rows);
    const auto cols = static_cast<std::size_t>(tensor.cols);
    const Linear linear(file, tensor.name, rows, cols);
    std::array<std::size_t, 3> counts{};
    std::visit(
        [&](const auto& layer) {
            if constexpr (requires { layer.code(rows, cols); }) {
                for (std::size_t row = 0; row < rows; ++row) {
                    for (std::size_t col = 0; col < cols; ++col) {
                        const int code = layer.code(row, col);
                        ++counts[static_cast<std::size_t>(1 + (code > 0) - (code < 0))];
                    }
                }
            }
        },
        linear.layer());
    Shares shares{};
    for (std::size_t i = 0; i < 3; ++i) {
        shares[i] = static_cast<double>(counts[i]) / static_cast<double>(rows * cols);
    }
    return shares;
}

Json describe(const ModelFile& file) {
    const Config& c = file.config();
    Json json;
    json["file"] = file.label();
    json["file_bytes"] = file.file_bytes();
    json["format_version"] = file_version(c);
    const std::optional<std::size_t> large = large_page_bytes(file.source().bytes());
    json["file_mapped"] = file.source().mapped();
    json["file_large_page_bytes"] = large ? Json(*large) : nullptr;
    json["config"] = Json::parse(config_json(c));
    std::uint64_t parameters = 0;
    Json tensors = Json::array();
    for (const TensorInfo& tensor : file.tensors()) {
        Json entry;
        entry["name"] = tensor.name;
        entry["format"] = name_of(tensor.kind);
        entry["rows"] = tensor.rows;
        entry["cols"] = tensor.cols;
        entry["bytes"] = tensor.bytes;
        if (const std::optional<Shares> shares = shares_of(file, tensor)) {
            entry["shares"] = {{"-1", (*shares)[0]}, {"0", (*shares)[1]}, {"+1", (*shares)[2]}};
        }
        const bool is_tokenizer =
            tensor.kind == kind_named("u16") || tensor.kind == kind_named("bytes");
        if (!is_tokenizer) parameters += tensor.rows * tensor.cols;
        tensors.push_back(std::move(entry));
    }
    json["parameters"] = parameters;
    json["tensors"] = std::move(tensors);
    return json;
}

std::string as_text(const Json& json, const std::string& memory) {
    char line[256];
    std::string text = printable(json["file"].get<std::string>()) + "\n";
    std::snprintf(line, sizeof line, "%llu bytes, %llu parameters, format version %u\n",
                  json["file_bytes"].get<unsigned long long>(),
                  json["parameters"].get<unsigned long long>(),
                  json["format_version"].get<unsigned>());
    text += line + memory + "\n\n";
    for (const auto& [key, value] : json["config"].items()) {
        text += "  " + key + ": " + printable(value.dump()) + "\n";
    }
    std::snprintf(line, sizeof line, "\n%-48s %-16s %13s %9s %6s %6s %6s\n", "tensor", "format",
                  "shape", "bytes", "-1", "0", "+1");
    text += line;
    for (const Json& tensor : json["tensors"]) {
        const std::string shape = std::to_string(tensor["rows"].get<std::uint64_t>()) + " x " +
                                  std::to_string(tensor["cols"].get<std::uint64_t>());
        std::snprintf(line, sizeof line, "%-48s %-16s %13s %9llu",
                      tensor["name"].get<std::string>().c_str(),
                      tensor["format"].get<std::string>().c_str(), shape.c_str(),
                      tensor["bytes"].get<unsigned long long>());
        text += line;
        if (tensor.contains("shares")) {
            for (const char* code : {"-1", "0", "+1"}) {
                std::snprintf(line, sizeof line, " %5.1f%%",
                              100 * tensor["shares"][code].get<double>());
                text += line;
            }
        }
        text += "\n";
    }
    return text;
}

void inspect_activations(const InspectOptions& options, const ModelFile& file) {
    if (!options.picture.empty()) {
        require_outside("--picture", options.picture, options.model.path);
    }
    const std::vector<int> tokens = prompt_tokens({options.prompt.value_or(""), options.prompt_ids},
                                                  file, load_tokenizer(file));
    const std::size_t most = file.config().max_context;
    if (tokens.size() > most) {
        throw UserError("the prompt has " + std::to_string(tokens.size()) +
                        " tokens, the model's context holds " + std::to_string(most));
    }
    Transformer model(file,
                      {.context = tokens.size(), .batch = std::min(tokens.size(), prompt_batch)},
                      options.model.loading.threads);
    ActivationStatistics statistics(ActivationStatistics::Detail::full);
    model.observe(&statistics);
    model.prefill(tokens, Logits::none);
    if (statistics.has_nan()) file.refuse("the model yields NaN or infinity");
    if (!options.picture.empty()) {
        write_file(options.picture,
                   [&](std::ostream& out) { out << activation_picture(statistics); });
    }
    write_stdout(options.json ? activation_json(statistics).dump() + "\n"
                              : activation_table(statistics));
}

} // namespace

void inspect(const InspectOptions& options) {
    const LoadedModel model(options.model);
    print_notes(model.notes());
    if (options.runs_prompt()) {
        inspect_activations(options, model.file());
        return;
    }
    const ModelFile& file = model.file();
    if (options.verify) {
        load_weights(file); // checks every code, padding, value and shape
        load_tokenizer(file);
    }
    Json json = describe(file);
    if (options.json) {
        if (options.verify) json["verified"] = true;
        // A path may hold bytes that are no UTF-8; JSON may not.
        write_stdout(json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
        return;
    }
    write_stdout(as_text(json, model.description()));
    if (options.verify) {
        write_stdout("\nverified: checksums, codes, padding, values and shapes are sound\n");
    }
}

} // namespace bitnet::example
