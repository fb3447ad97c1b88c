// SPDX-License-Identifier: MIT
// The loops of hadamard.hpp, which has their contract. The first four stages stay inside sixteen
// columns, and so in registers; of the others a pass over the block does two at a time.
#pragma once

#include <cstddef>

#include <bitnet/config.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/simd/chunks.hpp>
#include <bitnet/simd/f32x16.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE {

namespace detail {

/// 1 / sqrt(block), for a power of two.
BITNET_INLINE constexpr float hadamard_scale(std::size_t block) noexcept {
    float scale = 1;
    for (; block >= 4; block /= 4) scale *= 0.5f;
    return block == 2 ? scale * 0x1.6a09e6p-1f : scale;
}

/// The stages h < 16 of a block.
template <class Isa>
BITNET_INLINE simd::f32x16<Isa> butterflies(simd::f32x16<Isa> v, std::size_t block) noexcept {
    if (block > 1) v = v.template butterfly<1>();
    if (block > 2) v = v.template butterfly<2>();
    if (block > 4) v = v.template butterfly<4>();
    if (block > 8) v = v.template butterfly<8>();
    return v;
}

/// The other stages of a block of more than 16, in place. put(v, i) stores what the last of them
/// makes of columns i .. i + 15.
template <class Isa, class F>
BITNET_INLINE void wide_butterflies(float* y, std::size_t block, F&& put) noexcept {
    using V = simd::f32x16<Isa>;
    std::size_t h = V::size;
    const auto each = [&](std::size_t span, auto&& f) BITNET_INLINE_LAMBDA {
        for (std::size_t i = 0; i < block; i += span) {
            for (std::size_t j = i; j < i + h; j += V::size) f(j);
        }
    };
    std::size_t stages = 0;
    for (std::size_t n = block / V::size; n > 1; n /= 2) ++stages;
    if (stages % 2 == 1) {
        const bool is_last = stages == 1;
        each(2 * h, [&](std::size_t i) BITNET_INLINE_LAMBDA {
            const V a = V::load(y + i), b = V::load(y + i + h);
            put(a + b, i, is_last);
            put(a - b, i + h, is_last);
        });
        h *= 2;
    }
    for (; h < block; h *= 4) {
        const bool is_last = 4 * h == block;
        each(4 * h, [&](std::size_t i) BITNET_INLINE_LAMBDA {
            const V a = V::load(y + i), b = V::load(y + i + h);
            const V c = V::load(y + i + 2 * h), d = V::load(y + i + 3 * h);
            const V ab = a + b, a_b = a - b, cd = c + d, c_d = c - d;
            put(ab + cd, i, is_last);
            put(a_b + c_d, i + h, is_last);
            put(ab - cd, i + 2 * h, is_last);
            put(a_b - c_d, i + 3 * h, is_last);
        });
    }
}

} // namespace detail

namespace functions {

/// Signs before the transform and after it, each of them cols or nullptr for none.
struct Hadamard {
    BITNET_HIDDEN static constexpr const char* name = "hadamard";
    template <class Isa>
    BITNET_HIDDEN static void run(Matrix<const float> x, std::size_t block, const float* before,
                                  const float* after, Matrix<float> y) noexcept {
        using V = simd::f32x16<Isa>;
        const V scale = V::set1(detail::hadamard_scale(block));
        const std::size_t step = block < V::size ? V::size : block;
        for (std::size_t t = 0; t < x.rows; ++t) {
            for (std::size_t c = 0; c < x.cols; c += step) {
                const float* const from = x.row(t) + c;
                float* const to = y.row(t) + c;
                const auto finish = [&](const V& v, std::size_t i,
                                        std::size_t k) BITNET_INLINE_LAMBDA {
                    const V scaled = v * scale;
                    return after ? scaled * simd::load_chunk<Isa>(after + c + i, k) : scaled;
                };
                const std::size_t n = x.cols - c < step ? x.cols - c : step;
                simd::for_chunks(n, [&](std::size_t i, std::size_t k) BITNET_INLINE_LAMBDA {
                    V v = simd::load_chunk<Isa>(from + i, k);
                    if (before) v = v * simd::load_chunk<Isa>(before + c + i, k);
                    v = detail::butterflies<Isa>(v, block);
                    simd::store_chunk(block > V::size ? v : finish(v, i, k), to + i, k);
                });
                if (block <= V::size) continue;
                detail::wide_butterflies<Isa>(
                    to, block, [&](const V& v, std::size_t i, bool is_last) BITNET_INLINE_LAMBDA {
                        (is_last ? finish(v, i, V::size) : v).store(to + i);
                    });
            }
        }
    }
};

} // namespace functions
} // namespace BITNET_NAMESPACE
