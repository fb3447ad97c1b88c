// SPDX-License-Identifier: MIT
// What runs between the products, on one token and on 16, whose data fit the L2 cache. The oracle
// is the scalar cluster, to the bit; the limit is a copy of as many floats.
#include <cmath>
#include <cstring>
#include <functional>
#include <random>

#include <bitnet/dispatch.hpp>

#include "measure.hpp"
#include "rows.hpp"

namespace bench {
namespace {

using bitnet::Matrix;
using bitnet::dispatch::Table;

/// Operands of one row, tokens × cols; every function reads x (and w) and writes out.
struct Operands {
    std::size_t tokens, cols;
    std::vector<float> x, w, out, cosines, sines;
    bitnet::AlignedBytes packed; // so that equal results are equal bytes

    Operands(std::size_t tokens_, std::size_t cols_)
        : tokens(tokens_), cols(cols_), x(tokens * cols), w(tokens * cols), out(tokens * cols),
          packed(bitnet::scratch_bytes<bitnet::Int8Groups<32>>(tokens, cols)) {
        std::mt19937 numbers(1);
        for (auto* values : {&x, &w}) {
            for (float& v : *values) v = static_cast<float>(numbers() % 2000) / 500.0f - 2.0f;
        }
        for (std::size_t i = 0; i < head_dim / 2; ++i) {
            cosines.push_back(std::cos(static_cast<float>(i)));
            sines.push_back(std::sin(static_cast<float>(i)));
        }
        clear();
    }
    static constexpr std::size_t head_dim = 128;
    Matrix<const float> in() const { return {x.data(), tokens, cols}; }
    Matrix<float> y() { return {out.data(), tokens, cols}; }
    void clear() {
        std::memset(packed.data(), 0, packed.size());
        out = x; // rope works in place
    }
};

struct Function {
    const char* name;
    double bytes_per_value; // read and written, once each
    std::function<void(const Table&, Operands&)> run;
};

template <class Activations>
void quantize(const Table& table, Operands& o) {
    const std::span memory(reinterpret_cast<std::byte*>(o.packed.data()), o.packed.size());
    const auto q = bitnet::detail::place<Activations>(memory, o.tokens, o.cols, 0);
    table.get<bitnet::functions::Quantize<Activations>>()(o.in(), q, 0, o.tokens);
}

const std::vector<Function>& functions() {
    static const std::vector<Function> list{
        {"quantize/int8", 5, quantize<bitnet::Int8>},
        {"quantize/int8g32", 5.125, quantize<bitnet::Int8Groups<32>>},
        {"quantize/int8g128", 5.03125, quantize<bitnet::Int8Groups<128>>},
        {"quantize/sign", 4.125, quantize<bitnet::Sign>},
        {"quantize/signnorm", 4.125, quantize<bitnet::SignNorm>},
        {"rms_norm", 8,
         [](const Table& t, Operands& o) {
             t.get<bitnet::functions::RmsNorm>()(o.in(), o.w.data(), 1e-5f, o.y());
         }},
        {"squared_relu_gate", 12,
         [](const Table& t, Operands& o) {
             t.get<bitnet::functions::SquaredReluGate>()(o.x.data(), o.w.data(), o.out.data(),
                                                         o.x.size());
         }},
        {"silu_gate", 12,
         [](const Table& t, Operands& o) {
             t.get<bitnet::functions::SiluGate>()(o.x.data(), o.w.data(), o.out.data(), o.x.size());
         }},
        {"softmax", 16, // with the copy, since it works in place and its output is no input
         [](const Table& t, Operands& o) {
             std::copy(o.x.begin(), o.x.end(), o.out.begin());
             for (std::size_t row = 0; row < o.tokens; ++row)
                 t.get<bitnet::functions::Softmax>()(o.y().row(row), o.cols);
         }},
        {"hadamard512", 8,
         [](const Table& t, Operands& o) {
             t.get<bitnet::functions::Hadamard>()(o.in(), 512, o.w.data(), nullptr, o.y());
         }},
        {"rope", 8, [](const Table& t, Operands& o) {
             for (std::size_t row = 0; row < o.tokens; ++row) {
                 t.get<bitnet::functions::Rope>()(o.y().row(row), o.cols / o.head_dim,
                                                  o.cosines.data(), o.sines.data(), o.head_dim / 2);
             }
         }}};
    return list;
}

void run(Row& row, const Table& table, const Function& function, double seconds_a_row) {
    Operands expected(row.tokens, row.cols), o(row.tokens, row.cols);
    for (auto& [cluster, operands] :
         {std::pair<const Table&, Operands&>{*bitnet::dispatch::find("scalar"), expected},
          {table, o}}) {
        operands.clear();
        function.run(cluster, operands);
    }
    row.verified = std::memcmp(o.out.data(), expected.out.data(), o.out.size() * 4) == 0 &&
                   std::memcmp(o.packed.data(), expected.packed.data(), o.packed.size()) == 0;
    const std::size_t values = row.tokens * row.cols;
    const double copy = measured_copy(o.x.data(), expected.out.data(), values, 100, 1);
    row.seconds = sample_seconds(seconds_a_row, [&] { function.run(table, o); });
    row.bytes = function.bytes_per_value * static_cast<double>(values);
    row.limits = {{"copy", "GB/s", copy}};
}

/// Attention of a token whose 4 heads share keys: y = a b^T, a (tokens, cols), b (rows, cols).
void run_dots(Row& row, const Contender& contender, double seconds_a_row) {
    const Table& table = *contender.kernels;
    const Limits& limits = *contender.limits;
    const Operands a(row.tokens, row.cols), b(row.rows, row.cols);
    std::vector<float> y(row.tokens * row.rows), expected = y;
    bitnet::dispatch::find("scalar")->get<bitnet::functions::Dots>()(
        a.in(), b.in(), {expected.data(), row.tokens, row.rows});
    const auto multiply = [&] {
        table.get<bitnet::functions::Dots>()(a.in(), b.in(), {y.data(), row.tokens, row.rows});
    };
    multiply();
    row.verified = std::memcmp(y.data(), expected.data(), y.size() * sizeof(float)) == 0;
    const double port = measured_ops(limits.multiply_add, 1);
    row.seconds = sample_seconds(seconds_a_row, multiply);
    row.operations = 2.0 * static_cast<double>(row.tokens * row.rows * row.cols);
    row.limits = {{limits.multiply_add.name, "GOP/s", port}};
}

void add_dots_rows(Report& report) {
    for (const auto& [rows, cols] : {std::pair<std::size_t, std::size_t>{512, 128}, {128, 512}}) {
        Row row;
        row.name = "dots/hot/" + std::to_string(rows) + "x" + std::to_string(cols);
        row.rows = rows;
        row.cols = cols;
        row.tokens = 4;
        row.part = Part::main;
        for (const Contender& contender : contenders(report.clusters())) {
            row.cluster = contender.kernels->name;
            report.add(row, [=, seconds = report.seconds_a_row()](Row& measured) {
                run_dots(measured, contender, seconds);
            });
        }
    }
}

} // namespace

void add_float_rows(Report& report) {
    add_dots_rows(report);
    for (const Function& function : functions()) {
        for (const std::size_t tokens : {1u, 16u}) {
            Row row;
            row.name = std::string(function.name) + "/hot/" + std::to_string(tokens) + "x2560";
            row.cols = 2560;
            row.tokens = tokens;
            row.part = Part::main;
            for (const Contender& contender : contenders(report.clusters())) {
                row.cluster = contender.kernels->name;
                report.add(row, [=, &function, seconds = report.seconds_a_row()](Row& measured) {
                    run(measured, *contender.kernels, function, seconds);
                });
            }
        }
    }
}

} // namespace bench
