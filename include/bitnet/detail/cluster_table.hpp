// SPDX-License-Identifier: MIT
// cluster_table<Isa>: the functions of one cluster, as bitnet::dispatch chooses among them.
#pragma once

#include <bitnet/activation.hpp>
#include <bitnet/dispatch.hpp>
#include <bitnet/format.hpp>
#include <bitnet/gemm.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/kernels/screen.hpp>
#include <bitnet/layout.hpp>
#include <bitnet/math.hpp>
#include <bitnet/quantize.hpp>
#include <bitnet/rope.hpp>
#include <bitnet/stochastic.hpp>

namespace BITNET_NAMESPACE::detail {

template <class Weights, class Codes, class Isa, class Layout = preferred_layout<Weights, Codes>>
inline constexpr dispatch::GemmEntry<Weights, Codes, Layout> gemm_entry{
    &gemm<Isa, Weights, Codes, Layout>, &gemm_dots<Isa, Weights, Codes, Layout>};

template <class Activations, class Isa>
inline constexpr dispatch::QuantizeEntry<Activations> quantize_entry{
    &quantize_tokens<Activations, Isa>};

template <class Rule, class Isa>
inline constexpr dispatch::StochasticEntry<Rule> stochastic_entry{
    &stochastic_sign_tokens<Isa, Rule>};

template <class Isa>
inline constexpr dispatch::MathEntry math_entry{
    &exp<Isa>, &log<Isa>,  &sigmoid<Isa>,  &tanh<Isa>,   &sum<Isa>,
    &dot<Isa>, &dots<Isa>, &mean_abs<Isa>, &absmax<Isa>, &halves_to_floats<Isa>};

template <class Isa>
inline constexpr dispatch::ActivationEntry activation_entry{
    &rms_norm<Isa>, &squared_relu_gate<Isa>, &silu_gate<Isa>, &softmax<Isa>, &bitglu_tokens<Isa>,
    &rope<Isa>,     &rope_table<Isa>};

template <class Isa>
inline constexpr dispatch::ScreenEntry screen_entry{&rows_that_reach<Isa>, &nibble_dots<Isa>};

template <class Isa>
inline constexpr dispatch::Table cluster_table{gemm_entry<Binary, Int8, Isa>,
                                               gemm_entry<Binary, Sign, Isa>,
                                               gemm_entry<Binary, Ternary, Isa>,
                                               gemm_entry<Ternary, Int8, Isa>,
                                               gemm_entry<Ternary, Int8, Isa, layout::Dense16>,
                                               gemm_entry<Ternary, Sign, Isa>,
                                               gemm_entry<Ternary, Ternary, Isa>,
                                               gemm_entry<Int8, Int8, Isa>,
                                               gemm_entry<Int6, Int8, Isa>,
                                               gemm_entry<Int4, Int8, Isa>,
                                               quantize_entry<Int8, Isa>,
                                               quantize_entry<Int4, Isa>,
                                               quantize_entry<Int2, Isa>,
                                               quantize_entry<Sign, Isa>,
                                               quantize_entry<SignNorm, Isa>,
                                               quantize_entry<SignMean, Isa>,
                                               stochastic_entry<Bernoulli, Isa>,
                                               stochastic_entry<Gumbel, Isa>,
                                               stochastic_entry<CentredGumbel, Isa>,
                                               math_entry<Isa>,
                                               activation_entry<Isa>,
                                               screen_entry<Isa>,
                                               isa::cluster_of<Isa>::name};

} // namespace BITNET_NAMESPACE::detail
