// SPDX-License-Identifier: MIT
// Statistics of activations for people and for programs.
#include "activation_report.hpp"

#include "system_text.hpp"
#include "text.hpp"

#include <nlohmann/json.hpp>

#include <bit>
#include <cstdio>

namespace bitnet::example {
namespace {

using Json = nlohmann::ordered_json;

// Bits of a signed integer that holds every sum up to this magnitude.
int signed_bits(std::uint64_t magnitude) {
    return static_cast<int>(std::bit_width(magnitude)) + 1;
}

template <class... Values>
std::string formatted(const char* format, Values... values) {
    char text[256];
    std::snprintf(text, sizeof text, format, values...);
    return text;
}

std::string percent(double share) {
    return formatted("%.1f%%", 100 * share);
}

// As the gate is one of a layer, it stands in the line of the input that it makes.
bool has_gate(const LayerStatistics& layer, const InputStatistics& in) {
    return layer.gated != 0 && in.projections.front() == "down";
}

} // namespace

std::string names_of(const InputStatistics& in) {
    std::string names;
    for (const std::string& name : in.projections) names += (names.empty() ? "" : " ") + name;
    return names;
}

std::string activation_table(const ActivationStatistics& statistics) {
    std::string text = formatted("%zu tokens\n\n", statistics.tokens());
    text += formatted("%5s  %-8s %-9s %6s %10s %10s %10s %7s %7s %9s %9s  %s\n", "layer", "input",
                      "codes", "cols", "least", "median", "largest", "zeros", "gate 0", "least",
                      "largest", "bits");
    text += formatted("%5s  %-8s %-9s %6s %32s %7s %7s %19s\n", "", "of", "", "", "scale of a code",
                      "", "", "dot");
    for (std::size_t l = 0; l < statistics.layers().size(); ++l) {
        const LayerStatistics& layer = statistics.layers()[l];
        for (const InputStatistics& in : layer.inputs) {
            text += formatted("%5zu  %-8s %-9s %6zu", l, names_of(in).c_str(),
                              std::string(in.activations).c_str(), in.cols);
            if (in.has_codes()) {
                text += formatted(" %10.4g %10.4g %10.4g %7s", static_cast<double>(in.least_scale),
                                  static_cast<double>(in.median_scale()),
                                  static_cast<double>(in.largest_scale),
                                  percent(in.zero_share()).c_str());
            } else {
                text += formatted(" %10s %10s %10s %7s", "-", "-", "-", "-");
            }
            text += formatted(" %7s",
                              has_gate(layer, in) ? percent(layer.gated_zero_share()).c_str() : "");
            if (in.has_dots()) {
                text += formatted(" %9d %9d  %d of %d", in.least_dot, in.largest_dot,
                                  signed_bits(in.dot_magnitude()), signed_bits(in.dot_bound));
            }
            text += "\n";
        }
    }
    return text;
}

Json activation_json(const ActivationStatistics& statistics) {
    Json layers = Json::array();
    for (const LayerStatistics& layer : statistics.layers()) {
        Json inputs = Json::array();
        for (const InputStatistics& in : layer.inputs) {
            Json entry;
            entry["projections"] = in.projections;
            entry["activations"] = in.activations;
            entry["cols"] = in.cols;
            if (in.has_codes()) {
                entry["scale_group"] = in.scale_group;
                entry["scales"] = {{"least", as_written(in.least_scale)},
                                   {"median", as_written(in.median_scale())},
                                   {"largest", as_written(in.largest_scale)}};
                entry["zeros"] = in.zero_share();
                entry["magnitudes"] = in.magnitudes;
            }
            if (in.has_dots()) {
                entry["dots"] = {{"sum_group", in.sum_group},
                                 {"least", in.least_dot},
                                 {"largest", in.largest_dot},
                                 {"bits", signed_bits(in.dot_magnitude())},
                                 {"bits_at_most", signed_bits(in.dot_bound)}};
            }
            inputs.push_back(std::move(entry));
        }
        layers.push_back({{"gate_zeros", layer.gated_zero_share()}, {"inputs", inputs}});
    }
    return {{"tokens", statistics.tokens()}, {"layers", std::move(layers)}};
}

std::optional<ActivationStatistics> activations_for_debugging() {
    const std::optional<std::string> debug = variable("BITNET_DEBUG");
    if (!debug || *debug == "0") return std::nullopt;
    return ActivationStatistics(ActivationStatistics::Detail::brief);
}

void print_short(const ActivationStatistics& statistics) {
    for (std::size_t l = 0; l < statistics.layers().size(); ++l) {
        const LayerStatistics& layer = statistics.layers()[l];
        std::string line = formatted("bitnet: layer %zu:", l);
        for (const InputStatistics& in : layer.inputs) {
            line += " " + names_of(in) + " " + std::string(in.activations);
            if (in.has_codes()) {
                line += formatted(" %.3g to %.3g, zeros %s", static_cast<double>(in.least_scale),
                                  static_cast<double>(in.largest_scale),
                                  percent(in.zero_share()).c_str());
            }
            line += ";";
        }
        line += " gate zeros " + percent(layer.gated_zero_share());
        std::fprintf(stderr, "%s\n", line.c_str());
    }
}

} // namespace bitnet::example
