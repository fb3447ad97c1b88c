// SPDX-License-Identifier: MIT
// The screened head: the k largest of 128256 logits, beside the plain heads of gemm_rows.cpp. The
// oracle is the int8 head of the same codes, sorted; the limit is a read of the first pass's bytes.
#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <random>

#include <bitnet/screened_head.hpp>

#include "measure.hpp"
#include "rows.hpp"

namespace bench {
namespace {

using bitnet::Int8;
using bitnet::Logit;
using bitnet::ScreenedHead;

constexpr std::size_t rows = 128256, cols = 2560; // the head of BitNet b1.58 2B4T

/// Codes and one token as models have them, about normal, and what the int8 head makes of them.
struct Problem {
    std::vector<std::byte> token, scratch;
    std::optional<ScreenedHead> head;
    Copies<ScreenedHead> copies;
    bitnet::Quantized<Int8> x;
    std::vector<Logit> expected;

    Problem() : token(bitnet::scratch_bytes<Int8>(1, cols)) {
        std::mt19937 numbers(1);
        const auto normal = [&](int most) { // the sum of four uniform numbers
            int sum = 0;
            for (int i = 0; i < 4; ++i) sum += static_cast<int>(numbers() % 57) - 28;
            return static_cast<std::int8_t>(std::clamp(sum, -most, most));
        };
        std::vector<std::int8_t> codes(rows * cols), q(cols);
        for (auto& w : codes) w = normal(ScreenedHead::max_code);
        for (auto& v : q) v = normal(127);
        std::vector<float> scales(rows);
        for (auto& s : scales) s = 0.9f + static_cast<float>(numbers() % 1024) / 5120.0f;
        x = bitnet::quantized_from_codes<Int8>(q, 1, cols, {}, token).value();

        for (std::uint32_t r = 0; r < rows; ++r) {
            std::int32_t dot = 0;
            for (std::size_t c = 0; c < cols; ++c) dot += codes[r * cols + c] * q[c];
            expected.push_back({r, static_cast<float>(dot) * scales[r]});
        }
        std::stable_sort(expected.begin(), expected.end(),
                         [](const Logit& a, const Logit& b) { return a.value > b.value; });

        head = ScreenedHead::from_codes(codes, rows, cols, scales, 1).value();
        scratch.resize(head->scratch_bytes());
    }

    const std::vector<ScreenedHead>& heads(Pages pages) {
        const std::span<const std::byte> bytes = head->bytes();
        return copies.in(pages, bytes.size(), bytes.size() / 2, [&](std::span<std::byte> memory) {
            std::memcpy(memory.data(), bytes.data(), bytes.size());
            return ScreenedHead::map_packed(memory).value();
        });
    }
};

void run(Row& row, Problem& problem, const Limits& limits, std::size_t k, Pages pages,
         double seconds_a_row) {
    const std::vector<ScreenedHead>& heads = problem.heads(pages);
    std::vector<Logit> best(k);
    std::size_t next = 0;
    const auto top = [&] {
        const ScreenedHead& head = heads[next++ % heads.size()];
        head.top<bitnet::isa::dynamic>(problem.x, best, problem.scratch, pool(row.threads));
    };
    top();
    row.verified = std::equal(
        best.begin(), best.end(), problem.expected.begin(),
        [](const Logit& a, const Logit& b) { return a.row == b.row && a.value == b.value; });
    const std::size_t bytes = rows * cols / 2; // of the first pass
    const double read = measured_cold_read(limits, row.threads);
    row.seconds = sample_seconds(seconds_a_row, top);
    row.bits_per_weight = 4;
    row.operations = 2.0 * static_cast<double>(rows * cols);
    row.bytes = static_cast<double>(bytes);
    row.limits = {{"read/cold", "GB/s", read}};
}

} // namespace

void add_head_rows(Report& report) {
    const auto problem = std::make_shared<std::unique_ptr<Problem>>(); // made by the first row
    const std::optional<Contender> best = chosen_contender(report.clusters());
    if (!best) return;
    for (const std::size_t k : {1u, 40u}) {
        for (const std::size_t threads : {1u, 2u}) {
            Row row;
            row.name = "screened/top" + std::to_string(k) + "/cold/" + std::to_string(rows) + "x" +
                       std::to_string(cols);
            row.cluster = best->kernels->name;
            row.rows = rows;
            row.cols = cols;
            row.tokens = 1;
            row.threads = threads;
            row.part = Part::main;
            for (const Pages pages : page_sizes()) {
                row.pages = name_of(pages);
                report.add(row, [=, seconds = report.seconds_a_row()](Row& measured) {
                    if (!*problem) *problem = std::make_unique<Problem>();
                    run(measured, **problem, *best->limits, k, pages, seconds);
                });
            }
        }
    }
}

} // namespace bench
