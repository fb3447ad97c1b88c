// SPDX-License-Identifier: MIT
// What is between the layers: RMSNorm, the gates of the feed-forward block, softmax, BitGLU.
// RoPE is in rope.hpp, the quantizers SignNorm and SignMean in quantize.hpp.
#pragma once

#include <cstddef>
#include <span>

#include <bitnet/config.hpp>
#include <bitnet/format.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/kernels/activation.hpp>
#include <bitnet/kernels/token_words.hpp>
#include <bitnet/parallel.hpp>
#include <bitnet/quantized.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE {

/// y[t, i] = (x[t, i] * r) * w[i], r = 1 / sqrt(mean + eps), mean = (sum of x[t, i]^2) / cols
/// x, y (tokens, cols) float, y may be x · w (cols) float
/// pre:   y has x's shape; w.size() == x.cols >= 1
/// exact: the sum by 16 partials (math.hpp), one rounding per operation. A token whose sum is not
///        finite (it holds a NaN or an infinity, or its squares overflow) gives NaN in all outputs
/// cost:  two passes over x; noexcept, no allocation; tokens are independent
/// source: arXiv 1910.07467
template <class Isa = isa::native>
BITNET_INLINE void rms_norm(Matrix<const float> x, std::span<const float> weight, float eps,
                            Matrix<float> y) noexcept {
    BITNET_ASSERT(weight.size() == x.cols && y.rows == x.rows && y.cols == x.cols);
    isa::call<functions::RmsNorm, Isa>(x, weight.data(), eps, y);
}
/// The same for dense rows of weight.size() columns. pre: x.size() == y.size(), a multiple of cols
template <class Isa = isa::native>
BITNET_INLINE void rms_norm(std::span<const float> x, std::span<const float> weight, float eps,
                            std::span<float> y) noexcept {
    const std::size_t cols = weight.size();
    BITNET_ASSERT(cols >= 1 && x.size() % cols == 0 && y.size() == x.size());
    rms_norm<Isa>(Matrix<const float>(x.data(), x.size() / cols, cols), weight, eps,
                  Matrix<float>(y.data(), x.size() / cols, cols));
}

/// y = (r * r) * up, r = max(gate, 0)
/// gate, up, y (n,) float, y may be gate or up
/// pre:   the sizes are equal
/// exact: one rounding per operation; r is +0 for -0 and NaN for NaN
/// cost:  one pass; noexcept, no allocation
/// source: the feed-forward block of BitNet b1.58 2B4T, arXiv 2504.12285
template <class Isa = isa::native>
BITNET_INLINE void squared_relu_gate(std::span<const float> gate, std::span<const float> up,
                                     std::span<float> y) noexcept {
    BITNET_ASSERT(gate.size() == up.size() && y.size() == up.size());
    isa::call<functions::SquaredReluGate, Isa>(gate.data(), up.data(), y.data(), y.size());
}

/// y = (gate * sigmoid(gate)) * up
/// gate, up, y (n,) float, y may be gate or up
/// pre:   the sizes are equal
/// exact: one rounding per operation, sigmoid as in math.hpp; gate = -inf gives NaN
/// cost:  one pass; noexcept, no allocation
/// source: arXiv 2002.05202
template <class Isa = isa::native>
BITNET_INLINE void silu_gate(std::span<const float> gate, std::span<const float> up,
                             std::span<float> y) noexcept {
    BITNET_ASSERT(gate.size() == up.size() && y.size() == up.size());
    isa::call<functions::SiluGate, Isa>(gate.data(), up.data(), y.data(), y.size());
}

/// x[i] = e[i] / (sum of e), e[i] = exp(x[i] - max x)
/// x (n,) float, in place
/// exact: exp and the sum's 16 partials as in math.hpp, one rounding per operation; elements of
///        -inf give 0 beside finite ones; a NaN or +inf anywhere gives NaN everywhere
/// cost:  three passes; noexcept, no allocation
template <class Isa = isa::native>
BITNET_INLINE void softmax(std::span<float> x) noexcept {
    isa::call<functions::Softmax, Isa>(x.data(), x.size());
}

/// out[t, i] = sign(up[t, i]) where gate[t, i] > 0, else 0; sign(v) = -1 where v < 0, else +1
/// gate, up (tokens, cols) float · scratch: scratch_bytes<Ternary>(tokens, cols, group) bytes,
/// lives as long as the result · scale 1, NaN for a token with a NaN or an infinity in gate or up
/// pre:   gate and up have one shape, cols >= 1; group is 0 or 32, 64, 128, 256
/// exact: no arithmetic at all: signs, masks and counts
/// cost:  one pass; noexcept, no allocation; the executor splits tokens
template <class Isa = isa::native, class E = Serial>
BITNET_HIDDEN Quantized<Ternary> bitglu(Matrix<const float> gate, Matrix<const float> up,
                                        std::span<std::byte> scratch, std::size_t group = 0,
                                        const E& executor = serial) noexcept {
    BITNET_ASSERT(gate.rows == up.rows && gate.cols == up.cols);
    static_assert(Executor<E>, BITNET_NO_EXECUTOR);
    const Quantized<Ternary> q = detail::place<Ternary>(scratch, gate.rows, gate.cols, group);
    detail::for_ranges<Isa>(executor, gate.rows, executor.workers(),
                            [&](std::size_t first, std::size_t last) noexcept {
                                isa::call<functions::BitGlu, Isa>(gate, up, q, first, last);
                            });
    return q;
}

} // namespace BITNET_NAMESPACE
