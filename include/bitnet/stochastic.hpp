// SPDX-License-Identifier: MIT
// Stochastic signs: +1 or -1 by chance, the chance rising with x. Each element of each token has
// its own random number (random.hpp), so results do not depend on the ISA, the threads or the
// batches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include <bitnet/config.hpp>
#include <bitnet/dispatch.hpp>
#include <bitnet/format.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/math.hpp>
#include <bitnet/parallel.hpp>
#include <bitnet/quantized.hpp>
#include <bitnet/random.hpp>
#include <bitnet/simd/f32x16.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE {

/// +1 iff u < sigmoid(beta * x), so P(+1) = sigmoid(beta x), and the mean is tanh(beta x / 2), not
/// x.
struct Bernoulli {
    float beta = 0.5f;
};

/// sign(x - T log(-log u)), u uniform: Gumbel noise of temperature T, as papers write it. Its mean
/// is not 0 but gamma T (gamma = 0.5772...), which pulls the signs towards +1.
struct Gumbel {
    float temperature = 1.0f;
};

/// sign((x - T log(-log u)) - gamma T): the same noise with its mean taken off.
struct CentredGumbel {
    float temperature = 1.0f;
};

/// Which random numbers a batch takes: its token t has number first_token + t in stream `stream` of
/// the seed (say, one stream per layer). A batch split in two gives the same bits when the second
/// part's first_token says so.
struct Draws {
    std::uint64_t seed = 0;
    std::uint32_t stream = 0;
    std::uint64_t first_token = 0;
};

namespace detail {

/// Bit i: +1, for sixteen values and sixteen uniform numbers. Numbers only: what is returned for a
/// NaN is fixed by the caller.
template <class Isa>
BITNET_INLINE std::uint32_t plus_bits(const Bernoulli& rule, const simd::f32x16<Isa>& x,
                                      const simd::f32x16<Isa>& u) noexcept {
    const auto chance = simd::sigmoid(simd::f32x16<Isa>::set1(rule.beta) * x);
    return simd::below(u.bits(), chance.bits()).negative(); // both >= 0: bits compare as values
}
/// Bit i: whether sixteen numbers are >= 0, either zero included.
template <class Isa>
BITNET_INLINE std::uint32_t not_negative(const simd::f32x16<Isa>& v) noexcept {
    const auto nonzero = simd::below(simd::i32x16<Isa>::set1(0), v.abs().bits());
    return ~(v.bits() & nonzero).negative();
}
/// x - T log(-log u)
template <class Isa>
BITNET_INLINE simd::f32x16<Isa> add_gumbel(float temperature, const simd::f32x16<Isa>& x,
                                           const simd::f32x16<Isa>& u) noexcept {
    using V = simd::f32x16<Isa>;
    const V minus_log = V::from_bits(simd::log(u).abs().bits()); // log u < 0
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

/// Tokens [first, last) of stochastic_sign(), into q, whose memory detail::place laid out.
template <class Isa, class Rule>
void stochastic_sign_tokens(Matrix<const float> x, const Rule& rule, const Draws& draws,
                            Quantized<Sign> q, std::size_t first, std::size_t last) noexcept {
    if constexpr (isa::is_dynamic<Isa>) {
        return dispatch::table().stochastic<Rule>().stochastic_sign_tokens(x, rule, draws, q, first,
                                                                           last);
    } else {
        using I = simd::i32x16<Isa>;
        const auto at = q.layout();
        for (std::size_t t = first; t < last; ++t) {
            const float* from = x.row(t);
            const std::size_t w = at.width(t);
            std::uint8_t* word = q.codes + at.offset(t);
            I largest = I::set1(0);
            for (std::size_t c = 0; c < q.cols; c += 32, word += 4 * w) {
                std::uint32_t plus = 0;
                const std::size_t n = q.cols - c < 32 ? q.cols - c : 32;
                simd::for_chunks(n, [&](std::size_t i, std::size_t k) BITNET_INLINE_LAMBDA {
                    const auto v = simd::load_chunk<Isa>(from + c + i, k);
                    const auto u =
                        simd::uniform16<Isa>(draws.seed, static_cast<std::uint32_t>(c + i),
                                             draws.first_token + t, draws.stream);
                    const I size = v.abs().bits();
                    largest = max(largest, size);
                    const std::uint32_t nan =
                        simd::below(I::set1(detail::inf_bits), size).negative();
                    const std::uint32_t inside = (1u << k) - 1;
                    plus |= ((detail::plus_bits(rule, v, u) | nan) & inside) << i;
                });
                const std::uint32_t lane = detail::to_lane_order(plus);
                std::memcpy(word, &lane, sizeof lane);
            }
            detail::set_scale(q.scales[t], largest.maximum() < detail::inf_bits, 1.0f);
        }
    }
}

/// out[t, i] = +1 or -1 as Rule says: Bernoulli, Gumbel or CentredGumbel, with
/// u = uniform(seed, element i, token first_token + t, stream)
/// x (tokens, cols) float · memory: quantized_bytes<Sign>(tokens, cols, group) bytes, lives as long
/// as the result · scale 1, NaN for a token with a NaN or an infinity (a NaN element has code +1)
/// pre:   1 <= cols < 2^23; the rule's number is finite; group is 0 or 32, 64, 128, 256
/// exact: the rule's expression, one rounding per operation, log and sigmoid as in math.hpp
/// cost:  one Philox call an element; noexcept, no allocation; the executor splits tokens
/// source: Bernoulli: arXiv 1602.02830; Gumbel: arXiv 1611.01144
template <class Isa = isa::native, class Rule, Executor E = Serial>
Quantized<Sign> stochastic_sign(Matrix<const float> x, const Rule& rule, const Draws& draws,
                                std::span<std::byte> memory, std::size_t group = 0,
                                const E& executor = serial) noexcept {
    const Quantized<Sign> q = detail::place<Sign>(memory, x.rows, x.cols, group);
    detail::for_ranges(executor, x.rows, executor.workers(),
                       [&](std::size_t first, std::size_t last) noexcept {
                           stochastic_sign_tokens<Isa>(x, rule, draws, q, first, last);
                       });
    return q;
}

} // namespace BITNET_NAMESPACE
