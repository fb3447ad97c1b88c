// SPDX-License-Identifier: MIT
// A small SVG writer: axes, a line for each run, a legend.
#include "curve.hpp"

#include "../../examples/transformer/error.hpp"
#include "../../examples/transformer/files.hpp"
#include "../../examples/transformer/text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <optional>
#include <sstream>

namespace bitnet::train {
namespace {

struct Point {
    double tokens, score;
};

std::vector<Point> read_curve(const std::string& path) {
    std::ifstream in(path);
    std::string line;
    std::getline(in, line); // the header
    std::vector<Point> points;
    while (std::getline(in, line)) {
        std::istringstream fields(line);
        std::array<std::string, 5> field; // step, tokens, seconds, training, held-out
        for (std::string& f : field) std::getline(fields, f, ',');
        const std::optional<double> tokens = example::parse_number<double>(field[1]);
        const std::optional<double> score = example::parse_number<double>(field[4]);
        if (!tokens || !score) {
            throw example::UserError(path + ": \"" + line + "\" is no point of a curve");
        }
        points.push_back({*tokens, *score});
    }
    if (points.empty()) throw example::UserError(path + ": no points of a curve in it");
    return points;
}

constexpr double width = 720, height = 420, left = 60, right = 20, top = 20, bottom = 50;
// Colours that also differ for readers who do not see red and green apart.
constexpr std::array<const char*, 5> colours{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#555555"};

std::string number(const char* format, double value) {
    char text[64];
    std::snprintf(text, sizeof text, format, value);
    return text;
}

} // namespace

void draw_curves(const std::vector<std::pair<std::string, std::string>>& runs,
                 const std::string& svg) {
    std::vector<std::vector<Point>> curves;
    double most_tokens = 0.0;
    double low = 1e30;
    for (const auto& [name, csv] : runs) {
        curves.push_back(read_curve(csv));
        for (const Point& p : curves.back()) {
            most_tokens = std::max(most_tokens, p.tokens);
            low = std::min(low, p.score);
        }
    }
    // The first steps are far above the rest and would flatten it: the picture is cut at 1.5 nats.
    const double high = 1.5;
    low = static_cast<double>(static_cast<int>(low * 10.0)) / 10.0;
    const auto x = [&](double tokens) {
        return left + tokens / most_tokens * (width - left - right);
    };
    const auto y = [&](double score) {
        return top + (high - std::min(score, high)) / (high - low) * (height - top - bottom);
    };

    example::write_file(svg, [&](std::ostream& out) {
        out << "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " << width << ' ' << height
            << "\" font-family=\"sans-serif\" font-size=\"13\">\n<rect width=\"100%\" "
               "height=\"100%\" "
               "fill=\"white\"/>\n";
        for (double score = low; score <= high + 1e-9; score += 0.1) {
            const std::string at = number("%.1f", y(score));
            out << "<path d=\"M" << left << ' ' << at << 'H' << width - right
                << "\" stroke=\"#ddd\"/><text x=\"" << left - 8 << "\" y=\""
                << number("%.1f", y(score) + 4) << "\" text-anchor=\"end\">"
                << number("%.1f", score) << "</text>\n";
        }
        for (double tokens = 0.0; tokens <= most_tokens; tokens += 1e6) {
            out << "<text x=\"" << number("%.1f", x(tokens)) << "\" y=\"" << height - bottom + 18
                << "\" text-anchor=\"middle\">" << number("%.0f", tokens / 1e6) << "</text>\n";
        }
        out << "<text x=\"" << width / 2 << "\" y=\"" << height - 10
            << "\" text-anchor=\"middle\">million tokens seen</text>\n<text "
               "transform=\"translate(16 "
            << height / 2
            << ") rotate(-90)\" text-anchor=\"middle\">nats per byte, held-out stories</text>\n";
        for (std::size_t i = 0; i < curves.size(); ++i) {
            const char* colour = colours[i % colours.size()];
            out << "<polyline fill=\"none\" stroke-width=\"2\" stroke=\"" << colour
                << "\" points=\"";
            for (const Point& p : curves[i]) {
                out << number("%.1f", x(p.tokens)) << ',' << number("%.1f", y(p.score)) << ' ';
            }
            out << "\"/>\n<text x=\"" << width - right - 10 << "\" y=\""
                << top + 18 + 18 * static_cast<double>(i) << "\" text-anchor=\"end\" fill=\""
                << colour << "\">" << runs[i].first << ' ' << number("%.3f", curves[i].back().score)
                << "</text>\n";
        }
        out << "</svg>\n";
    });
}

} // namespace bitnet::train
