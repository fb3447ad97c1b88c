// SPDX-License-Identifier: MIT
// Draws each layout from its own mapping: which byte and bit hold which row and column is found by
// storing every code everywhere and looking at what changed.
//
//   draw_layouts <folder>            writes <folder>/<layout>.svg
//   draw_layouts --check <folder>    fails where such a file differs from what it would write
#include <bitnet/format.hpp>
#include <bitnet/layout.hpp>
#include <bitnet/type_list.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

using namespace bitnet;

constexpr std::size_t rows = 16; // what is drawn of a matrix: one step of 16 rows
constexpr std::size_t word = 4;  // bytes that a row has in a line

/// A layout of codes of one format, as probing finds it.
struct Probe {
    std::string format;
    unsigned bits = 0;                          // of a code
    bool fields = true;                         // whether each bit of row 0 is a bit of a code
    std::vector<std::size_t> row_of;            // of each byte
    std::vector<std::set<std::size_t>> cols_of; // of each byte
    std::vector<std::set<std::size_t>> row0;    // of each bit: the columns of row 0 in it
    std::vector<int> digit;                     // of each bit: which bit of the code, or -1
    std::vector<std::set<int>> ones;            // of each bit: the codes that set it
};

template <class Format, class Layout>
Probe probe() {
    using Map = typename Layout::template mapping<Format>;
    const Map map{rows, Map::step_cols};
    const std::size_t bytes = map.bytes();
    std::vector<std::uint8_t> empty(bytes);
    for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t c = 0; c < map.cols; ++c) map.store(empty.data(), r, c, Format::pad);
    }
    Probe p;
    p.format = Format::name;
    p.bits = Format::bits;
    p.row_of.resize(bytes);
    p.cols_of.resize(bytes);
    p.row0.resize(bytes * 8);
    p.digit.assign(bytes * 8, -1);
    p.ones.resize(bytes * 8);
    for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t c = 0; c < map.cols; ++c) {
            std::vector<std::vector<std::uint8_t>> stored;
            std::vector<std::uint8_t> changed(bytes);
            for (std::size_t i = 0; i < Format::count; ++i) {
                stored.push_back(empty);
                map.store(stored.back().data(), r, c, Format::encode(Format::code(i)));
                for (std::size_t b = 0; b < bytes; ++b)
                    changed[b] = static_cast<std::uint8_t>(changed[b] | (stored[i][b] ^ empty[b]));
            }
            for (std::size_t at = 0; at < bytes * 8; ++at) {
                if ((changed[at / 8] >> at % 8 & 1) == 0) continue;
                p.row_of[at / 8] = r;
                p.cols_of[at / 8].insert(c);
                if (r != 0) continue;
                p.row0[at].insert(c);
                unsigned same = ~0u; // bits of the code that this bit equals, whatever the code
                for (std::size_t i = 0; i < Format::count; ++i) {
                    const bool on = stored[i][at / 8] >> at % 8 & 1;
                    const unsigned u = Format::encode(Format::code(i));
                    same &= on ? u : ~u;
                    if (on) p.ones[at].insert(Format::code(i));
                }
                for (unsigned b = Format::bits; b-- > 0;) {
                    if (same >> b & 1) p.digit[at] = static_cast<int>(b);
                }
                p.fields &= p.digit[at] >= 0;
            }
        }
    }
    return p;
}

class Drawing {
public:
    explicit Drawing(const std::string& title) { text(left_edge, 30, title, "title"); }

    void draw(const std::vector<Probe>& probes) {
        const auto ternary =
            std::find_if(probes.begin(), probes.end(), [](const Probe& p) { return p.bits == 2; });
        strips(ternary == probes.end() ? probes.front() : *ternary);
        for (const Probe& p : probes) words(p);
    }
    std::string svg() const;

private:
    static constexpr std::size_t left_edge = 20, left = 116, bit = 23;
    static constexpr std::size_t byte = 8 * bit, width = 12 * layout::line_bytes;

    void text(std::size_t x, std::size_t y, const std::string& s, const char* kind) {
        body_ << "<text class=\"" << kind << "\" x=\"" << x << "\" y=\"" << y << "\">" << s
              << "</text>\n";
    }
    void box(std::size_t x, std::size_t y, std::size_t wide, std::size_t high,
             const std::string& kind) {
        body_ << "<rect class=\"" << kind << "\" x=\"" << x << "\" y=\"" << y << "\" width=\""
              << wide << "\" height=\"" << high << "\"/>\n";
    }
    static std::string colour(std::size_t col) { return "c" + std::to_string(col / 4 % 8); }
    static std::string range(const std::set<std::size_t>& cols) {
        std::string s; // "0 - 3, 12 - 15"
        for (auto i = cols.begin(); i != cols.end();) {
            const std::size_t first = *i;
            std::size_t last = first;
            while (++i != cols.end() && *i == last + 1) last = *i;
            s += (s.empty() ? "" : ", ") + std::to_string(first) + " – " + std::to_string(last);
        }
        return s;
    }

    /// All bytes of the step, 64 to a strip: whose row they are.
    void strips(const Probe& p) {
        text(left_edge, y_ + 4,
             "the first " + std::to_string(p.row_of.size()) + " bytes of " + p.format + " weights",
             "part");
        y_ += 18;
        constexpr std::size_t line = layout::line_bytes, step = width / line;
        for (std::size_t at = 0; at < p.row_of.size(); at += line) {
            std::set<std::size_t> cols;
            for (std::size_t b = at; b < at + line; ++b) {
                cols.insert(p.cols_of[b].begin(), p.cols_of[b].end());
            }
            text(left - 10, y_ + 20, "byte " + std::to_string(at), "label end");
            for (std::size_t b = at, end = b; b < at + line; b = end) {
                while (end < at + line && p.row_of[end] == p.row_of[b]) ++end;
                const std::size_t x = left + (b - at) * step, wide = (end - b) * step;
                box(x, y_, wide, 30, p.row_of[b] == 0 ? "row first" : "row");
                text(x + wide / 2, y_ + 20, (b == at ? "row " : "") + std::to_string(p.row_of[b]),
                     "number");
            }
            text(left + width, y_ + 44, "columns " + range(cols), "small end");
            y_ += 52;
        }
        text(left_edge, y_ + 14, "row 0: the numbers are columns", "part");
        y_ += 26;
    }

    /// Row 0's first four bytes, and those that hold more of the same columns.
    void words(const Probe& p) {
        std::set<std::size_t> begun;
        bool first = true;
        for (std::size_t at = 0; at < p.row_of.size(); at += word) {
            if (p.row_of[at] != 0) continue;
            const auto& cols = p.cols_of[at];
            const bool more = std::any_of(cols.begin(), cols.end(),
                                          [&](std::size_t c) { return begun.count(c) != 0; });
            if (!first && !more) continue;
            std::string heading;
            for (std::size_t b = at; b < at + word; ++b) {
                begun.insert(p.cols_of[b].begin(), p.cols_of[b].end());
                heading += std::to_string(b) + (plain(p, b) ? "bits" : "number");
            }
            if (heading != heading_) { // not again over each format
                for (std::size_t b = at; b < at + word; ++b) {
                    text(x_of(b), y_ + 12, "byte " + std::to_string(b), "small");
                    text(x_of(b) + byte, y_ + 12, plain(p, b) ? "bit 0 … 7" : "one number",
                         "small end");
                }
                heading_ = heading;
                y_ += 18;
            }
            const std::string said = meaning(p, at);
            text(left - 10, y_ + (said.empty() ? 24 : 16), p.format, "label end");
            if (!said.empty()) text(left - 10, y_ + 33, said, "small end");
            for (std::size_t b = at; b < at + word; ++b) {
                one_byte(p, b, x_of(b), y_);
            }
            y_ += 48;
            first = false;
        }
    }

    static std::size_t x_of(std::size_t b) { return left + b % word * (width - byte) / (word - 1); }

    /// Whether each bit of a byte belongs to one column.
    static bool plain(const Probe& p, std::size_t b) {
        return std::all_of(p.row0.begin() + static_cast<std::ptrdiff_t>(b * 8),
                           p.row0.begin() + static_cast<std::ptrdiff_t>(b * 8 + 8),
                           [](const auto& cols) { return cols.size() <= 1; });
    }
    /// Of bits that are no bits of the code: for which codes they are 1.
    static std::string meaning(const Probe& p, std::size_t b) {
        if (p.fields || !plain(p, b)) return "";
        std::string s;
        for (const int w : p.ones[b * 8]) {
            s += (s.empty() ? "1: w = " : ", ") +
                 std::string(w > 0   ? "+"
                             : w < 0 ? "−"
                                     : "") +
                 std::to_string(w < 0 ? -w : w);
        }
        return s;
    }

    void one_byte(const Probe& p, std::size_t b, std::size_t x, std::size_t y) {
        constexpr std::size_t height = 38;
        if (!plain(p, b)) { // digits of one number
            const auto& cols = p.cols_of[b];
            std::size_t i = 0;
            for (const std::size_t c : cols) {
                const std::size_t from = x + byte * i / cols.size();
                const std::size_t to = x + byte * ++i / cols.size();
                box(from, y, to - from, height, colour(c) + " digit");
                text((from + to) / 2, y + 24, std::to_string(c), "middle");
            }
            box(x, y, byte, height, "frame");
            return;
        }
        for (std::size_t i = 0, end = 0; i < 8; i = end) {
            const auto& cols = p.row0[b * 8 + i];
            while (end < 8 && p.row0[b * 8 + end] == cols) ++end;
            const std::size_t c = *cols.begin(), wide = (end - i) * bit;
            const bool part = p.fields && end - i < p.bits;
            box(x + i * bit, y, wide, height, colour(c));
            text(x + i * bit + wide / 2, y + (part ? 18 : 24), std::to_string(c), "middle");
            if (part) {
                text(x + i * bit + wide / 2, y + 32,
                     "bits " + std::to_string(p.digit[b * 8 + i]) + ", " +
                         std::to_string(p.digit[b * 8 + end - 1]),
                     "tiny middle");
            }
        }
    }

    std::size_t y_ = 56;
    std::string heading_;
    std::ostringstream body_;
};

std::string Drawing::svg() const {
    constexpr const char* light[] = {"#cfe2ff", "#ffe0b3", "#c9efcf", "#f3d0e6",
                                     "#fff2a8", "#c7ecee", "#e3d5f7", "#f2cfc8"};
    constexpr const char* dark[] = {"#1f4a7d", "#7a4a0c", "#235c33", "#74305c",
                                    "#665a10", "#1d5a60", "#4f3a7d", "#783529"};
    std::ostringstream s;
    const std::size_t all = left + width + left_edge, height = y_ + 10;
    s << "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" << all << "\" height=\"" << height
      << "\" viewBox=\"0 0 " << all << ' ' << height << "\">\n<style>\n"
      << "text { font: 14px sans-serif; fill: #1f2328 }\n"
         ".title { font-size: 19px; font-weight: bold } .part { font-weight: bold }\n"
         ".small { font-size: 12px; fill: #59636e } .tiny { font-size: 10px }\n"
         ".number { font-size: 12px; text-anchor: middle }\n"
         ".end { text-anchor: end } .middle { text-anchor: middle }\n"
         "rect { stroke: #59636e; stroke-width: 1 } .card { fill: #ffffff; stroke: #d1d9e0 }\n"
         ".row { fill: #f0f2f4 } .first { fill: #b9c2cc } .frame { fill: none; stroke-width: 2 }\n"
         ".digit { stroke-dasharray: 3 3 }\n";
    for (std::size_t i = 0; i < std::size(light); ++i)
        s << ".c" << i << " { fill: " << light[i] << " }\n";
    s << "@media (prefers-color-scheme: dark) {\n"
         "text { fill: #f0f6fc } .small { fill: #a5adb8 }\n"
         "rect { stroke: #9198a1 } .card { fill: #0d1117; stroke: #3d444d }\n"
         ".row { fill: #212830 } .first { fill: #515c68 }\n";
    for (std::size_t i = 0; i < std::size(dark); ++i)
        s << ".c" << i << " { fill: " << dark[i] << " }\n";
    s << "}\n</style>\n<rect class=\"card\" x=\"0\" y=\"0\" width=\"" << all << "\" height=\""
      << height << "\" rx=\"6\"/>\n"
      << body_.str() << "</svg>\n";
    return s.str();
}

template <class Layout>
std::string draw() {
    std::vector<Probe> probes;
    for_each_type(weight_formats{}, [&]<class Format>() {
        if constexpr (Layout::template holds<Format>) probes.push_back(probe<Format, Layout>());
    });
    Drawing drawing(Layout::name);
    drawing.draw(probes);
    return drawing.svg();
}

bool write(const std::string& path, const std::string& svg) {
    std::ofstream file(path, std::ios::binary);
    file << svg;
    return static_cast<bool>(file.flush());
}
bool holds(const std::string& path, const std::string& svg) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {}) == svg;
}

} // namespace

int main(int count, char** arguments) {
    const bool check = count == 3 && std::string(arguments[1]) == "--check";
    if (count != 2 && !check) {
        std::fprintf(stderr, "usage: draw_layouts [--check] <folder>\n");
        return 2;
    }
    int wrong = 0;
    for_each_type(layouts{}, [&]<class Layout>() {
        const std::string path = std::string(arguments[count - 1]) + "/" + Layout::name + ".svg";
        if (check ? holds(path, draw<Layout>()) : write(path, draw<Layout>())) return;
        std::fprintf(stderr, check ? "%s is not what the mapping says\n" : "cannot write %s\n",
                     path.c_str());
        ++wrong;
    });
    return wrong != 0;
}
