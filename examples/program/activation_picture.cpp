// SPDX-License-Identifier: MIT
// A row of the picture is a layer, and a cell of it an input: a histogram of the magnitudes of its
// codes, zeros apart.
#include "activation_report.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <sstream>
#include <string>

namespace bitnet::example {
namespace {

constexpr std::size_t left = 64, top = 56; // of the first cell
constexpr std::size_t cell_width = 200, cell_height = 76;
constexpr std::size_t bar_width = 8, bar_step = 9, bar_height = 32;
constexpr std::size_t codes_per_bar = 8, bars = 1 + 128 / codes_per_bar;

constexpr const char* style = R"(<style>
text { font: 11px sans-serif; fill: #1f2328 }
.title { font-size: 15px; font-weight: bold } .layer { font-weight: bold }
.small { font-size: 10px; fill: #59636e }
.card { fill: #ffffff; stroke: #d1d9e0 } .line { stroke: #59636e }
.zero { fill: #bc4c00 } .code { fill: #0969da }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc } .small { fill: #a5adb8 }
.card { fill: #0d1117; stroke: #3d444d } .line { stroke: #9198a1 }
.zero { fill: #f0883e } .code { fill: #58a6ff }
}
</style>
)";

std::string formatted(const char* format, double value) {
    char text[32];
    std::snprintf(text, sizeof text, format, value);
    return text;
}
std::string percent(double share) {
    return formatted("%.1f %%", 100 * share);
}
std::string scale(float value) {
    return formatted("%.3g", static_cast<double>(value));
}

// Shares of the codes: of 0, of magnitudes 1 to 8, of 9 to 16 ...
std::array<double, bars> shares_of(const InputStatistics& in) {
    std::array<double, bars> shares{};
    for (std::size_t m = 0; m < in.magnitudes.size(); ++m) {
        shares[m == 0 ? 0 : 1 + (m - 1) / codes_per_bar] +=
            static_cast<double>(in.magnitudes[m]) / static_cast<double>(in.codes);
    }
    return shares;
}

void draw_text(std::ostream& out, const char* kind, std::size_t x, std::size_t y,
               const std::string& text) {
    out << "<text class=\"" << kind << "\" x=\"" << x << "\" y=\"" << y << "\">" << text
        << "</text>\n";
}

void draw_input(std::ostream& out, const InputStatistics& in, std::size_t x, std::size_t y) {
    draw_text(out, "name", x, y, names_of(in) + " · " + std::string(in.activations));
    if (!in.has_codes()) return;
    const std::array<double, bars> shares = shares_of(in);
    const double largest = *std::max_element(shares.begin(), shares.end());
    const std::size_t floor = y + 6 + bar_height;
    for (std::size_t i = 0; i < bars; ++i) {
        const auto height =
            static_cast<std::size_t>(shares[i] / largest * static_cast<double>(bar_height) + 0.5);
        if (height == 0) continue;
        out << "<rect class=\"" << (i == 0 ? "zero" : "code") << "\" x=\"" << x + i * bar_step
            << "\" y=\"" << floor - height << "\" width=\"" << bar_width << "\" height=\"" << height
            << "\"/>\n";
    }
    out << "<path class=\"line\" d=\"M" << x << ' ' << floor << 'h' << bars * bar_step << "\"/>\n";
    draw_text(out, "small", x, floor + 13,
              "0: " + percent(shares[0]) + ", scale " + scale(in.least_scale) + " – " +
                  scale(in.largest_scale));
}

} // namespace

std::string activation_picture(const ActivationStatistics& statistics) {
    std::size_t inputs = 1;
    for (const LayerStatistics& layer : statistics.layers()) {
        inputs = std::max(inputs, layer.inputs.size());
    }
    const std::size_t width = left + std::max<std::size_t>(inputs, 3) * cell_width + 110;
    const std::size_t height = top + statistics.layers().size() * cell_height;
    std::ostringstream out;
    out << "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" << width << "\" height=\"" << height
        << "\" viewBox=\"0 0 " << width << ' ' << height << "\">\n"
        << style << "<rect class=\"card\" width=\"" << width << "\" height=\"" << height
        << "\" rx=\"6\"/>\n";
    draw_text(out, "title", 12, 22,
              "Activations of " + std::to_string(statistics.tokens()) + " tokens");
    draw_text(out, "small", 12, 38,
              "Share of codes: 0, then magnitudes 1 – 8, 9 – 16, … 121 – 128. The highest bar of a "
              "cell is its largest share.");
    for (std::size_t l = 0; l < statistics.layers().size(); ++l) {
        const LayerStatistics& layer = statistics.layers()[l];
        const std::size_t y = top + l * cell_height + 10;
        draw_text(out, "layer", 12, y, "layer " + std::to_string(l));
        for (std::size_t i = 0; i < layer.inputs.size(); ++i) {
            draw_input(out, layer.inputs[i], left + i * cell_width, y);
        }
        draw_text(out, "small", left + layer.inputs.size() * cell_width, y,
                  "gate: " + percent(layer.gated_zero_share()) + " zeros");
    }
    out << "</svg>\n";
    return out.str();
}

} // namespace bitnet::example
