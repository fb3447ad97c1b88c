// SPDX-License-Identifier: MIT
// A table in Markdown.
#pragma once

#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

namespace bench {

inline std::string text(const char* format, double value) {
    char buffer[64];
    std::snprintf(buffer, sizeof buffer, format, value);
    return buffer;
}

/// A table that grows row by row; a row is a list of cells.
class Table {
public:
    void row(const std::vector<std::string>& cells) {
        line(cells);
        if (rows_++ == 0) line(std::vector<std::string>(cells.size(), "---"));
    }
    const std::string& markdown() const { return markdown_; }

private:
    void line(const std::vector<std::string>& cells) {
        markdown_ += '|';
        for (const std::string& cell : cells) {
            markdown_ += cell == "---" ? cell + '|' : (cell.empty() ? " |" : ' ' + cell + " |");
        }
        markdown_ += '\n';
    }
    std::string markdown_;
    std::size_t rows_ = 0;
};

} // namespace bench
