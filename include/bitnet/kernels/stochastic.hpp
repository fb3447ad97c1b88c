// SPDX-License-Identifier: MIT
// The loop of stochastic.hpp, which has its contract.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/config.hpp>
#include <bitnet/format.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/kernels/philox.hpp>
#include <bitnet/kernels/token_words.hpp>
#include <bitnet/little_endian.hpp>
#include <bitnet/quantized.hpp>
#include <bitnet/simd/chunks.hpp>
#include <bitnet/simd/f32x16.hpp>
#include <bitnet/simd/float_bits.hpp>
#include <bitnet/simd/math.hpp>
#include <bitnet/stochastic_rule.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE {

namespace detail {

/// Bit i: +1, for sixteen values and sixteen uniform numbers. Numbers only: what is returned for a
/// NaN is fixed by the caller.
template <class Isa>
BITNET_INLINE std::uint32_t plus_bits(const Bernoulli& rule, const simd::f32x16<Isa>& x,
                                      const simd::f32x16<Isa>& u) noexcept {
    const auto chance = simd::sigmoid(simd::f32x16<Isa>::set1(rule.beta) * x);
    return simd::less_mask(u.bits(), chance.bits()).negative(); // both >= 0: bits compare as values
}
/// Bit i: whether sixteen numbers are >= 0, either zero included.
template <class Isa>
BITNET_INLINE std::uint32_t not_negative(const simd::f32x16<Isa>& v) noexcept {
    const auto nonzero = simd::less_mask(simd::i32x16<Isa>::set1(0), v.magnitude().bits());
    return ~(v.bits() & nonzero).negative();
}
/// x - T log(-log u)
template <class Isa>
BITNET_INLINE simd::f32x16<Isa> add_gumbel(float temperature, const simd::f32x16<Isa>& x,
                                           const simd::f32x16<Isa>& u) noexcept {
    using V = simd::f32x16<Isa>;
    const V minus_log = V::from_bits(simd::log(u).magnitude().bits()); // log u < 0
    return x - V::set1(temperature) * simd::log(minus_log);
}
template <class Isa>
BITNET_INLINE std::uint32_t plus_bits(const Gumbel& rule, const simd::f32x16<Isa>& x,
                                      const simd::f32x16<Isa>& u) noexcept {
    return not_negative(add_gumbel(rule.temperature, x, u));
}
template <class Isa>
BITNET_INLINE std::uint32_t plus_bits(const CentredGumbel& rule, const simd::f32x16<Isa>& x,
                                      const simd::f32x16<Isa>& u) noexcept {
    using V = simd::f32x16<Isa>;
    const V mean = V::set1(0.577215665f) * V::set1(rule.temperature); // Euler's gamma
    return not_negative(add_gumbel(rule.temperature, x, u) - mean);
}

} // namespace detail

namespace functions {

/// Rule: Bernoulli, Gumbel or CentredGumbel.
template <class Rule>
struct StochasticSign {
    BITNET_HIDDEN static constexpr const char* name = Rule::name;
    /// Tokens [first, last), into q, whose memory detail::place laid out.
    template <class Isa>
    BITNET_HIDDEN static void run(Matrix<const float> x, Rule rule, Draws draws, Quantized<Sign> q,
                                  std::size_t first, std::size_t last) noexcept {
        using Ints = simd::i32x16<Isa>;
        const auto at = q.layout();
        for (std::size_t t = first; t < last; ++t) {
            const float* from = x.row(t);
            const std::size_t w = at.width(t);
            std::uint8_t* word = q.codes + at.offset(t);
            Ints largest = Ints::set1(0);
            simd::for_chunks<32>(q.cols, [&](std::size_t c, std::size_t n) BITNET_INLINE_LAMBDA {
                std::uint32_t plus = 0;
                simd::for_chunks(n, [&](std::size_t i, std::size_t k) BITNET_INLINE_LAMBDA {
                    const auto v = simd::load_chunk<Isa>(from + c + i, k);
                    const auto u =
                        detail::uniform16<Isa>(draws.seed, static_cast<std::uint32_t>(c + i),
                                               draws.first_token + t, draws.stream);
                    const Ints size = v.magnitude().bits();
                    largest = larger(largest, size);
                    const std::uint32_t nan =
                        simd::less_mask(Ints::set1(detail::inf_bits), size).negative();
                    const std::uint32_t inside = (1u << k) - 1;
                    plus |= ((detail::plus_bits(rule, v, u) | nan) & inside) << i;
                });
                detail::store32(word, detail::to_lane_order(plus));
                word += 4 * w;
            });
            detail::set_scale(q.scales[t], largest.maximum() < detail::inf_bits, 1.0f);
        }
    }
};

} // namespace functions
} // namespace BITNET_NAMESPACE
