// SPDX-License-Identifier: MIT
// Many dots at once: as many as a register has lanes, so that rows are loaded once for several of
// them and one tree of adds folds them all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <bitnet/config.hpp>
#include <bitnet/kernels/tile.hpp>
#include <bitnet/simd/f32x16.hpp>
#include <bitnet/simd/simd.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE::detail {

/// What a DotTile reads of rows of floats. A source says how a row lies in memory, and gives the
/// values of register `at` of the sixteen columns from i on; these are chunk `Chunk` of the `turn`
/// chunks whose columns share bytes.
template <class Isa>
struct FloatSource {
    using ops = simd::ops<Isa>;
    using reg = typename ops::f32;
    using pointer = const float*;
    using Rows = Matrix<const float>;
    static constexpr std::size_t turn = 1;
    /// Whether the products of a's and b's values are exact in float.
    static constexpr bool exact_products = false;

    static BITNET_INLINE constexpr std::size_t bytes(std::size_t cols) noexcept {
        return cols * sizeof(float);
    }
    static BITNET_INLINE constexpr std::size_t row_bytes(const Rows& rows) noexcept {
        return bytes(rows.stride);
    }

    template <std::size_t Chunk>
    static BITNET_INLINE reg load(pointer row, std::size_t i, std::size_t at) noexcept {
        return reg::load_unaligned(row + i + at);
    }
    /// Of these the first n, then anything that is finite.
    template <std::size_t Chunk>
    static BITNET_INLINE reg load_first(pointer row, std::size_t i, std::size_t at,
                                        std::size_t n) noexcept {
        return ops::load_first(row + i + at, n);
    }
};

/// M rows of a with N rows of b, each dot in the sixteen partials of dot(). The partials of a dot
/// never meet before the fold, so a cluster of narrower registers takes one register of them, a
/// part, after the other.
template <class Isa, class Source, std::size_t M>
struct DotTile {
    using ops = simd::ops<Isa>;
    using reg = typename simd::ops<Isa>::f32;
    using Pointer = typename Source::pointer;
    using Rows = typename Source::Rows;
    static constexpr std::size_t lanes = simd::ops<Isa>::lanes, size = simd::f32x16<Isa>::size,
                                 parts = size / lanes;
    static constexpr std::size_t N = lanes / M;

    /// The lines of b that a tile asks for: in its own rows 2 KiB ahead, and at their end, or where
    /// they are shorter, in the rows of a later tile. Keys and values of a long context come from
    /// memory.
    struct Ahead {
        static constexpr std::size_t distance = 2048; // bytes
        std::uintptr_t here[N], later[N];
        std::size_t turn; ///< the first byte of a row that asks for a later tile

        BITNET_INLINE Ahead(const Rows& b, std::size_t j) noexcept {
            const std::size_t bytes = Source::bytes(b.cols), stride = Source::row_bytes(b);
            const bool is_short = bytes > 0 && bytes < distance;
            const std::size_t tiles = is_short ? distance / bytes : 1;
            turn = bytes > distance ? bytes - distance : 0;
            const auto data = reinterpret_cast<std::uintptr_t>(b.data);
            for (std::size_t n = 0; n < N; ++n) {
                here[n] = data + (j + n) * stride + distance;
                later[n] = data + (j + n + tiles * N) * stride - turn;
            }
        }
        BITNET_INLINE void prefetch(std::size_t byte) const noexcept {
            BITNET_UNROLL
            for (std::size_t n = 0; n < N; ++n) {
                BITNET_PREFETCH((byte < turn ? here[n] : later[n]) + byte);
            }
        }
    };

    /// out[m * N + n] = dot(a[m], b[n], k)
    template <bool Prefetch>
    static BITNET_INLINE void run(const float* const (&a)[M], const Pointer (&b)[N], std::size_t k,
                                  const Ahead& ahead, float (&out)[lanes]) noexcept {
        constexpr std::size_t turn = Source::turn, line = AlignedBytes::alignment;
        reg sums[parts][lanes];
        for (std::size_t part = 0; part < parts; ++part) { // a copy of it for each would be large
            reg s[lanes];
            BITNET_UNROLL
            for (reg& sum : s) sum = rounded(reg(0.0f)); // +0 that no compiler drops
            const std::size_t at = part * lanes;
            std::size_t i = 0;
            for (; i + turn * size <= k; i += turn * size) {
                const bool asks = Prefetch && part == 0;
                if (asks && Source::bytes(i) % line == 0) ahead.prefetch(Source::bytes(i));
                kernels::for_constants<turn>([&](auto c) BITNET_INLINE_LAMBDA {
                    constexpr std::size_t chunk = decltype(c)::value;
                    multiply(
                        s,
                        [&](std::size_t m) BITNET_INLINE_LAMBDA {
                            return reg::load_unaligned(a[m] + i + chunk * size + at);
                        },
                        [&](std::size_t n) BITNET_INLINE_LAMBDA {
                            return Source::template load<chunk>(b[n], i, at);
                        });
                });
            }
            // The rest, and zeros, which change no partial: none is ever -0.
            kernels::for_constants<turn>([&](auto c) BITNET_INLINE_LAMBDA {
                constexpr std::size_t chunk = decltype(c)::value;
                const std::size_t first = i + chunk * size + at;
                if (first >= k) return;
                const std::size_t left = k - first < lanes ? k - first : lanes;
                multiply(
                    s,
                    [&](std::size_t m)
                        BITNET_INLINE_LAMBDA { return ops::load_first(a[m] + first, left); },
                    [&](std::size_t n) BITNET_INLINE_LAMBDA {
                        return Source::template load_first<chunk>(b[n], i, at, left);
                    });
            });
            BITNET_UNROLL
            for (std::size_t j = 0; j < lanes; ++j) sums[part][j] = s[j];
        }
        BITNET_UNROLL
        for (std::size_t half = parts / 2; half >= 1; half /= 2) {
            BITNET_UNROLL
            for (std::size_t p = 0; p < half; ++p) {
                BITNET_UNROLL
                for (std::size_t j = 0; j < lanes; ++j) {
                    sums[p][j] = rounded(sums[p][j] + sums[p + half][j]);
                }
            }
        }
        // Each step halves the partials of a dot and doubles the dots in a register; the order of
        // the pairs is such that lane j ends as dot j.
        BITNET_UNROLL
        for (std::size_t half = lanes / 2; half >= 1; half /= 2) {
            BITNET_UNROLL
            for (std::size_t j = 0; j < half; ++j) {
                sums[0][j] = ops::fold_pair(sums[0][j], sums[0][j + half]);
            }
        }
        sums[0][0].store_unaligned(out);
    }

private:
    template <class LoadA, class LoadB>
    static BITNET_INLINE void multiply(reg (&s)[lanes], const LoadA& from_a,
                                       const LoadB& from_b) noexcept {
        reg x[M];
        BITNET_UNROLL
        for (std::size_t m = 0; m < M; ++m) x[m] = from_a(m);
        BITNET_UNROLL
        for (std::size_t n = 0; n < N; ++n) {
            const reg w = from_b(n);
            BITNET_UNROLL
            for (std::size_t m = 0; m < M; ++m) {
                reg& sum = s[m * N + n];
                if constexpr (Source::exact_products) {
                    sum = ops::add_exact_product(sum, x[m], w);
                } else {
                    sum = rounded(sum + rounded(x[m] * w));
                }
            }
        }
    }
};

/// Rows of a in a tile, each of which meets as many rows of b as fill a register with dots: 32
/// registers of 16 lanes hold 4 x 4 sums and what they are made of. A value of b is decoded once
/// for four products.
inline constexpr std::size_t dot_rows = 4;

/// The rows of a from `row` on, M at a time and what is left in lower tiles, with all rows of b.
template <class Isa, class Source, std::size_t M>
BITNET_INLINE void dot_bands(Matrix<const float> a, const typename Source::Rows& b, Matrix<float> y,
                             std::size_t row) noexcept {
    using Tile = DotTile<Isa, Source, M>;
    const std::size_t end = row + (a.rows - row) / M * M;
    for (std::size_t j = 0; j < b.rows && row < end; j += Tile::N) {
        const std::size_t count = b.rows - j < Tile::N ? b.rows - j : Tile::N;
        typename Tile::Pointer from_b[Tile::N];
        for (std::size_t n = 0; n < Tile::N; ++n) from_b[n] = b.row(j + (n < count ? n : 0));
        const typename Tile::Ahead ahead(b, j);
        for (std::size_t i = row; i < end; i += M) {
            const float* from_a[M];
            for (std::size_t m = 0; m < M; ++m) from_a[m] = a.row(i + m);
            float out[Tile::lanes];
            if (i == 0 || M < dot_rows) { // lower tiles meet b once, and may ask again
                Tile::template run<true>(from_a, from_b, a.cols, ahead, out);
            } else {
                Tile::template run<false>(from_a, from_b, a.cols, ahead, out);
            }
            for (std::size_t m = 0; m < M; ++m) {
                float* const to = y.row(i + m) + j;
                if (count == Tile::N) { // a size that compilers know: one store
                    std::memcpy(to, out + m * Tile::N, Tile::N * sizeof(float));
                } else {
                    std::memcpy(to, out + m * Tile::N, count * sizeof(float));
                }
            }
        }
    }
    if constexpr (M > 1) dot_bands<Isa, Source, M / 2>(a, b, y, end);
}

/// y[i, j] = dot(a[i], b[j])
template <class Isa, class Source>
BITNET_INLINE void dots(Matrix<const float> a, const typename Source::Rows& b,
                        Matrix<float> y) noexcept {
    dot_bands<Isa, Source, dot_rows>(a, b, y, 0);
}

} // namespace BITNET_NAMESPACE::detail
