// SPDX-License-Identifier: MIT
// The Markdown tables of docs/performance.md, from the rows.json of bench_kernels.
//
//   bench_tables rows.json            prints all of them
//   bench_tables rows.json paper.md   puts each where the paper has its markers:
//                                     <!-- table: kernels --> … <!-- end of table -->
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "markdown_table.hpp"
#include "rows_file.hpp"

namespace {

using bench::Json;
using bench::number;
using bench::percent;
using bench::Rows;
using bench::speed;
using bench::Table;
using bench::text;

/// One kind of call: where its row is found, in this order.
struct Operation {
    const char* heading;
    std::vector<std::string> names; // after the kernel's
    std::size_t tokens;

    const Json* find(const Rows& rows, const std::string& kernel, const std::string& cluster,
                     std::size_t threads = 1) const {
        const Json* found = nullptr;
        for (const std::string& name : names) {
            if (!found) found = rows.find(kernel + name, cluster, tokens, threads);
        }
        return found;
    }
};

/// Layers have the first shape, output heads the second.
const Operation gemv_cold{"GEMV cold", {"/gemv/cold/6912x2560", "/gemv/cold/128256x2560"}, 1};
const Operation gemv_hot{"GEMV hot", {"/gemv/hot/2560x2560", "/gemv/hot/2560x640"}, 1};
const Operation gemm{"GEMM", {"/gemm/hot/6912x2560", "/gemm/hot/2560x2560"}, 512};

/// kernel, cluster, and a cell an operation; a last one over all operations, where it has a
/// heading.
template <class Cell, class Last>
Table by_operation(const Rows& rows, std::size_t threads, const std::vector<Operation>& operations,
                   Cell&& cell, const std::string& last_heading, Last&& last) {
    Table table;
    std::vector<std::string> heading{"kernel", "cluster"};
    for (const Operation& o : operations) heading.push_back(o.heading);
    if (!last_heading.empty()) heading.push_back(last_heading);
    table.row(heading);
    for (const std::string& kernel : rows.kernels()) {
        for (const std::string& cluster : rows.clusters()) {
            std::vector<std::string> cells{kernel, cluster};
            std::vector<const Json*> found;
            for (const Operation& o : operations) {
                const Json* row = o.find(rows, kernel, cluster, threads);
                if (row) found.push_back(row);
                cells.push_back(row ? cell(*row) : "");
            }
            if (!last_heading.empty() && !found.empty()) cells.push_back(last(found));
            if (!found.empty()) table.row(cells);
        }
    }
    return table;
}

std::string run(const Rows& rows) {
    std::vector<double> spreads, clocks;
    std::size_t runs = 0;
    for (const Json& row : rows.all()) {
        runs = std::max(runs, row.at("runs").get<std::size_t>());
        clocks.push_back(number(row, "gigahertz"));
        if (row.at("name").get<std::string>().rfind("limit/", 0) == 0) continue;
        spreads.push_back(number(row, "spread_percent"));
    }
    std::sort(spreads.begin(), spreads.end());
    std::sort(clocks.begin(), clocks.end());
    const auto at = [](const std::vector<double>& sorted, double share) {
        return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
    };
    std::ostringstream out;
    out << "CPU: " << rows.file().at("cpu").get<std::string>() << ", "
        << text("%.2f", at(clocks, 0.1)) << " – " << text("%.2f", at(clocks, 0.9))
        << " GHz while it ran. Compiler: " << rows.file().at("compiler").get<std::string>()
        << ". Runs of every row: " << runs << ". Rows: " << rows.all().size()
        << ". Spread, (third quartile − first quartile) / median: half of the rows at most "
        << text("%.1f", at(spreads, 0.5)) << " %, nine of ten at most "
        << text("%.1f", at(spreads, 0.9)) << " %.\n";
    return out.str();
}

std::string limits(const Rows& rows) {
    Table table;
    std::vector<std::string> heading{"limit", "pages", "threads"};
    for (const std::string& c : rows.clusters()) heading.push_back(c);
    table.row(heading);
    for (const std::size_t threads : {1u, 2u}) {
        for (const std::string& name : rows.names()) {
            if (name.rfind("limit/", 0) != 0) continue;
            const bool cold = name.find("/cold") != std::string::npos;
            for (const std::string& pages : cold ? rows.pages() : std::vector<std::string>{""}) {
                std::vector<std::string> cells{name.substr(6), pages, std::to_string(threads)};
                bool any = false;
                for (const std::string& cluster : rows.clusters()) {
                    const Json* row = rows.find(name, cluster, 0, threads, pages);
                    any = any || row;
                    std::string cell;
                    if (row)
                        cell = text("%.0f ", number(*row, "limit_value")) +
                               row->at("limit_unit").get<std::string>();
                    const double products = row ? number(*row, "products_per_cycle") : 0;
                    if (products > 0) cell += text(", %.0f a cycle", products);
                    cells.push_back(cell);
                }
                if (any) table.row(cells);
            }
        }
    }
    return table.markdown();
}

std::string kernels(const Rows& rows) {
    return by_operation(rows, 1, {gemv_cold, gemv_hot, gemm}, speed, "spread",
                        [](const std::vector<const Json*>& found) {
                            double most = 0;
                            for (const Json* row : found)
                                most = std::max(most, number(*row, "spread_percent"));
                            return text("%.1f %%", most);
                        })
        .markdown();
}

std::string cycles(const Rows& rows) {
    return by_operation(
               rows, 1, {gemv_cold, gemv_hot, gemm},
               [](const Json& row) { return text("%.1f", number(row, "products_per_cycle")); }, "",
               [](const auto&) { return ""; })
        .markdown();
}

std::string threads(const Rows& rows) {
    const auto cell = [&](const Json& row) {
        const Json* one = rows.find(row.at("name"), row.at("cluster"), row.at("tokens"));
        std::string both = speed(row);
        if (one) both += text(", × %.2f", number(row, "gops") / number(*one, "gops"));
        return both;
    };
    return by_operation(rows, 2, {gemv_cold, gemm}, cell, "", [](const auto&) { return ""; })
        .markdown();
}

std::string cost(const Rows& rows) {
    constexpr std::size_t most = 16;
    Table table;
    std::vector<std::string> heading{"kernel", "cluster", "µs of one token"};
    for (std::size_t n = 1; n <= most; ++n) heading.push_back(std::to_string(n));
    table.row(heading);
    for (const std::string& kernel : rows.kernels()) {
        for (const std::string& cluster : rows.clusters()) {
            const Json* one = rows.find(kernel + "/gemv/hot/6912x2560", cluster, 1);
            if (!one || !rows.find(kernel + "/gemm/hot/6912x2560", cluster, 2)) continue;
            std::vector<std::string> cells{kernel, cluster,
                                           text("%.1f", number(*one, "microseconds")), "1"};
            for (std::size_t n = 2; n <= most; ++n) {
                const Json* row = rows.find(kernel + "/gemm/hot/6912x2560", cluster, n);
                cells.push_back(
                    row ? text("%.1f", number(*row, "microseconds") / number(*one, "microseconds"))
                        : "");
            }
            table.row(cells);
        }
    }
    return table.markdown();
}

/// GEMM whose weights come from memory, over the number of tokens.
std::string cold(const Rows& rows) {
    Table table;
    table.row({"kernel", "cluster", "threads", "8", "16", "64", "512"});
    for (const std::string& kernel : rows.kernels()) {
        for (const std::string& cluster : rows.clusters()) {
            for (const std::size_t threads : {1u, 2u}) {
                std::vector<std::string> cells{kernel, cluster, std::to_string(threads)};
                bool any = false;
                for (const std::size_t tokens : {8u, 16u, 64u, 512u}) {
                    const Json* row =
                        rows.find(kernel + "/gemm/cold/6912x2560", cluster, tokens, threads);
                    any = any || row;
                    cells.push_back(row ? speed(*row) : "");
                }
                if (any) table.row(cells);
            }
        }
    }
    return table.markdown();
}

std::string layer(const Rows& rows) {
    Table table;
    table.row({"layer", "cluster", "threads", "tokens", "µs", "GOP/s", "of the sum of its parts",
               "pages", "spread"});
    for (const std::string& name : rows.names()) {
        if (name.rfind("layer/", 0) != 0) continue;
        for (const std::string& cluster : rows.clusters()) {
            for (const std::size_t threads : {1u, 2u}) {
                for (const std::size_t tokens : {1u, 8u, 64u, 512u}) {
                    const Json* row = rows.find(name, cluster, tokens, threads);
                    if (!row) continue;
                    table.row({name.substr(6, name.find('/', 6) - 6), cluster,
                               std::to_string(threads), std::to_string(tokens),
                               text("%.0f", number(*row, "microseconds")),
                               text("%.0f", number(*row, "gops")),
                               text("%.0f %%", number(*row, "percent_of_limit")), row->at("pages"),
                               text("%.1f %%", number(*row, "spread_percent"))});
                }
            }
        }
    }
    return table.markdown();
}

/// A few cold rows of the best cluster in pages of each size.
std::string pages(const Rows& rows) {
    struct Few {
        const char* name;
        std::size_t tokens;
    };
    constexpr Few few[] = {{"limit/read/cold", 0},
                           {"w158a8/gemv/cold/6912x2560", 1},
                           {"w158a8dense/gemv/cold/6912x2560", 1},
                           {"w1a8/gemv/cold/6912x2560", 1},
                           {"w158a8/gemm/cold/6912x2560", 8},
                           {"w158a8/gemm/cold/6912x2560", 512},
                           {"layer/w158a8/cold/2b4t", 1},
                           {"layer/w158a8/cold/2b4t", 512},
                           {"layer/w158a8dense/cold/2b4t", 1},
                           {"layer/w158a8dense/cold/2b4t", 512},
                           {"screened/top1/cold/128256x2560", 1}};
    Table table;
    std::vector<std::string> heading{"row", "tokens", "threads"};
    for (const std::string& size : rows.pages()) heading.push_back(size);
    heading.push_back("ratio");
    table.row(heading);
    for (const auto& [name, tokens] : few) {
        for (const std::size_t threads : {1u, 2u}) {
            if (rows.clusters().empty()) continue;
            std::vector<std::string> cells{name, tokens ? std::to_string(tokens) : "",
                                           std::to_string(threads)};
            std::vector<const Json*> found;
            for (const std::string& size : rows.pages()) {
                const Json* row = rows.find(name, rows.clusters().front(), tokens, threads, size);
                if (row) found.push_back(row);
                const bool moves = row && number(*row, "gops") == 0;
                cells.push_back(!row    ? ""
                                : moves ? text("%.1f GB/s", number(*row, "gbps"))
                                        : text("%.0f GOP/s", number(*row, "gops")));
            }
            if (found.empty()) continue;
            cells.push_back(found.size() == 1
                                ? ""
                                : text("× %.2f", number(*found.front(), "microseconds") /
                                                     number(*found.back(), "microseconds")));
            table.row(cells);
        }
    }
    return table.markdown();
}

std::string heads(const Rows& rows) {
    Table table;
    table.row({"head", "cluster", "threads", "GOP/s", "of its limit", "ms a token", "spread"});
    for (const std::string& name : rows.names()) {
        if (name.find("/cold/128256x2560") == std::string::npos) continue;
        for (const std::string& cluster : rows.clusters()) {
            for (const std::size_t threads : {1u, 2u}) {
                const Json* row = rows.find(name, cluster, 1, threads);
                if (!row) continue;
                table.row({name.substr(0, name.find("/cold")), cluster, std::to_string(threads),
                           text("%.0f", number(*row, "gops")), percent(*row),
                           text("%.2f", number(*row, "microseconds") / 1000),
                           text("%.1f %%", number(*row, "spread_percent"))});
            }
        }
    }
    return table.markdown();
}

std::string functions(const Rows& rows) {
    Table table;
    std::vector<std::string> heading{"row"};
    for (const std::string& c : rows.clusters()) heading.push_back(c + ", µs");
    table.row(heading);
    for (const std::string& name : rows.names()) {
        if (name.rfind("limit/", 0) == 0 || name.find("/hot/") == std::string::npos ||
            name.find("/gem") != std::string::npos) {
            continue;
        }
        std::vector<std::string> cells{name};
        for (const std::string& cluster : rows.clusters()) {
            std::string cell;
            for (const Json& row : rows.all()) {
                if (row.at("name") != name) continue;
                const bool any = row.at("cluster") == "any" && cluster == rows.clusters().front();
                if (row.at("cluster") != cluster && !any) continue;
                cell = text("%.2f, ", number(row, "microseconds")) + percent(row);
            }
            cells.push_back(cell);
        }
        table.row(cells);
    }
    return table.markdown();
}

struct Block {
    const char* name;
    std::string (*make)(const Rows&);
};
constexpr Block blocks[] = {{"run", run},         {"limits", limits},      {"pages", pages},
                            {"kernels", kernels}, {"cycles", cycles},      {"cost", cost},
                            {"cold", cold},       {"layer", layer},        {"threads", threads},
                            {"heads", heads},     {"functions", functions}};

const std::string begin_marker = "<!-- table: ", end_marker = "<!-- end of table -->";

std::string with_markers(const Block& block, const Rows& rows) {
    return begin_marker + block.name + " -->\n\n" + block.make(rows) + '\n' + end_marker;
}

/// The paper with its tables made anew.
std::string spliced(const std::string& paper, const Rows& rows) {
    std::string out;
    std::size_t at = 0;
    for (;;) {
        const std::size_t begin = paper.find(begin_marker, at);
        if (begin == std::string::npos) break;
        const std::size_t name = begin + begin_marker.size(), name_end = paper.find(" -->", name);
        const std::string wanted = paper.substr(name, name_end - name);
        const auto* block = std::find_if(std::begin(blocks), std::end(blocks),
                                         [&](const Block& b) { return b.name == wanted; });
        if (block == std::end(blocks)) throw std::runtime_error("no table is called " + wanted);
        const std::size_t end = paper.find(end_marker, name);
        if (end > paper.find(begin_marker, name) || end == std::string::npos) {
            throw std::runtime_error("the table " + wanted + " has no end");
        }
        out += paper.substr(at, begin - at) + with_markers(*block, rows);
        at = end + end_marker.size();
    }
    if (at == 0) throw std::runtime_error("it has no marker of a table");
    return out + paper.substr(at);
}

std::string content(const char* path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("cannot be read");
    return {std::istreambuf_iterator<char>(file), {}};
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 2 && argc != 3) {
        std::fprintf(stderr, "usage: bench_tables rows.json [paper.md]\n");
        return 2;
    }
    const char* path = argv[1];
    try {
        const Json file = Json::parse(content(path));
        const Rows rows(file);
        if (argc == 2) {
            for (const Block& block : blocks) std::cout << with_markers(block, rows) << "\n\n";
            return std::cout.flush() ? 0 : 1;
        }
        path = argv[2];
        const std::string paper = spliced(content(path), rows);
        std::ofstream out(path, std::ios::binary);
        if (!(out << paper << std::flush)) throw std::runtime_error("cannot be written");
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_tables: %s: %s\n", path, error.what());
        return 1;
    }
}
