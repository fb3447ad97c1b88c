// SPDX-License-Identifier: MIT
// self_test<Isa>(): do a cluster's functions agree with the scalar ones on this machine?
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include <bitnet/dispatch.hpp>
#include <bitnet/format.hpp>
#include <bitnet/functions.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/kernels/token_words.hpp>
#include <bitnet/layout.hpp>
#include <bitnet/pack.hpp>
#include <bitnet/quantize.hpp>
#include <bitnet/quantized.hpp>
#include <bitnet/table.hpp>
#include <bitnet/tensor.hpp>
#include <bitnet/type_list.hpp>

namespace BITNET_NAMESPACE {

namespace detail {

/// Runs two tables on the same small inputs, which live on the stack: nothing here can run out of
/// memory. Isa is what this code itself is compiled for.
template <class Isa>
class BITNET_HIDDEN SelfTest {
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
        const char* wrong = nullptr;
        if (&actual_ == &expected_) return wrong;
        for_each_type(all_functions{}, [&]<class F>() {
            if (!wrong && !agrees(Tag<F>{})) wrong = F::name;
        });
        return wrong;
    }

private:
    using Table = dispatch::Table;
    template <class F>
    struct Tag {};
    // Every height of a tile and a second panel; row blocks for a GEMM tile and more; columns and
    // groups that end inside a register.
    static constexpr std::size_t tokens = 9, rows = 67, cols = 150, values = (tokens - 1) * cols;
    // Tokens of products: two full tiles, the fewest for which kernels count_rows().
    static constexpr std::size_t most_tokens = 16;
    static constexpr std::size_t rope_half = 21;
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
            codes[i] = static_cast<std::int8_t>(Format::code(next() % Format::count));
        }
    }

    // One overload of agrees() for each function: a row of functions.hpp without one does not
    // compile.
    template <class P>
    bool agrees(Tag<functions::Gemm<P>>) noexcept {
        return products_agree<P, float>(
            [](const Table& table, const auto& o, Matrix<float> y) noexcept {
                table.get<functions::Gemm<P>>()(o.weights, o.x, o.scales, o.bias, y, 0, y.cols);
            });
    }
    template <class P>
    bool agrees(Tag<functions::GemmDots<P>>) noexcept {
        return products_agree<P, std::int32_t>(
            [](const Table& table, const auto& o, Matrix<std::int32_t> y) noexcept {
                table.get<functions::GemmDots<P>>()(o.weights, o.x, y, 0, y.cols);
            });
    }
    template <class P>
    struct Operands {
        PackedView<typename P::Weights, typename P::Layout> weights;
        Quantized<typename P::Codes> x;
        ScaleView scales;
        const float* bias;
    };
    template <class P, class T, class F>
    bool products_agree(F&& multiply) noexcept {
        using Codes = typename P::Codes;
        constexpr bool halves = true;
        if (!product_agrees<P, T, Codes>(rows, cols, 64, multiply) ||
            !product_agrees<P, T, Codes>(long_rows, long_cols, 128, multiply, halves)) {
            return false;
        }
        // Groups of tokens, narrower and wider than those of weights.
        if constexpr (std::is_same_v<Codes, Int8>) {
            if (!product_agrees<P, T, Int8Groups<32>>(rows, cols, 64, multiply) ||
                !product_agrees<P, T, Int8Groups<128>>(rows, cols, 64, multiply)) {
                return false;
            }
        }
        return product_agrees<P, T, Codes>(rows, cols, 0, multiply) &&
               product_agrees<P, T, Codes>(long_rows, long_cols, 0, multiply);
    }
    /// most_tokens on the expected table; the first 1, 2, ... tokens, and all, on the other.
    template <class P, class T, class Activations, class F>
    bool product_agrees(std::size_t r, std::size_t c, std::size_t group, F&& multiply,
                        bool half_scales = false) noexcept {
        using Weights = typename P::Weights;
        using Codes = typename P::Codes;
        using Layout = typename P::Layout;
        using Mapping = typename Layout::template mapping<Weights>;
        constexpr std::size_t bytes = Mapping{rows, cols}.bytes(),
                              long_bytes = Mapping{long_rows, long_cols}.bytes(),
                              most_bytes = bytes > long_bytes ? bytes : long_bytes;
        std::int8_t w[most_codes], x[most_tokens * long_cols];
        alignas(64) std::uint8_t packed[most_bytes];
        std::byte memory[scratch_bytes<Int8>(most_tokens, long_cols, 128)];
        using layout::tile_rows;
        constexpr std::size_t padded = round_up(rows, tile_rows);
        static_assert(tile_rows * groups_of(long_cols, 128) <= padded * 3);
        float scales[padded * 3], bias[padded], factors[most_tokens * groups_of(cols, 32)];
        std::uint16_t halves[padded * 3];
        T y[2][most_tokens * rows];
        fill<Weights>(w, r * c);
        fill<Codes>(x, most_tokens * c);
        for (float& v : scales) v = real();
        for (auto& v : halves) v = static_cast<std::uint16_t>(next() & 0xbfff); // up to 1.999
        for (float& v : bias) v = real();
        for (float& v : factors) v = 11.0f + real();
        pack_into<Weights, Layout, Isa>(w, r, c, packed);
        const std::size_t groups = groups_of(c, group);
        ScaleView scale_view{scales, tile_rows * groups, group ? tile_rows : 0, group};
        if (half_scales) scale_view.halves = halves;
        const std::size_t token_groups = groups_of(c, Activations::scale_group);

        const auto run = [&](const Table& table, std::size_t n, T* out) {
            const auto q = quantized_from_codes<Activations, Isa>(
                {x, n * c}, n, c, {factors, n * token_groups}, memory, group);
            BITNET_ASSERT(q);
            multiply(table, Operands<P>{{packed, r, c}, q->as_codes(), scale_view, bias},
                     Matrix<T>(out, n, r));
        };
        run(expected_, most_tokens, y[0]);
        for (std::size_t n = 1; n <= most_tokens; n = n == tokens ? most_tokens : n + 1) {
            run(actual_, n, y[1]);
            if (std::memcmp(y[0], y[1], n * r * sizeof(T)) != 0) return false;
        }
        return true;
    }

    /// Whether f(table, batch) writes the same from both tables.
    template <class Activations, class F>
    bool batches_agree(std::size_t group, F&& f) noexcept {
        constexpr std::size_t bytes = round_up(scratch_bytes<Int8Groups<32>>(tokens, cols), 64);
        alignas(64) std::byte memory[2][bytes] = {};
        f(expected_, place<Activations>(memory[0], tokens, cols, group));
        f(actual_, place<Activations>(memory[1], tokens, cols, group));
        return std::memcmp(memory[0], memory[1], sizeof memory[0]) == 0;
    }
    template <class Activations>
    bool agrees(Tag<functions::Quantize<Activations>>) noexcept {
        const auto f = [&](const Table& table, const Quantized<Activations>& q) {
            table.get<functions::Quantize<Activations>>()(batch(x_), q, 0, tokens);
        };
        return batches_agree<Activations>(0, f) && batches_agree<Activations>(64, f);
    }
    template <class Rule>
    bool agrees(Tag<functions::StochasticSign<Rule>>) noexcept {
        return batches_agree<Sign>(0, [&](const Table& table, const Quantized<Sign>& q) {
            table.get<functions::StochasticSign<Rule>>()(batch(x_), Rule{}, Draws{1, 2, 3}, q, 0,
                                                         tokens);
        });
    }
    bool agrees(Tag<functions::BitGlu>) noexcept {
        return batches_agree<Ternary>(64, [&](const Table& table, const Quantized<Ternary>& q) {
            table.get<functions::BitGlu>()(batch(x_), batch(other_), q, 0, tokens);
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
    /// F of each of a row's values.
    template <class F>
    bool values_agree() noexcept {
        return floats_agree([](const Table& table, float* y) {
            for (std::size_t i = 0; i < cols; ++i) y[i] = table.get<F>()(y[i]);
        });
    }
    bool agrees(Tag<functions::Exp>) noexcept { return values_agree<functions::Exp>(); }
    bool agrees(Tag<functions::Log>) noexcept { return values_agree<functions::Log>(); }
    bool agrees(Tag<functions::Sigmoid>) noexcept { return values_agree<functions::Sigmoid>(); }
    bool agrees(Tag<functions::Tanh>) noexcept { return values_agree<functions::Tanh>(); }

    /// f(table, n), a sum over n values, for many n.
    template <class F>
    bool sums_agree(F&& f) noexcept {
        return floats_agree([&](const Table& table, float* y) {
            for (std::size_t n = 1; n <= 40; ++n) y[n] = f(table, n);
            y[0] = f(table, values);
        });
    }
    template <class F>
    bool sum_agrees() noexcept {
        return sums_agree([&](const Table& table, std::size_t n) { return table.get<F>()(x_, n); });
    }
    bool agrees(Tag<functions::Sum>) noexcept { return sum_agrees<functions::Sum>(); }
    bool agrees(Tag<functions::MeanAbs>) noexcept { return sum_agrees<functions::MeanAbs>(); }
    bool agrees(Tag<functions::Absmax>) noexcept { return sum_agrees<functions::Absmax>(); }
    bool agrees(Tag<functions::Dot>) noexcept {
        return sums_agree([&](const Table& table, std::size_t n) {
            return table.get<functions::Dot>()(x_, other_, n);
        });
    }
    bool agrees(Tag<functions::Dots>) noexcept {
        // Rows and columns beyond a tile of any register, and a last chunk that is not whole.
        return floats_agree([&](const Table& table, float* y) {
            table.get<functions::Dots>()({x_, 7, 45}, {other_, 19, 45}, {y, 7, 19});
        });
    }
    template <class Codes>
    bool agrees(Tag<functions::EncodeValues<Codes>>) noexcept {
        return floats_agree([&](const Table& table, float* y) {
            std::uint16_t u[cols];
            y[cols] = table.get<functions::EncodeValues<Codes>>()(x_, cols, u);
            for (std::size_t i = 0; i < cols; ++i) y[i] = u[i];
        });
    }
    bool agrees(Tag<functions::Shorten>) noexcept {
        return floats_agree([&](const Table& table, float* y) {
            y[3] = 1e38f; // beyond both ends
            y[4] = -1e-38f;
            table.get<functions::Shorten>()({y, tokens - 1, cols - 2, cols});
        });
    }
    template <class Codes>
    bool agrees(Tag<functions::CodedDots<Codes>>) noexcept {
        // As above; each byte, and each half below 31439, is a code.
        constexpr std::size_t m = 15, n = 19, k = 45, bytes = Codes::row_bytes(k);
        float a[m * k];
        for (std::size_t i = 0; i < m * k; ++i) a[i] = x_[i % values];
        expected_.get<functions::Shorten>()({a, m, k});
        std::uint8_t codes[n * bytes];
        for (std::size_t i = 0; i < sizeof codes; ++i) {
            codes[i] = static_cast<std::uint8_t>(i % 2 == 1 ? next() % 0x78 : next());
        }
        return floats_agree([&](const Table& table, float* y) {
            const CodedRows<Codes> b{codes, n, k, bytes};
            table.get<functions::CodedDots<Codes>>()({a, m, k}, b, {y, m, n});
        });
    }
    bool agrees(Tag<functions::HalvesToFloats>) noexcept {
        return floats_agree([&](const Table& table, float* y) {
            std::uint16_t x[cols];
            for (std::size_t i = 0; i < cols; ++i) x[i] = static_cast<std::uint16_t>(i * 211);
            table.get<functions::HalvesToFloats>()(x, y, cols); // up to 31439: all finite
        });
    }

    bool agrees(Tag<functions::RmsNorm>) noexcept {
        return floats_agree([&](const Table& table, float* y) {
            table.get<functions::RmsNorm>()({x_, tokens - 1, cols}, other_, 1e-5f,
                                            {y, tokens - 1, cols});
        });
    }
    template <class F>
    bool gates_agree() noexcept {
        return floats_agree([&](const Table& table, float* y) {
            table.get<F>()(x_, other_, y, values - 3); // ends inside a register
        });
    }
    bool agrees(Tag<functions::SquaredReluGate>) noexcept {
        return gates_agree<functions::SquaredReluGate>();
    }
    bool agrees(Tag<functions::SiluGate>) noexcept { return gates_agree<functions::SiluGate>(); }
    bool agrees(Tag<functions::Softmax>) noexcept {
        return floats_agree(
            [](const Table& table, float* y) { table.get<functions::Softmax>()(y, cols); });
    }
    bool agrees(Tag<functions::RopeTable>) noexcept {
        return floats_agree([](const Table& table, float* y) {
            const YarnScaling yarn{4, 100, 1.25};
            table.get<functions::RopeTable>()(1000, 5, 2 * rope_half, 10000, {}, y,
                                              y + 5 * rope_half);
            y += 10 * rope_half;
            table.get<functions::RopeTable>()(1000, 5, 2 * rope_half, 10000, yarn, y,
                                              y + 5 * rope_half);
        });
    }
    bool agrees(Tag<functions::Rope>) noexcept {
        constexpr std::size_t heads = 3;
        return floats_agree([&](const Table& table, float* y) {
            table.get<functions::Rope>()(y, heads, other_, other_ + rope_half, rope_half);
        });
    }

    bool agrees(Tag<functions::Hadamard>) noexcept {
        float signs[values];
        for (float& v : signs) v = next() % 2 ? 1.0f : -1.0f;
        return floats_agree([&](const Table& table, float* y) {
            const auto transform = [&](std::size_t t, std::size_t c, std::size_t block,
                                       const float* before, const float* after) {
                const Matrix<float> all(y, t, c);
                table.get<functions::Hadamard>()(all, block, before, after, all);
            };
            transform(1, 1024, 1024, signs, nullptr);
            transform(2, 544, 32, nullptr, signs);
            transform(tokens - 1, 148, 4, nullptr, nullptr); // ends inside a register
        });
    }

    // The passes of a screened head, over rows of two lines.
    static constexpr std::size_t screened_rows = 29, screened_room = 32;

    bool agrees(Tag<functions::NibbleDots>) noexcept {
        constexpr std::size_t row_bytes = 128;
        std::uint8_t nibbles[screened_rows * row_bytes];
        std::int8_t q[2 * row_bytes];
        for (auto& byte : nibbles) byte = static_cast<std::uint8_t>(next());
        fill<Int8>(q, sizeof q);
        std::uint32_t order[screened_rows];
        for (std::uint32_t i = 0; i < screened_rows; ++i) order[screened_rows - 1 - i] = i;
        std::int32_t dots[2][screened_rows];
        expected_.get<functions::NibbleDots>()(nibbles, row_bytes, q, order, screened_rows,
                                               dots[0]);
        actual_.get<functions::NibbleDots>()(nibbles, row_bytes, q, order, screened_rows, dots[1]);
        return std::memcmp(dots[0], dots[1], sizeof dots[0]) == 0;
    }
    bool agrees(Tag<functions::RowsThatReach>) noexcept {
        constexpr std::int32_t high = 9000, low = -9000;
        std::int32_t dots[screened_room] = {};
        for (std::size_t i = 0; i < screened_rows; ++i) {
            dots[i] = static_cast<std::int32_t>(next() % 40000) - 20000;
        }
        std::uint32_t rows_[2][screened_room] = {};
        for (std::size_t i = 0; i < screened_rows; ++i) { // each row once at the very bound
            const float bound = static_cast<float>(16 * dots[i] + (x_[i] < 0 ? low : high));
            const float least = rounded(simd::divide(bound, 1.5f) * x_[i]);
            const auto reach = [&](const Table& table, std::uint32_t* out) {
                return table.get<functions::RowsThatReach>()(dots, x_, 0, screened_rows, high, low,
                                                             1.5f, least, out);
            };
            const std::size_t count = reach(expected_, rows_[0]);
            if (reach(actual_, rows_[1]) != count) return false;
            if (std::memcmp(rows_[0], rows_[1], count * sizeof rows_[0][0]) != 0) return false;
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
/// cost: about 10 ms, less than 130 KiB of stack; allocates nothing; noexcept
template <class Isa = isa::native>
BITNET_HIDDEN const char* self_test() noexcept {
    if constexpr (isa::is_dynamic<Isa>) {
        return dispatch::self_test();
    } else {
        return detail::SelfTest<Isa>(dispatch::compiled<Isa>,
                                     dispatch::compiled<isa::here<isa::scalar>>)
            .run();
    }
}

} // namespace BITNET_NAMESPACE
