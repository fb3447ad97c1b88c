// SPDX-License-Identifier: MIT
// The rows of a file rows.json.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "markdown_table.hpp"

namespace bench {

using Json = nlohmann::ordered_json;

/// All rows of a file.
class Rows {
public:
    explicit Rows(const Json& file) : file_(file), rows_(file.at("rows")) {
        for (const Json& row : rows_) {
            const std::string name = row.at("name"), cluster = row.at("cluster");
            add(names_, name);
            if (cluster != "any") add(clusters_, cluster);
            if (name.find("/gem") != std::string::npos)
                add(kernels_, name.substr(0, name.find('/')));
            const std::string pages = row.at("pages");
            if (!pages.empty()) add(pages_, pages);
        }
        std::reverse(clusters_.begin(), clusters_.end()); // the best first
    }

    /// The row in pages of this size; if there are several, and no size is asked for, the fastest.
    const Json* find(const std::string& name, const std::string& cluster, std::size_t tokens,
                     std::size_t threads = 1, const std::string& pages = "") const {
        const Json* found = nullptr;
        for (const Json& row : rows_) {
            if (row.at("name") != name || row.at("cluster") != cluster ||
                row.at("tokens") != tokens || row.at("threads") != threads ||
                (!pages.empty() && row.at("pages") != pages)) {
                continue;
            }
            if (!found || row.at("microseconds") < found->at("microseconds")) found = &row;
        }
        return found;
    }
    const Json& file() const { return file_; }
    const Json& all() const { return rows_; }
    const std::vector<std::string>& names() const { return names_; }
    const std::vector<std::string>& clusters() const { return clusters_; } // the best first
    const std::vector<std::string>& kernels() const { return kernels_; }
    const std::vector<std::string>& pages() const { return pages_; } // small ones first

private:
    static void add(std::vector<std::string>& list, const std::string& value) {
        if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
    }
    const Json& file_;
    const Json& rows_;
    std::vector<std::string> names_, clusters_, kernels_, pages_;
};

inline double number(const Json& row, const char* column) {
    return row.at(column).get<double>();
}

inline std::string percent(const Json& row) {
    return text("%.0f", number(row, "percent_of_limit")) + " % of " +
           row.at("limit").get<std::string>();
}

/// GOP/s, and how near to the limit that is.
inline std::string speed(const Json& row) {
    return text("%.0f, ", number(row, "gops")) + percent(row);
}

} // namespace bench
