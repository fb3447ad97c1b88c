// SPDX-License-Identifier: MIT
// A ScreenedHead against the whole int8 head of the same codes, on more than 10,000 hidden states:
// the likeliest row and the 40 likeliest are the same, and so are their logits. One cluster
// suffices here; test_screened_head.cpp goes through all.
#include "model_file.hpp"
#include "sampler.hpp"
#include "transformer.hpp"

#include <bitnet/bitlinear.hpp>
#include <bitnet/random.hpp>
#include <bitnet/screened_head.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "support.hpp"
#include "tiny_model.hpp"

namespace {

using namespace bitnet;
using Isa = isa::dynamic;

/// The k largest of all logits, the largest first, of equal ones the smaller row.
std::vector<Logit> largest(std::span<const float> logits, std::size_t k) {
    std::vector<Logit> all(logits.size());
    for (std::uint32_t r = 0; r < all.size(); ++r) all[r] = {r, logits[r]};
    std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(k), all.end(),
                      [](const Logit& a, const Logit& b) {
                          return a.value != b.value ? a.value > b.value : a.row < b.row;
                      });
    all.resize(k);
    return all;
}

bool same(std::span<const Logit> a, std::span<const Logit> b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Logit& x, const Logit& y) {
        return x.row == y.row && x.value == y.value;
    });
}

/// A head of 4096 rows in both forms.
class Heads {
public:
    static constexpr std::size_t rows = 4096, cols = 256;
    static constexpr std::uint64_t seed = 11;

    Heads(const std::vector<std::int8_t>& codes, const std::vector<float>& scales)
        : full_(BitLinear<Int8, Int8>::from_codes(codes, rows, cols, scales).value()),
          screened_(ScreenedHead::from_codes(codes, rows, cols, scales, seed).value()),
          memory_(full_.scratch_bytes(1)), scratch_(screened_.scratch_bytes()), logits_(rows) {}

    /// Rows taken exactly for the 1 and the 40 largest.
    std::array<std::size_t, 2> check(const std::vector<float>& state) {
        const auto x = full_.quantize<Isa>(state, 1, memory_);
        full_.forward<Isa>(x, logits_);
        const std::vector<Logit> expected = largest(logits_, 40);
        std::array<std::size_t, 2> taken{};
        for (const std::size_t i : {0u, 1u}) {
            std::vector<Logit> best(i == 0 ? 1 : 40);
            taken[i] = screened_.top<Isa>(x, best, scratch_);
            REQUIRE(same(best, std::span(expected).first(best.size())));
        }
        ++states;
        return taken;
    }

    std::size_t states = 0;

private:
    BitLinear<Int8, Int8> full_;
    ScreenedHead screened_;
    std::vector<std::byte> memory_, scratch_;
    std::vector<float> logits_;
};

constexpr std::size_t rows = Heads::rows, cols = Heads::cols;

/// About normal: the sum of four uniform numbers, of deviation 1.
float normal(support::Random& random) {
    float sum = 0;
    for (int i = 0; i < 4; ++i) sum += random.real();
    return sum * 0.866f;
}
std::vector<float> random_state(support::Random& random) {
    std::vector<float> state(cols);
    for (float& v : state) v = normal(random);
    return state;
}
std::vector<std::int8_t> normal_codes(support::Random& random) {
    std::vector<std::int8_t> codes(rows * cols);
    for (auto& w : codes) w = static_cast<std::int8_t>(std::lround(normal(random) * 32.0f));
    return codes;
}
std::vector<float> row_scales(support::Random& random) {
    std::vector<float> scales(rows);
    for (float& s : scales) s = 0.01f + 0.002f * random.real();
    return scales;
}

} // namespace

TEST_CASE("4000 random states") {
    support::Random random(1);
    for (const bool uniform : {false, true}) {
        std::vector<std::int8_t> codes = normal_codes(random);
        for (auto& w : codes) {
            if (uniform) w = static_cast<std::int8_t>(static_cast<int>(random.below(225)) - 112);
        }
        Heads heads(codes, row_scales(random));
        std::array<std::size_t, 2> taken{};
        while (heads.states < 2000) {
            const auto once = heads.check(random_state(random));
            for (const std::size_t i : {0u, 1u}) taken[i] += once[i];
        }
        // The point of it all: few rows are looked at twice.
        const std::array<std::size_t, 2> percent = {taken[0] / 2000 * 100 / rows,
                                                    taken[1] / 2000 * 100 / rows};
        CAPTURE(uniform, percent[0], percent[1]);
        CHECK(percent[0] < 5);
        CHECK(percent[1] < 25);
    }
}

TEST_CASE("3500 adversarial states") {
    support::Random random(2);
    std::vector<std::int8_t> codes = normal_codes(random);
    std::vector<float> scales = row_scales(random);
    const auto row = [&](std::size_t r) {
        return codes.begin() + static_cast<std::ptrdiff_t>(r * cols);
    };

    SECTION("rows that are equal, or differ by one code, with random states") {
        for (std::size_t r = 0; r < rows; r += 4) {
            for (std::size_t i = 1; i < 4; ++i) {
                std::copy_n(row(r), cols, row(r + i));
                scales[r + i] = scales[r];
            }
            codes[(r + 2) * cols + random.below(cols)] = 0;
            codes[(r + 3) * cols + random.below(cols)] ^= 1;
        }
        Heads heads(codes, scales);
        while (heads.states < 1000) heads.check(random_state(random));
    }
    SECTION("half of the rows one and the same, or zero, or of negative scale") {
        for (std::size_t r = 0; r < rows; r += 2) {
            if (r % 4 == 0) {
                std::copy_n(row(0), cols, row(r));
                scales[r] = scales[0];
            } else if (r % 8 == 2) {
                std::fill_n(row(r), cols, std::int8_t{0});
            } else {
                scales[r] = r % 16 == 6 ? -scales[r] : -0.0f;
            }
        }
        Heads heads(codes, scales);
        while (heads.states < 500) heads.check(random_state(random));
    }
    SECTION("one huge value, alone and beside noise; all zero; all alike") {
        Heads heads(codes, scales);
        for (std::size_t c = 0; c < cols; ++c) {
            std::vector<float> state(cols, 0.0f);
            state[c] = c % 2 ? 1000.0f : -1000.0f;
            heads.check(state);
            for (float& v : state) v += 10.0f * normal(random);
            heads.check(state);
        }
        for (const float v : {0.0f, -0.0f, 1.0f, -1.0f, 1e-30f, 1e30f}) {
            heads.check(std::vector<float>(cols, v));
        }
    }
    SECTION("along a row of the head: one logit far above all others, or far below") {
        Heads heads(codes, scales);
        while (heads.states < 500) {
            std::vector<float> state(cols);
            const std::size_t r = random.below(rows);
            const float sign = heads.states % 2 ? 1.0f : -1.0f, noise = random.real();
            for (std::size_t c = 0; c < cols; ++c) {
                state[c] =
                    sign * static_cast<float>(codes[r * cols + c]) / 32.0f + noise * normal(random);
            }
            heads.check(state);
        }
    }
    SECTION("along the dither, both ways, with more and less noise") {
        Heads heads(codes, scales);
        while (heads.states < 1000) {
            std::vector<float> state(cols);
            const float size = random.real(), noise = random.real();
            for (std::uint32_t c = 0; c < cols; ++c) {
                const auto dither = static_cast<float>(random_bits(Heads::seed, c, 0, 0) >> 28);
                state[c] = size * (dither - 7.5f) + noise * normal(random);
            }
            heads.check(state);
        }
    }
}

namespace {

using namespace bitnet::example;

/// The bytes of a model, its embedding in one of the two forms of the same int8 codes.
AlignedBytes with_head(const ModelFile& file, TensorKind kind, std::size_t& size) {
    ModelWriter writer(file.config());
    for (const TensorInfo& tensor : file.tensors()) {
        const auto tensor_rows = static_cast<std::size_t>(tensor.rows);
        const auto tensor_cols = static_cast<std::size_t>(tensor.cols);
        if (tensor.name != "model.embed_tokens.weight") {
            writer.add(tensor.name, tensor.kind, tensor_rows, tensor_cols, file.bytes(tensor));
            continue;
        }
        const std::vector<float> values = file.floats(tensor);
        std::vector<std::int8_t> codes(values.size());
        std::vector<float> scales(tensor_rows);
        for (std::size_t r = 0; r < tensor_rows; ++r) {
            float most = 1e-30f;
            for (std::size_t c = 0; c < tensor_cols; ++c) {
                most = std::max(most, std::abs(values[r * tensor_cols + c]));
            }
            scales[r] = most / 112.0f;
            for (std::size_t c = 0; c < tensor_cols; ++c) {
                const std::size_t i = r * tensor_cols + c;
                codes[i] = static_cast<std::int8_t>(std::lround(values[i] / scales[r]));
            }
        }
        if (kind == kind_named("int8-int8")) {
            const auto head =
                BitLinear<Int8, Int8>::from_codes(codes, tensor_rows, tensor_cols, scales);
            writer.add(tensor.name, kind, tensor_rows, tensor_cols, head.value().bytes());
        } else {
            const auto head = ScreenedHead::from_codes(codes, tensor_rows, tensor_cols, scales, 1);
            writer.add(tensor.name, kind, tensor_rows, tensor_cols, head.value().bytes());
        }
    }
    const std::vector<std::byte> bytes = tiny::bytes_of(writer);
    size = bytes.size();
    AlignedBytes aligned(size);
    std::copy(bytes.begin(), bytes.end(), aligned.data());
    return aligned;
}

} // namespace

TEST_CASE("3072 states of the shipped models, in text of their own") {
    for (const char* name : {"stories-ternary", "stories-binary", "stories-onebit"}) {
        CAPTURE(name);
        const ModelFile shipped(std::string(BITNET_TEST_MODELS "/") + name + ".bitnet");
        std::size_t full_size = 0, screened_size = 0;
        const AlignedBytes full_bytes = with_head(shipped, kind_named("int8-int8"), full_size);
        const AlignedBytes screened_bytes =
            with_head(shipped, kind_named("screened-int8"), screened_size);
        const ModelFile full_file("full", std::span(full_bytes.data(), full_size));
        const ModelFile screened_file("screened", std::span(screened_bytes.data(), screened_size));
        const std::size_t context = shipped.config().max_context;
        Transformer full(full_file, {.context = context}, 1);
        Transformer screened(screened_file, {.context = context}, 1);
        Sampler sampler({.temperature = 1.0f, .top_k = 40, .top_p = 1.0f, .seed = 1});
        int id = *shipped.config().bos;
        for (std::uint32_t step = 0; step < context; ++step) {
            const auto logits = full.forward({&id, 1}, Logits::last);
            const auto expected = largest({logits.data, logits.cols}, 40);
            screened.forward({&id, 1}, Logits::none);
            REQUIRE(same(screened.likeliest(1), std::span(expected).first(1)));
            REQUIRE(same(screened.likeliest(40), expected));
            id = sampler.sample(expected, step);
        }
    }
}
