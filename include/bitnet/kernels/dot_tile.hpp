// SPDX-License-Identifier: MIT
// Many dots at once: as many as a register has lanes, so that rows are loaded once for several of
// them and one tree of adds folds them all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <bitnet/config.hpp>
#include <bitnet/simd/f32x16.hpp>
#include <bitnet/simd/simd.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE::detail {

/// M rows of a with N rows of b, each dot in the sixteen partials of dot(). The partials of a dot
/// never meet before the fold, so a cluster of narrower registers takes one register of them, a
/// part, after the other.
template <class Isa, std::size_t M>
struct DotTile {
    using ops = simd::ops<Isa>;
    using reg = typename simd::ops<Isa>::f32;
    static constexpr std::size_t lanes = simd::ops<Isa>::lanes, size = simd::f32x16<Isa>::size,
                                 parts = size / lanes;
    static constexpr std::size_t N = lanes / M;

    /// The lines of b that a tile asks for: in its own rows 2 KiB ahead, and at their end, or where
    /// they are shorter, in the rows of a later tile. Keys and values of a long context come from
    /// memory.
    struct Ahead {
        static constexpr std::size_t distance = 512; // columns
        std::uintptr_t here[N], later[N];
        std::size_t turn; ///< the first column that asks for a later tile

        BITNET_INLINE Ahead(Matrix<const float> b, std::size_t j) noexcept {
            const bool is_short = b.cols > 0 && b.cols < distance;
            const std::size_t tiles = is_short ? distance / b.cols : 1;
            turn = b.cols > distance ? b.cols - distance : 0;
            const auto data = reinterpret_cast<std::uintptr_t>(b.data);
            for (std::size_t n = 0; n < N; ++n) {
                here[n] = data + ((j + n) * b.stride + distance) * sizeof(float);
                later[n] = data + ((j + n + tiles * N) * b.stride - turn) * sizeof(float);
            }
        }
        BITNET_INLINE void prefetch(std::size_t i) const noexcept {
            BITNET_UNROLL
            for (std::size_t n = 0; n < N; ++n) {
                BITNET_PREFETCH((i < turn ? here[n] : later[n]) + i * sizeof(float));
            }
        }
    };

    /// out[m * N + n] = dot(a[m], b[n], k)
    template <bool Prefetch>
    static BITNET_INLINE void run(const float* const (&a)[M], const float* const (&b)[N],
                                  std::size_t k, const Ahead& ahead, float (&out)[lanes]) noexcept {
        reg sums[parts][lanes];
        BITNET_UNROLL
        for (std::size_t part = 0; part < parts; ++part) {
            reg s[lanes];
            BITNET_UNROLL
            for (reg& sum : s) sum = rounded(reg(0.0f)); // +0 that no compiler drops
            const std::size_t at = part * lanes;
            std::size_t i = at;
            for (; i + size - at <= k; i += size) {
                if (Prefetch && part == 0) ahead.prefetch(i);
                multiply(s, a, b, [&](const float* p) BITNET_INLINE_LAMBDA {
                    return reg::load_unaligned(p + i);
                });
            }
            if (k % size > at) { // else zeros, which change no partial: none is ever -0
                const std::size_t rest = k % size - at, left = rest < lanes ? rest : lanes;
                multiply(s, a, b, [&](const float* p) BITNET_INLINE_LAMBDA {
                    return ops::load_first(p + i, left);
                });
            }
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
    template <class Load>
    static BITNET_INLINE void multiply(reg (&s)[lanes], const float* const (&a)[M],
                                       const float* const (&b)[N], const Load& load) noexcept {
        reg x[M];
        BITNET_UNROLL
        for (std::size_t m = 0; m < M; ++m) x[m] = load(a[m]);
        BITNET_UNROLL
        for (std::size_t n = 0; n < N; ++n) {
            const reg w = load(b[n]);
            BITNET_UNROLL
            for (std::size_t m = 0; m < M; ++m) {
                s[m * N + n] = rounded(s[m * N + n] + rounded(x[m] * w));
            }
        }
    }
};

/// The rows of a from `row` on, M at a time and what is left in lower tiles, with all rows of b.
template <class Isa, std::size_t M>
BITNET_INLINE void dot_bands(Matrix<const float> a, Matrix<const float> b, Matrix<float> y,
                             std::size_t row) noexcept {
    using Tile = DotTile<Isa, M>;
    const std::size_t end = row + (a.rows - row) / M * M;
    for (std::size_t j = 0; j < b.rows && row < end; j += Tile::N) {
        const std::size_t count = b.rows - j < Tile::N ? b.rows - j : Tile::N;
        const float* from_b[Tile::N];
        for (std::size_t n = 0; n < Tile::N; ++n) from_b[n] = b.row(j + (n < count ? n : 0));
        const typename Tile::Ahead ahead(b, j);
        for (std::size_t i = row; i < end; i += M) {
            const float* from_a[M];
            for (std::size_t m = 0; m < M; ++m) from_a[m] = a.row(i + m);
            float out[Tile::lanes];
            if (i == 0) {
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
    if constexpr (M > 1) dot_bands<Isa, M / 2>(a, b, y, end);
}

} // namespace BITNET_NAMESPACE::detail
