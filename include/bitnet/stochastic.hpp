// SPDX-License-Identifier: MIT
// Stochastic signs: +1 or -1 by chance, the chance rising with x. Each element of each token has
// its own random number (random.hpp), so results do not depend on the ISA, the threads or the
// batches.
#pragma once

#include <cstddef>
#include <span>

#include <bitnet/config.hpp>
#include <bitnet/format.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/kernels/stochastic.hpp>
#include <bitnet/kernels/token_words.hpp>
#include <bitnet/parallel.hpp>
#include <bitnet/quantized.hpp>
#include <bitnet/stochastic_rule.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE {

/// out[t, i] = +1 or -1 as Rule says: Bernoulli, Gumbel or CentredGumbel, with
/// u = uniform(seed, element i, token first_token + t, stream)
/// x (tokens, cols) float · scratch: scratch_bytes<Sign>(tokens, cols, group) bytes, lives as long
/// as the result · scale 1, NaN for a token with a NaN or an infinity (a NaN element has code +1)
/// pre:   1 <= cols < 2^23; the rule's number is finite; group is 0 or 32, 64, 128, 256
/// exact: the rule's expression, one rounding per operation, log and sigmoid as in math.hpp
/// cost:  one Philox call an element; noexcept, no allocation; the executor splits tokens
/// source: Bernoulli: arXiv 1602.02830; Gumbel: arXiv 1611.01144
template <class Isa = isa::native, class Rule, class E = Serial>
BITNET_HIDDEN Quantized<Sign> stochastic_sign(Matrix<const float> x, const Rule& rule,
                                              const Draws& draws, std::span<std::byte> scratch,
                                              std::size_t group = 0,
                                              const E& executor = serial) noexcept {
    static_assert(Executor<E>, BITNET_NO_EXECUTOR);
    const Quantized<Sign> q = detail::place<Sign>(scratch, x.rows, x.cols, group);
    detail::for_ranges<Isa>(
        executor, x.rows, executor.workers(), [&](std::size_t first, std::size_t last) noexcept {
            isa::call<functions::StochasticSign<Rule>, Isa>(x, rule, draws, q, first, last);
        });
    return q;
}

} // namespace BITNET_NAMESPACE
