// SPDX-License-Identifier: MIT
// The loops of quantize_weights.hpp, which has their formulas, over n weights that share a scale.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <bitnet/config.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/kernels/math.hpp>
#include <bitnet/simd/chunks.hpp>
#include <bitnet/simd/divide.hpp>
#include <bitnet/simd/f32x16.hpp>
#include <bitnet/simd/float_bits.hpp>
#include <bitnet/simd/round.hpp>

namespace BITNET_NAMESPACE::detail {

/// The mean of w, or of |w|.
template <class Isa, bool Magnitudes>
BITNET_HIDDEN float mean(const float* w, std::size_t n) noexcept {
    constexpr std::size_t parts = 16;
    double part[parts] = {};
    for (std::size_t i = 0; i < n; ++i) {
        const double v = static_cast<double>(w[i]);
        part[i % parts] = rounded(part[i % parts] + (Magnitudes && v < 0 ? -v : v));
    }
    for (std::size_t half = parts / 2; half >= 1; half /= 2) {
        for (std::size_t i = 0; i < half; ++i) part[i] = rounded(part[i] + part[i + half]);
    }
    // rounded(n): or -ffast-math would multiply by a 1 / n that calls share.
    return static_cast<float>(rounded(part[0] / rounded(static_cast<double>(n))));
}

template <class Isa>
BITNET_HIDDEN void ternary_codes(const float* w, std::size_t n, float scale,
                                 std::int8_t* codes) noexcept {
    const float inverse = simd::divide(1.0f, scale);
    for (std::size_t i = 0; i < n; ++i) {
        const float v = w[i] * inverse;
        codes[i] = static_cast<std::int8_t>((v > 0.5f) - (v < -0.5f)); // ties round to 0
    }
}

template <class Isa>
BITNET_HIDDEN void binary_codes(const float* w, std::size_t n, float centre,
                                std::int8_t* codes) noexcept {
    for (std::size_t i = 0; i < n; ++i) {
        // By bits around zero, where a flush-to-zero mode would lose the sign of denormals.
        const std::int32_t bits = bits_of(w[i]);
        const bool minus = (bits_of(centre) & magnitude_bits) == 0
                               ? bits < 0 && (bits & magnitude_bits) != 0
                               : w[i] < centre;
        codes[i] = static_cast<std::int8_t>(minus ? -1 : 1);
    }
}

template <class Weights, class Isa>
BITNET_HIDDEN float absmax_scale(const float* w, std::size_t n) noexcept {
    const float most = float_of(absmax_bits<isa::or_native<Isa>>(w, n));
    // Weights below 1e-30 are as good as zeros.
    return simd::divide(most > 1e-30f ? most : 1e-30f, static_cast<float>(Weights::max_code));
}

template <class Isa>
BITNET_HIDDEN void absmax_codes(const float* w, std::size_t n, float scale,
                                std::int8_t* codes) noexcept {
    using Here = isa::or_native<Isa>;
    using V = simd::f32x16<Here>;
    const V divisor = V::set1(scale);
    simd::for_chunks(n, [&](std::size_t i, std::size_t k) BITNET_INLINE_LAMBDA {
        std::int8_t chunk[V::size]; // |w / scale| <= max_code * (1 + 2^-23): no clamp is needed
        (simd::load_chunk<Here>(w + i, k) / divisor).nearest().store_bytes(chunk);
        std::memcpy(codes + i, chunk, k);
    });
}

} // namespace BITNET_NAMESPACE::detail
