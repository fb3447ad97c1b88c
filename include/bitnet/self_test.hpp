// SPDX-License-Identifier: MIT
// self_test<Isa>(): do a cluster's functions agree with the scalar ones on this machine?
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include <bitnet/detail/cluster_table.hpp>
#include <bitnet/dispatch.hpp>
#include <bitnet/format.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/layout.hpp>
#include <bitnet/pack.hpp>
#include <bitnet/quantized.hpp>
#include <bitnet/stochastic.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE {

namespace detail {

/// Runs two tables on the same small inputs, which live on the stack: nothing here can run out of
/// memory. Isa is what this code itself is compiled for.
template <class Isa>
class SelfTest {
public:
    BITNET_INLINE SelfTest(const dispatch::Table& actual, const dispatch::Table& expected) noexcept
        : actual_(actual), expected_(expected) {
        // What rounding and special cases show on; then numbers of the sizes that models have.
        constexpr float odd[] = {0.0f, -0.0f, 1e-40f, -1e-40f, 0.5f, -2.5f, 88.8f, -88.0f, 1e-5f};
        for (float& v : x_) v = real();
        for (float& v : other_) v = real();
        std::memcpy(x_, odd, sizeof odd);
        x_[tokens * cols - 5] = float_of(inf_bits); // in the last token, which only quantizers see
    }

    /// The name of the first function that disagrees, or nullptr.
    const char* run() noexcept {
        if (&actual_ == &expected_) return nullptr;
        if (!products_agree<Ternary, Int8>()) return "w158a8";
        if (!products_agree<Ternary, Int8, layout::Dense16>()) return "w158a8dense";
        if (!products_agree<Binary, Int8>()) return "w1a8";
        if (!products_agree<Ternary, Sign>()) return "w158a1";
        if (!products_agree<Binary, Sign>()) return "w1a1";
        if (!products_agree<Ternary, Ternary>()) return "w158a158";
        if (!products_agree<Binary, Ternary>()) return "w1a158";
        if (!products_agree<Int8, Int8>()) return "w8a8";
        if (!products_agree<Int6, Int8>()) return "w6a8";
        if (!products_agree<Int4, Int8>()) return "w4a8";
        if (!quantizers_agree<Int8>()) return "quantize int8";
        if (!quantizers_agree<Int4>()) return "quantize int4";
        if (!quantizers_agree<Int2>()) return "quantize int2";
        if (!quantizers_agree<Sign>()) return "quantize sign";
        if (!quantizers_agree<SignNorm>()) return "quantize signnorm";
        if (!quantizers_agree<SignMean>()) return "quantize signmean";
        if (!stochastic_signs_agree<Bernoulli>()) return "stochastic_sign bernoulli";
        if (!stochastic_signs_agree<Gumbel>()) return "stochastic_sign gumbel";
        if (!stochastic_signs_agree<CentredGumbel>()) return "stochastic_sign centred gumbel";
        if (const char* name = math_disagreement()) return name;
        if (const char* name = activation_disagreement()) return name;
        return screens_agree() ? nullptr : "screened head";
    }

private:
    using Table = dispatch::Table;
    // Every height of a tile and a second panel; row blocks for a GEMM tile and more; columns and
    // groups that end inside a register.
    static constexpr std::size_t tokens = 9, rows = 67, cols = 150, values = (tokens - 1) * cols;
    // Tokens of products: two full tiles, the fewest for which kernels count_rows().
    static constexpr std::size_t most_tokens = 16;
    // More columns than the popcount kernels count in one go.
    static constexpr std::size_t long_rows = 5, long_cols = 1037;
    static constexpr std::size_t most_codes =
        rows * cols > long_rows* long_cols ? rows* cols : long_rows* long_cols;

    std::uint32_t next() noexcept {
        state_ = state_ * 1664525u + 1013904223u;
        return state_ >> 8;
    }
    /// In [-10, 10].
    float real() noexcept {
        return static_cast<float>(static_cast<int>(next() % 20001) - 10000) * 0.001f;
    }
    template <class Format>
    void fill(std::int8_t* codes, std::size_t n) noexcept {
        for (std::size_t i = 0; i < n; ++i) {
            int code = static_cast<int>(next() % 256) - 128;
            if constexpr (std::is_same_v<Format, Int6>) code = code / 4;
            if constexpr (std::is_same_v<Format, Int4>) code = code / 16;
            if constexpr (std::is_same_v<Format, Ternary>) code = static_cast<int>(next() % 3) - 1;
            if constexpr (std::is_same_v<Format, Binary> || std::is_same_v<Format, Sign>) {
                code = static_cast<int>(next() % 2) * 2 - 1;
            }
            codes[i] = static_cast<std::int8_t>(code);
        }
    }

    template <class Weights, class Codes, class Layout = preferred_layout<Weights, Codes>>
    bool products_agree() noexcept {
        return product_agrees<Weights, Codes, Layout>(rows, cols, 0) &&
               (!has_groups<Layout> || product_agrees<Weights, Codes, Layout>(rows, cols, 64)) &&
               product_agrees<Weights, Codes, Layout>(long_rows, long_cols, 0);
    }
    /// most_tokens on the expected table; the first 1, 2, ... tokens, and all, on the other.
    template <class Weights, class Codes, class Layout>
    bool product_agrees(std::size_t r, std::size_t c, std::size_t group) noexcept {
        using Mapping = typename Layout::template mapping<Weights>;
        constexpr std::size_t bytes = Mapping{rows, cols}.bytes(),
                              long_bytes = Mapping{long_rows, long_cols}.bytes(),
                              most_bytes = bytes > long_bytes ? bytes : long_bytes;
        std::int8_t w[most_codes], x[most_tokens * long_cols];
        alignas(64) std::uint8_t packed[most_bytes];
        std::byte memory[quantized_bytes<Int8>(most_tokens, long_cols)];
        float scales[round_up(rows, 16) * 3], bias[round_up(rows, 16)], factors[most_tokens];
        float y[2][most_tokens * rows];
        std::int32_t dots[2][most_tokens * rows];
        fill<Weights>(w, r * c);
        fill<Codes>(x, most_tokens * c);
        for (float& v : scales) v = real();
        for (float& v : bias) v = real();
        for (float& v : factors) v = 11.0f + real();
        pack_into<Weights, Layout, Isa>(w, r, c, packed);
        const std::size_t groups = groups_of(c, group);
        const ScaleView scale_view{scales, 16 * groups, group ? 16u : 0u, group};

        const auto run = [&](const Table& table, std::size_t n, std::int32_t* d, float* out) {
            const auto q =
                quantized_from_codes<Codes, Isa>({x, n * c}, n, c, {factors, n}, memory, group);
            BITNET_ASSERT(q);
            const PackedView<Weights, Layout> view{packed, r, c};
            const auto& pair = table.template pair<Weights, Codes, Layout>();
            pair.gemm_dots(view, *q, {d, n, r}, 0, r);
            pair.gemm(view, *q, scale_view, bias, {out, n, r}, 0, r);
        };
        run(expected_, most_tokens, dots[0], y[0]);
        for (std::size_t n = 1; n <= most_tokens; n = n == tokens ? most_tokens : n + 1) {
            run(actual_, n, dots[1], y[1]);
            if (std::memcmp(dots[0], dots[1], n * r * sizeof(std::int32_t)) != 0) return false;
            if (std::memcmp(y[0], y[1], n * r * sizeof(float)) != 0) return false;
        }
        return true;
    }

    /// Whether f(table, batch) writes the same from both tables.
    template <class Activations, class F>
    bool batches_agree(std::size_t group, F&& f) noexcept {
        constexpr std::size_t bytes = round_up(quantized_bytes<Int8>(tokens, cols, 64), 64);
        alignas(64) std::byte memory[2][bytes] = {};
        f(expected_, place<Activations>(memory[0], tokens, cols, group));
        f(actual_, place<Activations>(memory[1], tokens, cols, group));
        return std::memcmp(memory[0], memory[1], sizeof memory[0]) == 0;
    }
    template <class Activations>
    bool quantizers_agree() noexcept {
        const auto f = [&](const Table& table, const Quantized<Activations>& q) {
            table.template quantizer<Activations>().quantize_tokens(batch(x_), q, 0, tokens);
        };
        return batches_agree<Activations>(0, f) && batches_agree<Activations>(64, f);
    }
    template <class Rule>
    bool stochastic_signs_agree() noexcept {
        return batches_agree<Sign>(0, [&](const Table& table, const Quantized<Sign>& q) {
            table.template stochastic<Rule>().stochastic_sign_tokens(batch(x_), Rule{}, {1, 2, 3},
                                                                     q, 0, tokens);
        });
    }

    /// Whether f(table, y) makes the same of y, a copy of x, from both tables.
    template <class F>
    bool floats_agree(F&& f) noexcept {
        float y[2][values];
        std::memcpy(y[0], x_, sizeof y[0]);
        std::memcpy(y[1], x_, sizeof y[1]);
        f(expected_, y[0]);
        f(actual_, y[1]);
        return std::memcmp(y[0], y[1], sizeof y[0]) == 0;
    }
    template <class F>
    bool each_agrees(F&& f) noexcept {
        return floats_agree([&](const Table& table, float* y) {
            for (std::size_t i = 0; i < cols; ++i) y[i] = f(table)(y[i]);
        });
    }
    template <class F>
    bool sums_agree(F&& f) noexcept {
        return floats_agree([&](const Table& table, float* y) {
            for (std::size_t n = 1; n <= 40; ++n) y[n] = f(table)(x_, n);
            y[0] = f(table)(x_, values);
        });
    }
    const char* math_disagreement() noexcept {
        if (!each_agrees([](const Table& t) { return t.exp; })) return "exp";
        if (!each_agrees([](const Table& t) { return t.log; })) return "log";
        if (!each_agrees([](const Table& t) { return t.sigmoid; })) return "sigmoid";
        if (!each_agrees([](const Table& t) { return t.tanh; })) return "tanh";
        if (!sums_agree([](const Table& t) { return t.sum; })) return "sum";
        if (!sums_agree([](const Table& t) { return t.mean_abs; })) return "mean_abs";
        if (!sums_agree([](const Table& t) { return t.absmax; })) return "absmax";
        const bool dots = sums_agree([&](const Table& t) {
            return [&](const float* a, std::size_t n) { return t.dot(a, other_, n); };
        });
        if (!dots) return "dot";
        // Rows and columns beyond a tile of any register, and a last chunk that is not whole.
        const bool tiles = floats_agree([&](const Table& t, float* y) {
            t.dots({x_, 7, 45}, {other_, 19, 45}, {y, 7, 19});
        });
        if (!tiles) return "dots";
        const bool halves = floats_agree([&](const Table& t, float* y) {
            std::uint16_t x[cols];
            for (std::size_t i = 0; i < cols; ++i) x[i] = static_cast<std::uint16_t>(i * 211);
            t.halves_to_floats(x, y, cols); // up to 31439: all finite
        });
        return halves ? nullptr : "halves_to_floats";
    }
    const char* activation_disagreement() noexcept {
        constexpr std::size_t half = 21, heads = 3, theta = 10000;
        const float *x = x_, *other = other_;
        const bool norms = floats_agree([&](const Table& t, float* y) {
            t.rms_norm({x, tokens - 1, cols}, other, 1e-5f, {y, tokens - 1, cols});
        });
        if (!norms) return "rms_norm";
        const bool relus = floats_agree(
            [&](const Table& t, float* y) { t.squared_relu_gate(x, other, y, values - 3); });
        if (!relus) return "squared_relu_gate";
        const bool silus =
            floats_agree([&](const Table& t, float* y) { t.silu_gate(x, other, y, values - 3); });
        if (!silus) return "silu_gate";
        if (!floats_agree([&](const Table& t, float* y) { t.softmax(y, cols); })) return "softmax";
        const bool glus =
            batches_agree<Ternary>(64, [&](const Table& t, const Quantized<Ternary>& q) {
                t.bitglu_tokens(batch(x_), batch(other_), q, 0, tokens);
            });
        if (!glus) return "bitglu";
        const bool tables = floats_agree([&](const Table& t, float* y) {
            t.rope_table(1000, 10, 2 * half, theta, y, y + 10 * half);
        });
        if (!tables) return "rope_table";
        const bool turns = floats_agree(
            [&](const Table& t, float* y) { t.rope(y, heads, other, other + half, half); });
        return turns ? nullptr : "rope";
    }

    /// Both passes of a screened head, over rows of two lines; each row once stands at the bound.
    bool screens_agree() noexcept {
        constexpr std::size_t n = 29, room = 32, row_bytes = 128;
        constexpr std::int32_t high = 9000, low = -9000;
        std::uint8_t nibbles[n * row_bytes];
        std::int8_t q[2 * row_bytes];
        for (auto& byte : nibbles) byte = static_cast<std::uint8_t>(next());
        fill<Int8>(q, sizeof q);
        std::int32_t dots[2][room] = {};
        std::uint32_t reached[2][room] = {};
        for (std::uint32_t i = 0; i < n; ++i) reached[0][i] = n - 1 - i;
        expected_.nibble_dots(nibbles, row_bytes, q, reached[0], n, dots[0]);
        actual_.nibble_dots(nibbles, row_bytes, q, reached[0], n, dots[1]);
        if (std::memcmp(dots[0], dots[1], sizeof dots[0]) != 0) return false;
        for (std::size_t i = 0; i < n; ++i) {
            const float bound = static_cast<float>(16 * dots[0][i] + (x_[i] < 0 ? low : high));
            const float least = once(simd::lane::divide(bound, 1.5f) * x_[i]);
            const auto reach = [&](const Table& table, std::uint32_t* out) {
                return table.rows_that_reach(dots[0], x_, 0, n, high, low, 1.5f, least, out);
            };
            const std::size_t count = reach(expected_, reached[0]);
            if (reach(actual_, reached[1]) != count) return false;
            if (std::memcmp(reached[0], reached[1], count * sizeof reached[0][0]) != 0)
                return false;
        }
        return true;
    }

    static Matrix<const float> batch(const float* x) noexcept { return {x, tokens, cols}; }

    const dispatch::Table &actual_, &expected_;
    std::uint32_t state_ = 12345;
    float x_[tokens * cols], other_[tokens * cols];
};

} // namespace detail

/// Runs every function of a cluster on small inputs and compares with the scalar ones, bit for bit.
/// Returns nullptr when all agree, else the name of the first that does not: "w158a8", "rms_norm".
/// cost: about 10 ms, less than 100 KiB of stack; allocates nothing; noexcept
template <class Isa = isa::native>
const char* self_test() noexcept {
    if constexpr (isa::is_dynamic<Isa>) {
        return dispatch::self_test();
    } else {
        return detail::SelfTest<Isa>(detail::cluster_table<Isa>,
                                     detail::cluster_table<isa::here<isa::scalar>>)
            .run();
    }
}

} // namespace BITNET_NAMESPACE
