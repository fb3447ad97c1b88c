// SPDX-License-Identifier: MIT
// Products of packed weights with quantized tokens: every pair of formats on every cluster.
#include <memory>

#include <bitnet/dispatch.hpp>

#include "measure.hpp"
#include "problem.hpp"
#include "rows.hpp"

namespace bench {
namespace {

using bitnet::Binary;
using bitnet::Int2;
using bitnet::Int4;
using bitnet::Int8;
using bitnet::Sign;
using bitnet::Ternary;

struct Case {
    std::size_t rows, cols, tokens;
    bool cold = false;
    std::size_t threads = 1;
    Part part = Part::all;
};

// 2560×2560 (q, o), 640×2560 (k, v), 6912×2560 (gate, up) and 2560×6912 (down) are the projections
// of BitNet b1.58 2B4T; three shapes of larger models; odd ones.
std::vector<Case> cases() {
    std::vector<Case> list{
        {6912, 2560, 512, false, 1, Part::quick}, {6912, 2560, 1, true, 1, Part::quick},
        {2560, 2560, 1, false, 1, Part::quick},   {6912, 2560, 512, false, 2, Part::main},
        {6912, 2560, 1, true, 2, Part::main},
    };
    for (std::size_t tokens = 1; tokens <= 16; ++tokens) {
        list.push_back({6912, 2560, tokens, false, 1, Part::main});
    }
    for (const std::size_t tokens : {32u, 128u}) {
        list.push_back({6912, 2560, tokens, false, 1, Part::main});
    }
    constexpr std::size_t shapes[][2] = {{2560, 2560},  {640, 2560},  {2560, 6912}, {3200, 8640},
                                         {4096, 14336}, {3072, 9216}, {1, 2560},    {17, 2560},
                                         {1000, 100},   {1000, 2561}};
    for (const auto& [rows, cols] : shapes) {
        if (rows != 2560 || cols != 2560) list.push_back({rows, cols, 1}); // that one is above
        list.push_back({rows, cols, 1, true});
        list.push_back({rows, cols, 512});
    }
    return list;
}

// As in a prompt, where each product finds its weights in memory.
std::vector<Case> cold_gemm_cases(Part part) {
    std::vector<Case> list;
    for (const std::size_t tokens : {8u, 16u, 64u, 512u}) {
        for (const std::size_t threads : {1u, 2u}) {
            list.push_back({6912, 2560, tokens, true, threads, part});
        }
    }
    return list;
}

// The output head of BitNet b1.58 2B4T, and smaller ones.
std::vector<Case> head_cases() {
    return {{128256, 2560, 1, true, 1, Part::main},
            {128256, 2560, 1, true, 2, Part::main},
            {32000, 2560, 1, true},
            {2560, 640, 1, false, 1, Part::main},
            {640, 640, 1},
            {2560, 2560, 512, false, 1, Part::main}};
}

// Activations of 2 and 4 bits, and with groups: their kernels have all shapes under other names.
std::vector<Case> narrow_cases() {
    return {{6912, 2560, 1, true, 1, Part::main},
            {2560, 2560, 1, false, 1, Part::main},
            {6912, 2560, 1},
            {6912, 2560, 512, false, 1, Part::main}};
}

/// The operands of the row before: they serve the next one of the same shape, since the rows of all
/// clusters follow each other.
struct Kept {
    std::string name;
    std::shared_ptr<void> problem;
} kept;

template <class Weights, class Activations,
          class Layout = bitnet::preferred_layout<Weights, Activations>>
Problem<Weights, Activations, Layout>& problem_of(const std::string& row_name, const Case& c,
                                                  Groups group) {
    const std::string name = row_name + "/" + std::to_string(c.tokens);
    if (kept.name != name) {
        kept = {}; // both at once may not fit the memory
        kept = {name, std::make_shared<Problem<Weights, Activations, Layout>>(c.rows, c.cols,
                                                                              c.tokens, group)};
    }
    return *static_cast<Problem<Weights, Activations, Layout>*>(kept.problem.get());
}

/// The loop that bounds the kernel of a pair of formats.
template <class Weights, class Codes>
const Loop& loop_of(const Limits& limits) {
    constexpr bool masked_weights = std::is_same_v<Weights, Ternary>;
    if (std::is_same_v<Codes, Int8>) return limits.dot;
    if (std::is_same_v<Codes, Ternary> == masked_weights) {
        return masked_weights ? limits.popcount_ternary : limits.popcount;
    }
    return limits.popcount_masked;
}

template <class Weights, class Activations,
          class Layout = bitnet::preferred_layout<Weights, Activations>>
void run(Row& row, const Contender& contender, const Case& c, Groups group, Pages pages,
         double seconds_a_row) {
    using Codes = bitnet::codes_of<Activations>;
    auto& problem = problem_of<Weights, Activations, Layout>(row.name, c, group);
    const auto kernel =
        contender.kernels->get<bitnet::functions::Gemm<bitnet::Product<Weights, Codes, Layout>>>();
    const auto multiply = [&](const auto& view) {
        using bitnet::layout::tile_rows;
        const std::size_t tiles = bitnet::round_up(c.rows, tile_rows) / tile_rows;
        const auto& workers = pool(c.threads);
        bitnet::detail::for_ranges<bitnet::isa::native>(
            workers, tiles, bitnet::detail::most_ranges(workers),
            [&](std::size_t first, std::size_t last) {
                kernel(view.codes, problem.x(), view.scales, nullptr, problem.y(),
                       first * tile_rows, std::min(c.rows, last * tile_rows));
            });
    };
    using View = typename Problem<Weights, Activations, Layout>::View;
    const auto views = c.cold ? problem.copies(pages) : std::vector{View(problem.layer())};
    const auto is_right = [&](const auto& view) {
        problem.clear();
        multiply(view);
        return problem.verified();
    };
    row.verified = is_right(views.front()) && (views.size() == 1 || is_right(views.back()));

    const std::size_t bytes = problem.read().size();
    const Limits& limits = *contender.limits;
    const Loop& loop = loop_of<Weights, Codes>(limits);
    const double port = measured_ops(loop, c.threads);
    const double read = c.cold          ? measured_cold_read(limits, c.threads)
                        : c.tokens == 1 ? measured_hot_read(limits, problem.read(), c.threads)
                                        : 0;

    std::size_t next = 0;
    row.seconds = sample_seconds(seconds_a_row, [&] { multiply(views[next++ % views.size()]); });
    row.bits_per_weight = 8.0 * static_cast<double>(bytes) / static_cast<double>(c.rows * c.cols);
    row.operations = problem.ops();
    row.bytes = static_cast<double>(bytes);
    row.limits = {{loop.name, "GOP/s", port}};
    if (read > 0) row.limits.push_back({c.cold ? "read/cold" : "read/hot", "GB/s", read});
}

template <class Weights, class Activations,
          class Layout = bitnet::preferred_layout<Weights, Activations>>
void add(Report& report, const std::string& kernel, Groups group = {},
         const std::vector<Case>& list = cases()) {
    for (const Case& c : list) {
        if (!report.wants(c.part)) continue;
        Row row;
        row.name = kernel + (c.tokens == 1 ? "/gemv/" : "/gemm/") + (c.cold ? "cold/" : "hot/") +
                   std::to_string(c.rows) + "x" + std::to_string(c.cols);
        row.rows = c.rows;
        row.cols = c.cols;
        row.tokens = c.tokens;
        row.threads = c.threads;
        row.part = c.part;
        for (const Pages pages : c.cold ? page_sizes() : std::vector{Pages::small}) {
            if (c.cold) row.pages = name_of(pages);
            for (const Contender& contender : contenders(report.clusters())) {
                row.cluster = contender.kernels->name;
                report.add(row, [=, seconds = report.seconds_a_row()](Row& measured) {
                    run<Weights, Activations, Layout>(measured, contender, c, group, pages,
                                                      seconds);
                });
            }
        }
    }
}

} // namespace

void add_gemm_rows(Report& report) {
    using namespace bitnet;
    for_each_type(products{}, [&]<class P>() {
        using W = typename P::Weights;
        using C = typename P::Codes;
        using L = typename P::Layout;
        constexpr bool head = W::bits > 2;
        constexpr bool in_tables = !head && C::bits == 8;
        add<W, C, L>(report, P::name, {}, head ? head_cases() : cases());
        if (!head) {
            const Part part = in_tables ? Part::main : Part::all;
            add<W, C, L>(report, P::name, {}, cold_gemm_cases(part));
        }
        if constexpr (C::bits == 8) {
            add<W, C, L>(report, std::string(P::name) + "g128", {128},
                         head ? head_cases() : cases());
        }
    });
    // Groups as files have them, with scales that are halves; and such of activations too.
    for_each_type(bitnet::products{}, [&]<class P>() {
        using W = typename P::Weights;
        using L = typename P::Layout;
        if constexpr (W::bits <= 2 && std::is_same_v<typename P::Codes, Int8>) {
            for_each_type(type_list<Int8, Int8Groups<32>, Int8Groups<128>>{}, [&]<class A>() {
                const std::string token_group =
                    A::scale_group == 0 ? "" : "g" + std::to_string(A::scale_group);
                add<W, A, L>(report,
                             std::string("w") + W::digits + "g128f16a8" + token_group +
                                 L::kernel_suffix,
                             {128, true}, narrow_cases());
            });
        }
    });
    // Few bits of activation have the kernels of the codes that they are held in.
    for_each_type(type_list<Ternary, Binary>{}, [&]<class W>() {
        for_each_type(type_list<Int4, Int2>{}, [&]<class A>() {
            add<W, A>(report, std::string("w") + W::digits + "a" + std::to_string(A::bits), {},
                      narrow_cases());
        });
    });
}

} // namespace bench
