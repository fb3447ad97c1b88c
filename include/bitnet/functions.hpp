// SPDX-License-Identifier: MIT
// THE list of functions: one row for everything that a cluster compiles and bitnet::dispatch
// chooses at run time. A function is a struct with `name` and `template <class Isa> static
// run(...)`.
#pragma once

#include <bitnet/config.hpp>
#include <bitnet/kernels/activation.hpp>
#include <bitnet/kernels/coded_rows.hpp>
#include <bitnet/kernels/gemm.hpp>
#include <bitnet/kernels/hadamard.hpp>
#include <bitnet/kernels/math.hpp>
#include <bitnet/kernels/quantize.hpp>
#include <bitnet/kernels/rope.hpp>
#include <bitnet/kernels/screen.hpp>
#include <bitnet/kernels/stochastic.hpp>
#include <bitnet/products.hpp>
#include <bitnet/stochastic_rule.hpp>
#include <bitnet/type_list.hpp>

namespace BITNET_NAMESPACE {

namespace detail {
template <class... P>
type_list<functions::Gemm<P>..., functions::GemmDots<P>...> products_of(type_list<P...>);
template <class... A>
type_list<functions::Quantize<A>...> quantizers_of(type_list<A...>);
template <class... C>
type_list<functions::EncodeValues<C>..., functions::CodedDots<C>...> coded_rows_of(type_list<C...>);
} // namespace detail

using all_functions = joined<decltype(detail::products_of(products{})),           //
                             decltype(detail::quantizers_of(activation_kinds{})), //
                             decltype(detail::coded_rows_of(row_codes{})),        //
                             type_list<functions::Exp,                            //
                                       functions::Log,                            //
                                       functions::Sigmoid,                        //
                                       functions::Tanh,                           //
                                       functions::Sum,                            //
                                       functions::Dot,                            //
                                       functions::Dots,                           //
                                       functions::Shorten,                        //
                                       functions::MeanAbs,                        //
                                       functions::Absmax,                         //
                                       functions::HalvesToFloats,                 //
                                       functions::RmsNorm,                        //
                                       functions::SquaredReluGate,                //
                                       functions::SiluGate,                       //
                                       functions::Softmax,                        //
                                       functions::BitGlu,                         //
                                       functions::Rope,                           //
                                       functions::RopeTable,                      //
                                       functions::Hadamard,                       //
                                       functions::RowsThatReach,                  //
                                       functions::NibbleDots,                     //
                                       functions::StochasticSign<Bernoulli>,      //
                                       functions::StochasticSign<Gumbel>,         //
                                       functions::StochasticSign<CentredGumbel>>>;

} // namespace BITNET_NAMESPACE
