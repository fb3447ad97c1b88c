// SPDX-License-Identifier: MIT
// ScreenedHead against a full sort of plain integer dots: same rows, same logits, in every case.
#include <bitnet/screened_head.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "support.hpp"

namespace {

using namespace bitnet;
using Isa = isa::dynamic;

struct Head {
    std::size_t rows, cols;
    std::vector<std::int8_t> codes;
    std::vector<float> scales;
};

std::uint32_t bits(float v) {
    std::uint32_t b;
    std::memcpy(&b, &v, sizeof b);
    return b;
}

/// All logits, and the rows from the largest on.
struct Sorted {
    std::vector<float> logits;
    std::vector<std::uint32_t> order;

    Sorted(const Head& head, std::span<const std::int8_t> q, float a) : logits(head.rows) {
        for (std::size_t r = 0; r < head.rows; ++r) {
            std::int32_t dot = 0;
            for (std::size_t c = 0; c < head.cols; ++c) dot += head.codes[r * head.cols + c] * q[c];
            const volatile float ratio = static_cast<float>(dot) / a;
            const volatile float logit = ratio * head.scales[r];
            logits[r] = logit;
        }
        order.resize(head.rows);
        std::iota(order.begin(), order.end(), 0u);
        std::stable_sort(order.begin(), order.end(),
                         [&](std::uint32_t x, std::uint32_t y) { return logits[x] > logits[y]; });
    }
};

/// Checks top(k) and forward() for one token; returns how many rows were taken exactly.
std::size_t check(const ScreenedHead& screened, const Head& head, std::span<const std::int8_t> q,
                  float a, std::size_t k) {
    std::vector<std::byte> memory(scratch_bytes<Int8>(1, head.cols)),
        scratch(screened.scratch_bytes());
    const auto x = quantized_from_codes<Int8>(q, 1, head.cols, {&a, 1}, memory).value();
    const Sorted expected(head, q, a);
    std::vector<Logit> best(k);
    const std::size_t taken = screened.top<Isa>(x, best, scratch);
    for (std::size_t i = 0; i < k; ++i) {
        REQUIRE(best[i].row == expected.order[i]);
        REQUIRE(bits(best[i].value) == bits(expected.logits[best[i].row]));
    }
    std::vector<float> all(head.rows);
    screened.forward<Isa>(x, all, scratch);
    REQUIRE(std::memcmp(all.data(), expected.logits.data(), 4 * head.rows) == 0);
    return taken;
}

Head random_head(std::size_t rows, std::size_t cols, support::Random& random) {
    Head head{rows, cols, std::vector<std::int8_t>(rows * cols), std::vector<float>(rows)};
    for (auto& w : head.codes)
        w = static_cast<std::int8_t>(static_cast<int>(random.below(225)) - 112);
    for (auto& s : head.scales) s = 0.06f + random.real() * 0.05f;
    return head;
}
std::vector<std::int8_t> random_token(std::size_t cols, support::Random& random) {
    return random.codes<Int8>(cols);
}
ScreenedHead make(const Head& head, std::uint64_t seed = 7) {
    return ScreenedHead::from_codes(head.codes, head.rows, head.cols, head.scales, seed).value();
}

} // namespace

TEST_CASE("top rows are those of the whole head, for any shape", "[screened_head]") {
    support::clusters(); // skips where BITNET_ISA's cannot be had
    support::Random random(1);
    for (const std::size_t rows : {1u, 2u, 15u, 16u, 17u, 511u, 513u, 1100u}) {
        for (const std::size_t cols : {1u, 5u, 63u, 64u, 65u, 128u, 129u, 300u}) {
            CAPTURE(rows, cols);
            const Head head = random_head(rows, cols, random);
            const ScreenedHead screened = make(head, random.next());
            for (const std::size_t k : {std::size_t{1}, std::size_t{5}, rows}) {
                check(screened, head, random_token(cols, random), 1.5f, std::min(k, rows));
            }
        }
    }
}

TEST_CASE("few rows are taken exactly", "[screened_head]") {
    support::clusters();
    support::Random random(2);
    const Head head = random_head(4000, 512, random);
    const ScreenedHead screened = make(head);
    std::size_t taken = 0;
    for (int i = 0; i < 20; ++i) {
        taken += check(screened, head, random_token(512, random), 3.0f, 1);
    }
    CHECK(taken < 20 * 400); // of 4000 rows a tenth
}

TEST_CASE("ties, negative, zero and huge scales, all rows alike", "[screened_head]") {
    support::clusters();
    support::Random random(3);
    const std::size_t rows = 700, cols = 96;
    Head head = random_head(rows, cols, random);
    const auto q = random_token(cols, random);
    SECTION("every row twice") {
        for (std::size_t r = 1; r < rows; r += 2) {
            std::copy_n(&head.codes[(r - 1) * cols], cols, &head.codes[r * cols]);
            head.scales[r] = head.scales[r - 1];
        }
    }
    SECTION("one row 700 times") {
        for (std::size_t r = 1; r < rows; ++r) {
            std::copy_n(head.codes.data(), cols, &head.codes[r * cols]);
            head.scales[r] = head.scales[0];
        }
        CHECK(check(make(head), head, q, 1.0f, 40) == rows);
    }
    SECTION("scales of both signs") {
        for (std::size_t r = 0; r < rows; r += 3) head.scales[r] = -head.scales[r];
    }
    SECTION("zero scales of both signs") {
        for (std::size_t r = 0; r < rows; ++r) head.scales[r] = r % 2 ? 0.0f : -0.0f;
    }
    SECTION("logits that overflow") {
        for (auto& s : head.scales) s *= 1e38f;
    }
    SECTION("zero codes") {
        std::fill(head.codes.begin(), head.codes.end(), std::int8_t{0});
    }
    for (const std::size_t k : {1u, 40u, 700u}) {
        check(make(head), head, q, 1.0f, k);
        check(make(head), head, std::vector<std::int8_t>(cols, 0), 1.0f, k);
        check(make(head), head, std::vector<std::int8_t>(cols, -128), 1e-30f, k);
    }
}

TEST_CASE("the largest sums stay in int32", "[screened_head]") {
    support::clusters();
    const std::size_t rows = 3, cols = ScreenedHead::max_cols;
    Head head{rows, cols, std::vector<std::int8_t>(rows * cols, 112), {1.0f, 1.0f, 1.0f}};
    std::fill_n(head.codes.begin() + static_cast<std::ptrdiff_t>(cols), cols, std::int8_t{-112});
    for (const std::int8_t q : {std::int8_t{-128}, std::int8_t{127}}) {
        check(make(head), head, std::vector<std::int8_t>(cols, q), 1.0f, 3);
    }
}

TEST_CASE("a token that is no number gives none", "[screened_head]") {
    support::Random random(4);
    const Head head = random_head(40, 64, random);
    const ScreenedHead screened = make(head);
    std::vector<std::byte> memory(scratch_bytes<Int8>(1, 64)), scratch(screened.scratch_bytes());
    std::vector<float> x(64, 1.0f);
    x[3] = std::numeric_limits<float>::quiet_NaN();
    const auto q = quantize<Int8, Isa>(Matrix<const float>(x.data(), 1, 64), memory);
    std::vector<Logit> best(5);
    CHECK(screened.top<Isa>(q, best, scratch) == 40);
    for (std::uint32_t i = 0; i < 5; ++i) {
        CHECK(best[i].row == i);
        CHECK(std::isnan(best[i].value));
    }
}

TEST_CASE("codes and bytes come back", "[screened_head]") {
    support::Random random(5);
    const Head head = random_head(33, 130, random);
    const ScreenedHead screened = make(head, 99);
    for (std::size_t r = 0; r < 33; ++r) {
        CHECK(screened.scale(r) == head.scales[r]);
        for (std::size_t c = 0; c < 130; ++c)
            REQUIRE(screened.code(r, c) == head.codes[r * 130 + c]);
    }
    CHECK(screened.verify());
    const auto bytes = screened.bytes();
    const auto mapped = ScreenedHead::map_packed(bytes).value();
    CHECK(mapped.bytes().data() == bytes.data());
    check(mapped, head, random_token(130, random), 2.0f, 7);

    AlignedBytes copy(bytes.size());
    const auto refused = [&](std::size_t at, std::byte value) {
        std::memcpy(copy.data(), bytes.data(), bytes.size());
        copy.data()[at] = value;
        const auto head_or = ScreenedHead::map_packed({copy.data(), copy.size()});
        return head_or ? head_or->verify().error().code : head_or.error().code;
    };
    for (const std::size_t at : {0u, 4u, 32u, 63u, 64u, 96u, 100u}) {
        CHECK(refused(at, std::byte{0x77}) == Errc::bad_header);
        const auto head_or = ScreenedHead::map_packed({copy.data(), copy.size()});
        CHECK(head_or.error().where == at); // in the first pass too, whose bytes follow the header
    }
    CHECK(refused(8, std::byte{34}) == Errc::wrong_size); // another number of rows
    CHECK(refused(18, std::byte{1}) == Errc::too_large);  // 65,666 columns
    CHECK(refused(bytes.size() - 1, std::byte{1}) == Errc::bad_padding);
    for (const std::size_t cut : {0u, 63u, 64u, 200u, 4000u}) {
        CHECK(!ScreenedHead::map_packed(bytes.first(cut)));
    }
    // Five bytes too few: the first one missing; five too many: the first one too many.
    AlignedBytes longer(bytes.size() + 5);
    std::memcpy(longer.data(), bytes.data(), bytes.size());
    for (const std::size_t size : {bytes.size() - 5, bytes.size() + 5}) {
        const auto wrong = ScreenedHead::map_packed({longer.data(), size});
        CHECK(wrong.error().code == Errc::wrong_size);
        CHECK(wrong.error().where == std::min(size, bytes.size()));
    }
    CHECK(ScreenedHead::map_packed({bytes.data() + 1, bytes.size() - 1}).error().code ==
          Errc::misaligned);
}

TEST_CASE("a head of float weights has a scale per row", "[screened_head]") {
    support::Random random(8);
    const std::size_t rows = 21, cols = 77;
    std::vector<float> weights(rows * cols);
    for (auto& w : weights) w = random.real() - 0.5f;
    for (std::size_t c = 0; c < cols; ++c) weights[3 * cols + c] = 0.0f;
    Head head{rows, cols, std::vector<std::int8_t>(rows * cols), std::vector<float>(rows)};
    for (std::size_t r = 0; r < rows; ++r) {
        float most = 1e-30f;
        for (std::size_t c = 0; c < cols; ++c)
            most = std::max(most, std::abs(weights[r * cols + c]));
        head.scales[r] = most / 112;
        for (std::size_t c = 0; c < cols; ++c) {
            const std::size_t i = r * cols + c;
            head.codes[i] = static_cast<std::int8_t>(std::nearbyint(weights[i] / head.scales[r]));
        }
    }
    const ScreenedHead made = ScreenedHead::from_float(weights, rows, cols, 7).value();
    CHECK(std::ranges::equal(made.bytes(), make(head, 7).bytes()));
    const ScreenedHead dynamic = ScreenedHead::from_float<Isa>(weights, rows, cols, 7).value();
    CHECK(std::ranges::equal(dynamic.bytes(), made.bytes()));

    weights[40] = std::numeric_limits<float>::infinity();
    const Error error = ScreenedHead::from_float(weights, rows, cols, 7).error();
    CHECK(error.code == Errc::bad_weight);
    CHECK(error.where == 40);
    CHECK(ScreenedHead::from_float(weights, rows, cols + 1, 7).error().code == Errc::wrong_size);
    CHECK(ScreenedHead::from_float({}, 1, 65536, 7).error().message() ==
          "shape is too large: cols must be at most 65535");
}

TEST_CASE("a head that was moved from is empty", "[screened_head]") {
    support::clusters();
    support::Random random(6);
    const Head head = random_head(33, 130, random);
    const auto is_empty = [](const ScreenedHead& h) {
        return !h && h.rows() == 0 && h.cols() == 0 && h.bytes().empty();
    };
    ScreenedHead first = make(head);
    CHECK(first);
    ScreenedHead second = std::move(first);
    CHECK(is_empty(first));
    CHECK(first.verify());
    first.forward(Quantized<Int8>(), std::span<float>(), std::span<std::byte>()); // does nothing
    check(second, head, random_token(130, random), 2.0f, 7);
    ScreenedHead third = make(random_head(5, 20, random));
    third = std::move(second);
    CHECK(is_empty(second));
    check(third, head, random_token(130, random), 2.0f, 7);
    first = std::move(third); // to one that was moved from
    CHECK(is_empty(third));
    check(first, head, random_token(130, random), 2.0f, 7);
    ScreenedHead& same = first;
    first = std::move(same);
    CHECK(first.rows() == 33);
    CHECK(is_empty(ScreenedHead()));

    // What was mapped belongs to somebody else, and a moved-from head knows it no longer either.
    auto mapped = ScreenedHead::map_packed(first.bytes()).value();
    const ScreenedHead kept = std::move(mapped);
    CHECK(is_empty(mapped));
    CHECK(kept.bytes().data() == first.bytes().data());
}

TEST_CASE("what cannot be a screened head", "[screened_head]") {
    const std::vector<std::int8_t> codes(12, 112);
    const std::vector<float> scales(3, 1.0f);
    const auto error = [](const Result<ScreenedHead>& r) { return r.error().code; };
    std::vector<std::int8_t> bad = codes;
    bad[7] = 113;
    CHECK(ScreenedHead::from_codes(bad, 3, 4, scales, 1).error().where == 7);
    CHECK(error(ScreenedHead::from_codes(bad, 3, 4, scales, 1)) == Errc::bad_code);
    CHECK(error(ScreenedHead::from_codes(codes, 3, 5, scales, 1)) == Errc::wrong_size);
    CHECK(error(ScreenedHead::from_codes(codes, 4, 3, scales, 1)) == Errc::wrong_size);
    CHECK(error(ScreenedHead::from_codes(codes, 0, 4, scales, 1)) == Errc::empty_shape);
    CHECK(ScreenedHead::from_codes(bad, 3, 4, scales, 1).error().message() ==
          "codes of a screened head are -112 to 112");
    CHECK(ScreenedHead::from_codes(codes, 1, 65536, scales, 1).error().message() ==
          "shape is too large: cols must be at most 65535");
    CHECK(error(ScreenedHead::from_codes(codes, 1, 65536, scales, 1)) == Errc::too_large);
    std::vector<float> nan = scales;
    nan[2] = std::numeric_limits<float>::quiet_NaN();
    CHECK(error(ScreenedHead::from_codes(codes, 3, 4, nan, 1)) == Errc::bad_scale);
}
