// SPDX-License-Identifier: MIT
// Attention of one token over a long context: four query heads of 128 columns with the keys and
// values of one head, in floats and in codes, that no cache holds. The oracle is the scalar
// cluster, to the bit; the limit is a read of the keys and values.
#include <cstring>
#include <memory>
#include <random>
#include <type_traits>

#include <bitnet/coded_rows.hpp>
#include <bitnet/dispatch.hpp>

#include "measure.hpp"
#include "rows.hpp"

namespace bench {
namespace {

using bitnet::CodedRows;
using bitnet::Matrix;
using bitnet::dispatch::Table;

constexpr std::size_t queries = 4, head_dim = 128;

/// Floats in the place of codes.
struct FloatRows {
    static constexpr const char* name = "f32";
    static constexpr std::size_t row_bytes(std::size_t cols) { return 4 * cols; }
};

template <class Rows>
void dots(const Table& table, Matrix<float> a, const std::byte* b, std::size_t stride,
          Matrix<float> y) {
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(b);
    if constexpr (std::is_same_v<Rows, FloatRows>) {
        table.get<bitnet::functions::Dots>()(
            a, {reinterpret_cast<const float*>(b), y.cols, a.cols, stride / 4}, y);
    } else {
        table.get<bitnet::functions::Shorten>()(a);
        table.get<bitnet::functions::CodedDots<Rows>>()(a, {bytes, y.cols, a.cols, stride}, y);
    }
}

/// Keys (context, 128) and transposed values (128, context), one behind the other.
template <class Rows>
struct Problem {
    std::size_t context, key_bytes, value_bytes; ///< of a row; of values an odd number of lines
    std::vector<std::byte> rows;
    std::vector<float> q, scores, out;
    Copies<const std::byte*> copies;

    explicit Problem(std::size_t context_)
        : context(context_), key_bytes(Rows::row_bytes(head_dim)),
          value_bytes(((Rows::row_bytes(context) + 63) / 64 | 1) * 64),
          rows(context * key_bytes + head_dim * value_bytes), q(queries * head_dim),
          scores(queries * context), out(q.size()) {
        std::mt19937 numbers(1);
        for (float& v : q) v = static_cast<float>(numbers() % 2000) / 500.0f - 2.0f;
        // Any bytes are codes; halves keep to exponents below those of infinity, and floats to
        // those that are halves too.
        constexpr unsigned least = std::is_same_v<Rows, FloatRows> ? 0x38 : 0;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const auto byte = static_cast<unsigned>(numbers() % 0x100);
            rows[i] = static_cast<std::byte>(i % 2 == 0 ? byte : byte % (0x40 - least) + least);
        }
    }
    void attend(const Table& table, const std::byte* from) {
        const Matrix<float> s(scores.data(), queries, context);
        dots<Rows>(table, {q.data(), queries, head_dim}, from, key_bytes, s);
        for (std::size_t i = 0; i < queries; ++i) {
            table.get<bitnet::functions::Softmax>()(s.row(i), context);
        }
        dots<Rows>(table, s, from + context * key_bytes, value_bytes,
                   {out.data(), queries, head_dim});
    }
};

template <class Rows>
void run(Row& row, Problem<Rows>& problem, const Contender& contender, Pages pages,
         double seconds_a_row) {
    const Table& table = *contender.kernels;
    problem.attend(*bitnet::dispatch::find("scalar"), problem.rows.data());
    const std::vector<float> expected = problem.out;
    const std::size_t size = problem.rows.size();
    const auto& copies = problem.copies.in(pages, size, size, [&](std::span<std::byte> memory) {
        std::memcpy(memory.data(), problem.rows.data(), size);
        return memory.data();
    });
    std::size_t next = 0;
    const auto attend = [&] { problem.attend(table, copies[next++ % copies.size()]); };
    attend();
    row.verified =
        std::memcmp(problem.out.data(), expected.data(), expected.size() * sizeof(float)) == 0;
    const double read = measured_cold_read(*contender.limits, 1);
    row.seconds = sample_seconds(seconds_a_row, attend);
    row.bits_per_weight = 8.0 * static_cast<double>(problem.key_bytes) / head_dim;
    row.operations = 4.0 * static_cast<double>(queries * head_dim * problem.context);
    row.bytes = static_cast<double>(size);
    row.limits = {{"read/cold", "GB/s", read}};
}

} // namespace

void add_attention_rows(Report& report) {
    const auto add = [&]<class Rows>() {
        for (const std::size_t context : {1024u, 4096u, 16384u}) {
            const auto problem = std::make_shared<Problem<Rows>>(context);
            Row row;
            row.name = std::string("attention/") + Rows::name + "/cold/" + std::to_string(context) +
                       "x" + std::to_string(head_dim);
            row.rows = context;
            row.cols = head_dim;
            row.tokens = queries;
            row.part = Part::main;
            for (const Contender& contender : contenders(report.clusters())) {
                row.cluster = contender.kernels->name;
                for (const Pages pages : page_sizes()) {
                    row.pages = name_of(pages);
                    report.add(row, [=, seconds = report.seconds_a_row()](Row& measured) {
                        run(measured, *problem, contender, pages, seconds);
                    });
                }
            }
        }
    };
    add.operator()<FloatRows>();
    bitnet::for_each_type(bitnet::row_codes{}, add);
}

} // namespace bench
