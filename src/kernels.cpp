// SPDX-License-Identifier: MIT
// All kernels of one cluster. The build compiles this file once per cluster, with that cluster's
// flags and BITNET_KERNEL_ISA set to its tag.
#include <bitnet/activation.hpp>
#include <bitnet/dispatch.hpp>
#include <bitnet/gemm.hpp>
#include <bitnet/math.hpp>
#include <bitnet/quantize.hpp>
#include <bitnet/rope.hpp>
#include <bitnet/self_test.hpp>
#include <bitnet/stochastic.hpp>

#include "tables.hpp"

namespace bitnet::dispatch {
namespace {

using Isa = isa::here<isa::BITNET_KERNEL_ISA>;

template <class Weights, class Codes>
constexpr GemmEntry<Weights, Codes> gemm_entry() noexcept {
    using Layout = preferred_layout<Weights, Codes>;
    return {&gemm<Isa, Weights, Layout, Codes>, &gemm_dots<Isa, Weights, Layout, Codes>};
}

template <class Activations>
constexpr QuantizeEntry<Activations> quantize_entry() noexcept {
    return {&quantize_tokens<Activations, Isa>};
}

template <class Rule>
constexpr StochasticEntry<Rule> stochastic_entry() noexcept {
    return {&stochastic_sign_tokens<Isa, Rule>};
}

constexpr MathEntry math_entry{&exp<Isa>, &log<Isa>, &sigmoid<Isa>,  &tanh<Isa>,
                               &sum<Isa>, &dot<Isa>, &mean_abs<Isa>, &absmax<Isa>};

constexpr ActivationEntry activation_entry{&detail::rms_norm<Isa>,  &detail::squared_relu_gate<Isa>,
                                           &detail::silu_gate<Isa>, &detail::softmax<Isa>,
                                           &bitglu_tokens<Isa>,     &detail::rope<Isa>,
                                           &detail::rope_table<Isa>};

constexpr Table the_table{gemm_entry<Binary, Int8>(),
                          gemm_entry<Binary, Sign>(),
                          gemm_entry<Binary, Ternary>(),
                          gemm_entry<Ternary, Int8>(),
                          gemm_entry<Ternary, Sign>(),
                          gemm_entry<Ternary, Ternary>(),
                          quantize_entry<Int8>(),
                          quantize_entry<Sign>(),
                          quantize_entry<SignNorm>(),
                          quantize_entry<SignMean>(),
                          stochastic_entry<Bernoulli>(),
                          stochastic_entry<Gumbel>(),
                          stochastic_entry<CentredGumbel>(),
                          math_entry,
                          activation_entry,
                          isa::BITNET_KERNEL_ISA::name,
                          &bitnet::self_test<Isa>};

} // namespace

template <>
const Table& table_of<isa::BITNET_KERNEL_ISA>() noexcept {
    return the_table;
}

} // namespace bitnet::dispatch
