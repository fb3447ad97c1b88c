// SPDX-License-Identifier: MIT
// Runtime choice of the ISA cluster. These are declarations: link bitnet::dispatch to use them.
//
// Pass `bitnet::isa::dynamic` as Isa wherever a function takes one:
//     layer.forward(x, y, tokens, scratch);                    // the flags of this file decide
//     layer.forward<isa::dynamic>(x, y, tokens, scratch);      // this CPU decides, once
// The environment variable BITNET_ISA names another cluster among those that the CPU can run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <bitnet/config.hpp>
#include <bitnet/format.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/layout.hpp>
#include <bitnet/quantized.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE {
struct Draws; // these four: stochastic.hpp
struct Bernoulli;
struct Gumbel;
struct CentredGumbel;
} // namespace BITNET_NAMESPACE

namespace BITNET_NAMESPACE::dispatch {

/// The kernels of a pair of formats, for weights in a layout, see gemm.hpp.
template <class Weights, class Codes, class Layout = preferred_layout<Weights, Codes>>
struct GemmEntry {
    using View = PackedView<Weights, Layout>;
    void (*gemm)(View, Quantized<Codes>, ScaleView, const float* bias, Matrix<float> y,
                 std::size_t row_begin, std::size_t row_end) noexcept;
    void (*gemm_dots)(View, Quantized<Codes>, Matrix<std::int32_t> y, std::size_t row_begin,
                      std::size_t row_end) noexcept;
};

/// The quantizer of an activation kind, see quantize.hpp.
template <class Activations>
struct QuantizeEntry {
    void (*quantize_tokens)(Matrix<const float> x, Quantized<Activations> q, std::size_t first,
                            std::size_t last) noexcept;
};

/// A rule of stochastic_sign(), see stochastic.hpp.
template <class Rule>
struct StochasticEntry {
    void (*stochastic_sign_tokens)(Matrix<const float> x, const Rule& rule, const Draws& draws,
                                   Quantized<Sign> q, std::size_t first, std::size_t last) noexcept;
};

/// The functions of math.hpp.
struct MathEntry {
    float (*exp)(float) noexcept;
    float (*log)(float) noexcept;
    float (*sigmoid)(float) noexcept;
    float (*tanh)(float) noexcept;
    float (*sum)(const float* x, std::size_t n) noexcept;
    float (*dot)(const float* a, const float* b, std::size_t n) noexcept;
    void (*dots)(Matrix<const float> a, Matrix<const float> b, Matrix<float> y) noexcept;
    float (*mean_abs)(const float* x, std::size_t n) noexcept;
    float (*absmax)(const float* x, std::size_t n) noexcept;
    void (*halves_to_floats)(const std::uint16_t* x, float* y, std::size_t n) noexcept;
};

/// The functions of activation.hpp and rope.hpp, on pointers.
struct ActivationEntry {
    void (*rms_norm)(Matrix<const float> x, const float* weight, float eps,
                     Matrix<float> y) noexcept;
    void (*squared_relu_gate)(const float* gate, const float* up, float* y, std::size_t n) noexcept;
    void (*silu_gate)(const float* gate, const float* up, float* y, std::size_t n) noexcept;
    void (*softmax)(float* x, std::size_t n) noexcept;
    void (*bitglu_tokens)(Matrix<const float> gate, Matrix<const float> up, Quantized<Ternary> q,
                          std::size_t first, std::size_t last) noexcept;
    void (*rope)(float* x, std::size_t heads, const float* cosines, const float* sines,
                 std::size_t half) noexcept;
    void (*rope_table)(std::size_t first, std::size_t positions, std::size_t head_dim, double theta,
                       float* cosines, float* sines) noexcept;
};

/// The passes of a ScreenedHead, see kernels/screen.hpp.
struct ScreenEntry {
    std::size_t (*rows_that_reach)(const std::int32_t* dots, const float* scales,
                                   std::size_t row_begin, std::size_t row_end, std::int32_t high,
                                   std::int32_t low, float a, float least,
                                   std::uint32_t* rows) noexcept;
    void (*nibble_dots)(const std::uint8_t* nibbles, std::size_t row_bytes, const std::int8_t* q,
                        const std::uint32_t* rows, std::size_t count, std::int32_t* dots) noexcept;
};

/// Everything that one cluster compiles.
struct Table : GemmEntry<Binary, Int8>,
               GemmEntry<Binary, Sign>,
               GemmEntry<Binary, Ternary>,
               GemmEntry<Ternary, Int8>,
               GemmEntry<Ternary, Int8, layout::Dense16>,
               GemmEntry<Ternary, Sign>,
               GemmEntry<Ternary, Ternary>,
               GemmEntry<Int8, Int8>,
               GemmEntry<Int6, Int8>,
               GemmEntry<Int4, Int8>,
               QuantizeEntry<Int8>,
               QuantizeEntry<Int4>,
               QuantizeEntry<Int2>,
               QuantizeEntry<Sign>,
               QuantizeEntry<SignNorm>,
               QuantizeEntry<SignMean>,
               StochasticEntry<Bernoulli>,
               StochasticEntry<Gumbel>,
               StochasticEntry<CentredGumbel>,
               MathEntry,
               ActivationEntry,
               ScreenEntry {
    const char* name;

    template <class Weights, class Codes, class Layout = preferred_layout<Weights, Codes>>
    BITNET_INLINE const GemmEntry<Weights, Codes, Layout>& pair() const noexcept {
        return *this;
    }
    template <class Activations>
    BITNET_INLINE const QuantizeEntry<Activations>& quantizer() const noexcept {
        return *this;
    }
    template <class Rule>
    BITNET_INLINE const StochasticEntry<Rule>& stochastic() const noexcept {
        return *this;
    }
};

/// The table of the chosen cluster: the best that was built and that this CPU runs, or the one that
/// BITNET_ISA names. Resolved once, thread-safe.
const Table& table() noexcept;

/// What BITNET_ISA asked for could not be had (unknown name, not built, or this CPU lacks it): the
/// name, for a message; empty when all is well. The best cluster is in use then.
std::string_view unusable_request() noexcept;

/// The name of the cluster in use.
std::string_view name() noexcept;

/// The clusters that were built, worst first; and whether this CPU runs one.
std::span<const char* const> built() noexcept;
bool runs_here(std::string_view cluster) noexcept;

/// The table of a built cluster that runs here, or nullptr. For tests and benchmarks.
const Table* find(std::string_view cluster) noexcept;

/// Compares a cluster's functions with the scalar ones on small inputs, see self_test.hpp.
/// Returns the name of the first that disagrees, or nullptr.
const char* self_test(const Table& tested = table()) noexcept;

} // namespace BITNET_NAMESPACE::dispatch
